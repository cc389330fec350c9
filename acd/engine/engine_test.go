package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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

func TestAskedIsPublishedAndOnTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, newDisk(time.Second), &hands{}, nil)
		changed := d.Changed()
		d.ready()
		<-changed
		if v := d.View(); v.Agents["ann"].State != acd.Ready || !v.PBXs["main"] {
			t.Errorf("view %+v", v.Agents["ann"])
		}
		if kinds := d.disk.inputs(t); !slices.Contains(kinds, "AgentReady") {
			t.Errorf("journal %v", kinds)
		}
		entries := len(d.disk.entries)
		d.ask(acd.AgentReady{Agent: "ann"}) // changes nothing
		if len(d.disk.entries) != entries {
			t.Error("an input that changes nothing was journalled")
		}
		var refusal *acd.Refusal
		if err := d.Ask(t.Context(), acd.AgentReady{Agent: "bob"}); !errors.As(err, &refusal) || refusal.Code != acd.RefusedAgent {
			t.Errorf("unknown agent: %v", err)
		}
		if err := d.end(); err != nil {
			t.Error(err)
		}
		if err := d.Ask(t.Context(), acd.AgentReady{Agent: "ann"}); !errors.Is(err, engine.ErrStopped) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// Nothing changes while nothing is on the disk: the view is the old one, and an answer that rests on a commit in flight
// waits for it.
func TestNothingIsToldBeforeTheCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, newDisk(time.Second), &hands{}, nil)
		d.ready()
		d.tell(arrived())
		answered := make(chan time.Time, 1)
		begin := time.Now()
		synctest.Wait()
		go func() {
			d.ask(acd.AgentSignedIn{Agent: "ann"}) // changes nothing, but the agent is offered the call by now
			answered <- time.Now()
		}()
		synctest.Wait()
		if d.View().Contacts[contact] != nil {
			t.Error("a contact is shown that is not on the disk")
		}
		if at := <-answered; at.Sub(begin) != time.Second {
			t.Errorf("answered after %v", at.Sub(begin))
		}
		if d.View().Contacts[contact] == nil {
			t.Error("the contact is not shown after the commit")
		}
		d.end()
	})
}

func TestIrreversibleCommandsWaitForTheCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := newDisk(time.Second)
		h := &hands{durable: func() int { disk.mu.Lock(); defer disk.mu.Unlock(); return len(disk.entries) }}
		d := open(t, disk, h, nil)
		d.ready()
		before := len(disk.entries)
		d.tell(arrived())
		synctest.Wait()
		early := h.take()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		late := h.take()
		for _, note := range early {
			if !strings.HasSuffix(note, fmt.Sprintf("@%d", before)) || strings.HasPrefix(note, "OriginateLeg") {
				t.Errorf("before the commit: %v", early)
			}
		}
		if !slices.Contains(late, fmt.Sprintf("OriginateLeg@%d", before+1)) {
			t.Errorf("before the commit %v, after it %v", early, late)
		}
		d.end()
	})
}

// The caller hangs up while the originate of the agent's leg still waits for the disk: the hang-up must come behind it.
func TestAHangUpNeverOvertakesItsOriginate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hands{}
		d := open(t, newDisk(time.Second), h, nil)
		d.ready()
		h.take()
		d.tell(arrived())
		synctest.Wait()
		d.tell(acd.LegEnded{Leg: "leg-1", Cause: 16})
		time.Sleep(5 * time.Second)
		synctest.Wait()
		noted := h.take()
		originate, hangUp := slices.Index(noted, "OriginateLeg"), slices.Index(noted, "HangUpLeg")
		if originate < 0 || hangUp < originate {
			t.Errorf("executed %v", noted)
		}
		d.end()
	})
}

func TestWhatWaitsSharesACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, newDisk(time.Second), &hands{}, nil)
		d.ready()
		if err := d.Look(t.Context(), func(*acd.State) { // while the owner looks, ten calls arrive
			for i := range 10 {
				d.tell(acd.CallArrived{Contact: acd.ContactID(fmt.Sprintf("%032x", i)), PBX: "main", Leg: acd.LegID(fmt.Sprint("l", i)), Queue: "sales"})
			}
		}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		d.end()
		if d.disk.group < 10 || len(d.View().Contacts) != 10 {
			t.Errorf("largest group %d, contacts %d", d.disk.group, len(d.View().Contacts))
		}
	})
}

func TestDeadlinesAreMet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, newDisk(time.Millisecond), &hands{settle: acd.Done}, nil)
		d.ready()
		d.tell(arrived())
		time.Sleep(time.Second)
		until := d.View().Agents["ann"].Offer.Until
		time.Sleep(time.Until(until) + 10*time.Millisecond)
		synctest.Wait()
		if a := d.View().Agents["ann"]; a.Offer != nil || a.State != acd.NotReady {
			t.Errorf("after the deadline: %+v", a)
		}
		if kinds := d.disk.inputs(t); !slices.Contains(kinds, "DeadlineReached") {
			t.Errorf("journal %v", kinds)
		}
		d.end()
	})
}

