package engine

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"contactd/acd"
)

// batch is a group of inputs that were stepped together and share a commit.
type batch struct {
	entries  [][]byte
	commands []acd.Command
	answers  []chan<- error
	view     *acd.View
	hash     *[32]byte // of the state after the batch, when it is a checkpoint
	begun    time.Time
	landed   bool          // committed; guarded by the lanes
	again    []acd.Command // of the outbox, executed once more when the boot is committed
}

// inFlight is the batches that were handed to the journal and have not come back.
type inFlight struct {
	mu      sync.Mutex
	batches []*batch
}

func (f *inFlight) add(b *batch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.batches = append(f.batches, b)
}

// land takes the oldest out; commits come back in order.
func (f *inFlight) land() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.batches = f.batches[1:]
}

// follow has answer answered with the newest batch in flight; false when there is none.
func (f *inFlight) follow(answer chan<- error) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.batches) == 0 {
		return false
	}
	newest := f.batches[len(f.batches)-1]
	newest.answers = append(newest.answers, answer)
	return true
}

// takeAnswers gives the answers out; nobody follows the batch any more.
func (f *inFlight) takeAnswers(b *batch) []chan<- error {
	f.mu.Lock()
	defer f.mu.Unlock()
	answers := b.answers
	b.answers = nil
	return answers
}

func (f *inFlight) full() bool  { n, _ := f.status(); return n >= inFlightBatches }
func (f *inFlight) empty() bool { n, _ := f.status(); return n == 0 }

func (f *inFlight) oldest() time.Duration { _, oldest := f.status(); return oldest }

func (f *inFlight) status() (n int, oldest time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.batches) > 0 {
		oldest = time.Since(f.batches[0].begun)
	}
	return len(f.batches), oldest
}

// step steps what waited, and what is due, and hands it to the journal.
func (e *Engine) step(ctx context.Context, items []item) error {
	b := &batch{}
	at := e.clock.now()
	// Deadlines come first and have their own entry, so that a request is judged by the state that it meets.
	if due, some := e.state.NextDeadline(); some && !due.After(at) {
		if err := e.decide(b, at, acd.DeadlineReached{}); err != nil {
			return err
		}
	}
	var unchanged []chan<- error // answered when all that they rest on is on the disk
	for _, it := range items {
		if it.look != nil {
			it.look(e.state)
			it.answer <- nil
			continue
		}
		if it.answer != nil {
			if err := e.state.Refuse(it.input); err != nil {
				it.answer <- err
				continue
			}
		}
		before := len(b.entries)
		if err := e.decide(b, at, it.input); err != nil {
			return err
		}
		switch {
		case it.answer == nil:
		case len(b.entries) > before:
			b.answers = append(b.answers, it.answer)
		default:
			unchanged = append(unchanged, it.answer)
		}
	}
	if len(b.entries) == 0 {
		for _, answer := range unchanged {
			if !e.flight.follow(answer) {
				answer <- nil
			}
		}
		if e.sinceCheck > 0 && at.Sub(e.lastCheck) >= e.options.SnapshotInterval {
			e.checkpoint()
		}
		return nil
	}
	b.answers = append(b.answers, unchanged...)
	if e.sinceCheck >= e.options.SnapshotEvery || at.Sub(e.lastCheck) >= e.options.SnapshotInterval {
		if err := e.takeHash(b); err != nil {
			return err
		}
	}
	return e.hand(ctx, b)
}

// decide steps one input and notes what came of it.
func (e *Engine) decide(b *batch, at time.Time, in acd.Input) error {
	facts, commands := e.state.Step(at, in)
	e.steps.Add(1)
	if len(facts) == 0 {
		return nil
	}
	entry, err := acd.AppendEntry(nil, e.state.Now(), in, facts)
	if err != nil {
		return fmt.Errorf("encode %T: %w", in, err)
	}
	b.entries = append(b.entries, entry)
	b.commands = append(b.commands, commands...)
	e.sinceCheck++
	return nil
}

// hand gives a batch to the journal and lets its repeatable commands go.
func (e *Engine) hand(ctx context.Context, b *batch) error {
	b.view = e.state.View(e.lastView)
	e.lastView = b.view
	b.begun = time.Now()
	e.entries.Add(uint64(len(b.entries)))
	e.flight.add(b)
	if err := e.options.Journal.AppendAsync(b.entries, func(first uint64, err error) { e.committed(ctx, b, first, err) }); err != nil {
		e.flight.land()
		e.fail(fmt.Errorf("hand in to the journal: %w", err))
		e.refuseAll(b)
		return e.failure
	}
	e.lanes.add(ctx, b, b.commands)
	return nil
}

// committed is called by the journal, in order. It publishes, answers and executes, and blocks on nothing.
func (e *Engine) committed(ctx context.Context, b *batch, first uint64, err error) {
	if err != nil {
		e.fail(fmt.Errorf("commit: %w", err))
		e.flight.land()
		e.refuseAll(b)
		return
	}
	e.views.publish(b.view)
	if b.hash != nil {
		e.follower.check(checkpoint{seq: first + uint64(len(b.entries)) - 1, hash: *b.hash})
	}
	e.lanes.release(ctx, b)
	if len(b.again) > 0 {
		e.lanes.add(ctx, b, b.again)
	}
	e.flight.land()
	for _, answer := range e.flight.takeAnswers(b) {
		answer <- nil
	}
	select {
	case e.landed <- struct{}{}:
	default:
	}
}

// refuseAll tells who waits for a batch that it failed.
func (e *Engine) refuseAll(b *batch) {
	for _, answer := range e.flight.takeAnswers(b) {
		answer <- e.failure
	}
}

// takeHash makes the batch a checkpoint.
func (e *Engine) takeHash(b *batch) error {
	hash, err := e.state.Hash()
	if err != nil {
		return fmt.Errorf("hash the state: %w", err)
	}
	b.hash = &hash
	e.sinceCheck, e.lastCheck = 0, e.clock.last
	return nil
}

// checkpoint without a batch: the follower catches up with the journal's end and writes a snapshot. There is no hash to
// compare, because steps that changed nothing have moved the state's time.
func (e *Engine) checkpoint() {
	if e.sinceCheck == 0 {
		return
	}
	e.sinceCheck, e.lastCheck = 0, e.clock.last
	e.follower.check(checkpoint{seq: math.MaxUint64})
}
