package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"contactd/acd"
)

// Journal keeps entries durably, in the order of the calls.
type Journal interface {
	// AppendAsync takes entries; done is called when they are on the disk, in the order of the calls, with the number
	// of the first, or with the error that ends all. done does not block.
	AppendAsync(entries [][]byte, done func(first uint64, err error)) error
	// ReadJournal calls fn for each entry from number from on.
	ReadJournal(ctx context.Context, from uint64, fn func(seq uint64, entry []byte) error) error
}

// Snapshots keeps whole states.
type Snapshots interface {
	// SnapshotBefore is the newest usable one whose entry number is below before; seq 0 when there is none.
	SnapshotBefore(before uint64) (seq uint64, state []byte, err error)
	PutSnapshot(ctx context.Context, seq uint64, state []byte) error
}

// Errors of Tell and Ask.
var (
	// ErrOverloaded: try again in a second.
	ErrOverloaded = errors.New("overloaded")
	// ErrStopped: the engine has ended.
	ErrStopped = errors.New("engine has stopped")
)

// Defaults of [Options].
const (
	DefaultInboxInputs      = 20_000
	DefaultInboxBytes       = 16 << 20
	DefaultStallAfter       = 2 * time.Second
	DefaultSnapshotEvery    = 10_000
	DefaultSnapshotInterval = 5 * time.Minute
	DefaultDrainTimeout     = 5 * time.Second

	// batchInputs bounds what one step group takes, inFlightBatches what may wait for the disk.
	batchInputs     = 256
	inFlightBatches = 1024
)

// Options of [New]. Journal and Snapshots are required; the rest may be left out.
type Options struct {
	Journal   Journal
	Snapshots Snapshots
	Executors Executors
	Log       *slog.Logger
	// Installation and Boot open the boot ([acd.Started]); ids are minted from them.
	Installation string
	Boot         uint64
	// Config is applied at start. A later one comes as an [acd.ConfigurationApplied] input.
	Config acd.Config

	// InboxInputs and InboxBytes bound what waits to be stepped.
	InboxInputs, InboxBytes int
	// StallAfter is how long a commit may take before requests are refused.
	StallAfter time.Duration
	// SnapshotEvery entries, or after SnapshotInterval when anything changed, the follower writes a snapshot.
	SnapshotEvery    int
	SnapshotInterval time.Duration
	// DrainTimeout bounds how long Run waits at its end for commits and for commands that are being executed.
	DrainTimeout time.Duration
}

// Engine is the shell around one State.
type Engine struct {
	options Options
	log     *slog.Logger
	inbox   *inbox
	lanes   *lanes
	views   views
	clock   clock

	state    *acd.State // the owner's
	lastView *acd.View  // the owner's: the newest built, perhaps not yet published
	follower *follower

	flight     inFlight
	landed     chan struct{} // a commit came back
	failed     chan struct{}
	failOnce   sync.Once
	failure    error
	sinceCheck int       // entries since the last checkpoint
	lastCheck  time.Time // of the last checkpoint

	steps, entries, divergences atomic.Uint64
}

// New makes an engine; it does nothing until Run.
func New(options Options) (*Engine, error) {
	if options.Journal == nil || options.Snapshots == nil {
		return nil, errors.New("engine: a journal and snapshots are required")
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	setDefault(&options.InboxInputs, DefaultInboxInputs)
	setDefault(&options.InboxBytes, DefaultInboxBytes)
	setDefault(&options.StallAfter, DefaultStallAfter)
	setDefault(&options.SnapshotEvery, DefaultSnapshotEvery)
	setDefault(&options.SnapshotInterval, DefaultSnapshotInterval)
	setDefault(&options.DrainTimeout, DefaultDrainTimeout)
	e := &Engine{
		options: options,
		log:     options.Log,
		inbox:   newInbox(options.InboxInputs, options.InboxBytes),
		landed:  make(chan struct{}, 1),
		failed:  make(chan struct{}),
	}
	e.lanes = newLanes(options.Executors, options.Log, e.settled)
	e.views.init()
	return e, nil
}

func setDefault[T int | time.Duration](value *T, otherwise T) {
	if *value <= 0 {
		*value = otherwise
	}
}

// Run recovers the state and owns it until ctx ends or a commit fails, whose error it returns. It waits for all that it
// started: at the end the commits in flight are awaited, and a last snapshot is written.
func (e *Engine) Run(ctx context.Context) error {
	defer e.inbox.close(ErrStopped)
	if err := e.recover(ctx); err != nil {
		return fmt.Errorf("engine: recover: %w", err)
	}
	// Executors and the follower outlive ctx a little, to end what was begun.
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var followed sync.WaitGroup
	followed.Go(func() { e.follower.run(working) })

	err := e.own(ctx, working)
	e.inbox.close(ErrStopped)
	if err == nil {
		err = e.drain()
	}
	e.follower.close()
	late := time.AfterFunc(e.options.DrainTimeout, stop)
	followed.Wait()
	late.Stop()
	stop()
	e.lanes.wait()
	if err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	return nil
}

// own is the owner's loop; executors work in the context working.
func (e *Engine) own(ctx, working context.Context) error {
	if err := e.start(working); err != nil {
		return err
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		ready := e.inbox.ready
		var due <-chan time.Time
		if e.flight.full() {
			ready = nil // the disk is behind: let the inbox fill
		} else {
			timer.Reset(e.untilDeadline())
			due = timer.C
		}
		select {
		case <-ctx.Done():
			return nil
		case <-e.failed:
			return e.failure
		case <-e.landed:
			continue
		case <-ready:
			items := e.inbox.take(batchInputs)
			if err := e.step(working, items); err != nil {
				abandon(items, err)
				return err
			}
		case <-due:
			if err := e.step(working, nil); err != nil {
				return err
			}
		}
	}
}

// untilDeadline is how long nothing is due. An idle engine looks up now and then for a checkpoint.
func (e *Engine) untilDeadline() time.Duration {
	wait := e.options.SnapshotInterval
	if at, some := e.state.NextDeadline(); some {
		wait = min(wait, max(0, at.Sub(e.clock.now())))
	}
	return wait
}

// drain ends what is in flight when Run is told to end.
func (e *Engine) drain() error {
	timeout := time.NewTimer(e.options.DrainTimeout)
	defer timeout.Stop()
	for !e.flight.empty() {
		select {
		case <-e.failed:
			return e.failure
		case <-e.landed:
		case <-timeout.C:
			return fmt.Errorf("the commit in flight did not end within %v", e.options.DrainTimeout)
		}
	}
	e.checkpoint()
	e.lanes.drain(timeout.C)
	return nil
}

// fail ends Run with a final error. It is called from any goroutine.
func (e *Engine) fail(err error) {
	e.failOnce.Do(func() {
		e.failure = err
		close(e.failed)
	})
}

// Stats are figures for metrics.
type Stats struct {
	// Inbox inputs and bytes that wait to be stepped.
	Inbox, InboxBytes int
	// InFlight batches wait for the disk, the oldest for Oldest.
	InFlight int
	Oldest   time.Duration
	// Lanes are contacts whose commands are being executed or wait.
	Lanes int
	// Steps and Entries count since the start; Divergences are checkpoints at which the follower differed.
	Steps, Entries, Divergences uint64
}

// Stats now.
func (e *Engine) Stats() Stats {
	stats := Stats{Lanes: e.lanes.count(), Steps: e.steps.Load(), Entries: e.entries.Load(), Divergences: e.divergences.Load()}
	stats.Inbox, stats.InboxBytes = e.inbox.size()
	stats.InFlight, stats.Oldest = e.flight.status()
	return stats
}
