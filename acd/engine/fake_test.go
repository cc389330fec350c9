package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"contactd/acd"
	"contactd/acd/engine"
)

// disk is a fake journal, in memory, whose commits take a time and can fail.
type disk struct {
	latency time.Duration

	mu        sync.Mutex
	entries   [][]byte
	snapshots map[uint64][]byte
	waiting   []func() // commits not yet done
	running   bool
	fail      error
	group     int // the largest number of entries handed in at once
	hold      chan struct{}
}

func newDisk(latency time.Duration) *disk {
	return &disk{latency: latency, snapshots: make(map[uint64][]byte)}
}

func (d *disk) AppendAsync(entries [][]byte, done func(uint64, error)) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.group = max(d.group, len(entries))
	d.waiting = append(d.waiting, func() {
		d.mu.Lock()
		fail, first := d.fail, uint64(len(d.entries)+1)
		if fail == nil {
			d.entries = append(d.entries, entries...)
		}
		d.mu.Unlock()
		done(first, fail)
	})
	if !d.running {
		d.running = true
		go d.commit()
	}
	return nil
}

// commit does what waits, a group after the other.
func (d *disk) commit() {
	for {
		d.mu.Lock()
		group, hold := d.waiting, d.hold
		d.waiting = nil
		if len(group) == 0 {
			d.running = false
			d.mu.Unlock()
			return
		}
		d.mu.Unlock()
		if hold != nil {
			<-hold
		}
		time.Sleep(d.latency)
		for _, one := range group {
			one()
		}
	}
}

func (d *disk) ReadJournal(_ context.Context, from uint64, fn func(uint64, []byte) error) error {
	d.mu.Lock()
	entries := d.entries
	d.mu.Unlock()
	for seq := from; seq <= uint64(len(entries)); seq++ {
		if err := fn(seq, entries[seq-1]); err != nil {
			return err
		}
	}
	return nil
}

func (d *disk) SnapshotBefore(before uint64) (uint64, []byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	newest := uint64(0)
	for seq := range d.snapshots {
		if seq < before {
			newest = max(newest, seq)
		}
	}
	return newest, d.snapshots[newest], nil
}

func (d *disk) PutSnapshot(_ context.Context, seq uint64, state []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.snapshots[seq] = state
	return nil
}

func (d *disk) inputs(t *testing.T) (kinds []string) {
	t.Helper()
	if err := d.ReadJournal(t.Context(), 1, func(_ uint64, raw []byte) error {
		entry, err := acd.DecodeEntry(raw)
		kinds = append(kinds, strings.TrimPrefix(fmt.Sprintf("%T", entry.Input), "acd."))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return kinds
}

// hands executes every command by noting it.
type hands struct {
	mu      sync.Mutex
	noted   []string
	settle  acd.Outcome // told for irreversible commands; 0 tells nothing
	durable func() int  // entries on the disk, noted beside
	block   chan struct{}
}

func (h *hands) Execute(ctx context.Context, c acd.Command, settle func(acd.CommandSettled)) {
	h.mu.Lock()
	note := strings.TrimPrefix(fmt.Sprintf("%T", c.Do), "acd.")
	if h.durable != nil {
		note += fmt.Sprintf("@%d", h.durable())
	}
	h.noted = append(h.noted, note)
	outcome, block := h.settle, h.block
	h.mu.Unlock()
	if block != nil {
		select {
		case <-block:
		case <-ctx.Done():
			return
		}
	}
	if c.Irreversible && outcome != 0 {
		settle(acd.CommandSettled{Outcome: outcome, Cause: 17})
	}
}

func (h *hands) take() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	noted := h.noted
	h.noted = nil
	return noted
}

func (h *hands) executors() engine.Executors {
	executors := engine.Executors{}
	executors.Register(h, acd.OriginateLeg{}, acd.AnswerLeg{}, acd.HangUpLeg{}, acd.StartMusic{}, acd.StartRingback{},
		acd.StopSound{}, acd.CreateBridge{}, acd.JoinLegs{}, acd.DestroyBridge{})
	executors.Register(engine.ExecutorFunc(func(_ context.Context, c acd.Command, settle func(acd.CommandSettled)) {
		settle(acd.CommandSettled{Outcome: acd.Done})
	}), acd.OpenRoom{}, acd.SetRole{}, acd.ShowCallState{}, acd.CloseRoom{}, acd.KeepRecord{})
	return executors
}

const contact = acd.ContactID("0123456789abcdef0123456789abcdef")

func config() acd.Config {
	return acd.Config{
		Digest: "1",
		Queues: []acd.Queue{{ID: "sales", PBX: "main", RingTimeout: 20 * time.Second, WrapUp: 15 * time.Second, CallBack: acd.CallBackPolicy{Attempts: 1, RingTimeout: 30 * time.Second}}},
		Agents: []acd.Agent{{ID: "ann", PBX: "main", Queues: []acd.QueueID{"sales"}}},
	}
}

// desk is an engine that runs in a test, and what is around it.
type desk struct {
	*engine.Engine
	t     *testing.T
	disk  *disk
	hands *hands
	stop  context.CancelFunc
	ended chan error
	log   *strings.Builder
}

func open(t *testing.T, d *disk, h *hands, change func(*engine.Options)) *desk {
	t.Helper()
	log := &strings.Builder{}
	options := engine.Options{
		Journal: d, Snapshots: d, Executors: h.executors(), Installation: "test", Boot: uint64(len(d.entries) + 1), Config: config(),
		Log: slog.New(slog.NewTextHandler(log, nil)),
	}
	if change != nil {
		change(&options)
	}
	e, err := engine.New(options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	running := &desk{Engine: e, t: t, disk: d, hands: h, stop: stop, ended: make(chan error, 1), log: log}
	go func() { running.ended <- e.Run(ctx) }()
	return running
}

// end stops the engine and returns what Run returned.
func (d *desk) end() error {
	d.stop()
	return <-d.ended
}

func (d *desk) ask(in acd.Input) {
	d.t.Helper()
	if err := d.Ask(context.Background(), in); err != nil {
		d.t.Errorf("ask %T: %v", in, err)
	}
}

func (d *desk) tell(inputs ...acd.Input) {
	d.t.Helper()
	for _, in := range inputs {
		if err := d.Tell(in); err != nil {
			d.t.Errorf("tell %T: %v", in, err)
		}
	}
}

// ready has an agent at the desk and the PBX connected.
func (d *desk) ready() {
	d.t.Helper()
	d.tell(acd.PBXConnected{PBX: "main", Epoch: 1})
	d.ask(acd.AgentSignedIn{Agent: "ann"})
	d.ask(acd.AgentReady{Agent: "ann"})
}

func arrived() acd.Input {
	return acd.CallArrived{Contact: contact, PBX: "main", Leg: "leg-1", Queue: "sales"}
}