func TestOutcomesComeBackAsInputs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, newDisk(time.Millisecond), &hands{settle: acd.Refused}, nil) // the agent's phone is busy, cause 17
		d.ready()
		d.tell(arrived())
		time.Sleep(time.Second)
		synctest.Wait()
		if a := d.View().Agents["ann"]; a.Offer != nil {
			t.Errorf("the offer goes on: %+v", a)
		}
		if err := d.Look(t.Context(), func(s *acd.State) {
			if left := s.Outbox(); len(left) != 0 {
				t.Errorf("outbox %+v", left)
			}
			if err := s.Check(); err != nil {
				t.Error(err)
			}
		}); err != nil {
			t.Error(err)
		}
		d.end()
	})
}

func TestACommandWithoutExecutorIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hands{}
		d := open(t, newDisk(time.Millisecond), h, func(o *engine.Options) { o.Executors = nil })
		d.ready()
		d.tell(arrived())
		time.Sleep(time.Second)
		synctest.Wait()
		if kinds := d.disk.inputs(t); !slices.Contains(kinds, "CommandSettled") {
			t.Errorf("journal %v", kinds)
		}
		d.end()
		if !strings.Contains(d.log.String(), "no executor for command") {
			t.Error("nobody was told")
		}
	})
}

func TestACommitErrorEndsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := newDisk(time.Second)
		h := &hands{}
		d := open(t, disk, h, nil)
		d.ready()
		h.take()
		view := d.View()
		broken := errors.New("input/output error")
		disk.mu.Lock()
		disk.fail = broken
		disk.mu.Unlock()
		d.tell(arrived())
		if err := d.Ask(t.Context(), acd.AgentNotReady{Agent: "ann", Reason: "lunch"}); !errors.Is(err, broken) {
			t.Errorf("who waited got %v", err)
		}
		if err := <-d.ended; !errors.Is(err, broken) {
			t.Errorf("run: %v", err)
		}
		if slices.Contains(h.take(), "OriginateLeg") || d.View() != view {
			t.Error("something was done on the strength of what is not on the disk")
		}
		if err := d.Tell(arrived()); !errors.Is(err, engine.ErrStopped) {
			t.Errorf("tell: %v", err)
		}
	})
}

func TestOverloadIsRefusedAndPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := newDisk(time.Millisecond)
		d := open(t, disk, &hands{}, func(o *engine.Options) { o.InboxInputs = 10 })
		d.ready()
		look := make(chan struct{})
		go d.Look(context.Background(), func(*acd.State) { <-look }) // the owner is busy
		synctest.Wait()
		told, asked := 0, 0
		for range 20 {
			if err := d.Tell(acd.LegRang{Leg: "x"}); err == nil {
				told++
			} else if !errors.Is(err, engine.ErrOverloaded) {
				t.Error(err)
			}
			if told == 6 { // half full: no more requests
				if err := d.Ask(t.Context(), acd.AgentReady{Agent: "ann"}); errors.Is(err, engine.ErrOverloaded) {
					asked++
				}
			}
		}
		close(look)
		synctest.Wait()
		if told != 10 || asked == 0 {
			t.Errorf("told %d, refused %d requests", told, asked)
		}
		d.ask(acd.AgentNotReady{Agent: "ann"})

		hold := make(chan struct{})
		disk.mu.Lock()
		disk.hold = hold
		disk.mu.Unlock()
		d.tell(arrived())
		time.Sleep(3 * time.Second)
		if err := d.Ask(t.Context(), acd.AgentReady{Agent: "ann"}); !errors.Is(err, engine.ErrOverloaded) {
			t.Errorf("while a commit stalls: %v", err)
		}
		if stats := d.Stats(); stats.InFlight != 1 || stats.Oldest != 3*time.Second {
			t.Errorf("stats %+v", stats)
		}
		disk.mu.Lock()
		disk.hold = nil
		disk.mu.Unlock()
		close(hold)
		synctest.Wait()
		time.Sleep(time.Second)
		d.ask(acd.AgentReady{Agent: "ann"})
		if err := d.end(); err != nil {
			t.Error(err)
		}
	})
}

func TestOptionsAreChecked(t *testing.T) {
	if _, err := engine.New(engine.Options{}); err == nil {
		t.Error("no journal, and no error")
	}
	defer func() {
		if recover() == nil {
			t.Error("an action with two executors was taken")
		}
	}()
	executors := (&hands{}).executors()
	executors.Register(&hands{}, acd.AnswerLeg{})
}

func TestASnapshotIsWrittenAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, newDisk(time.Millisecond), &hands{settle: acd.Done}, nil)
		d.ready()
		if err := d.end(); err != nil {
			t.Fatal(err)
		}
		seq, raw, _ := d.disk.SnapshotBefore(math.MaxUint64)
		if seq != uint64(len(d.disk.entries)) {
			t.Errorf("snapshot at %d of %d", seq, len(d.disk.entries))
		}
		if _, err := acd.Restore(raw); err != nil {
			t.Error(err)
		}
	})
}
