package engine

import (
	"context"
	"fmt"
	"sync"

	"contactd/acd"
)

// item is something for the owner: an input, with an answer when somebody waits for it, or a look at the state.
type item struct {
	input  acd.Input
	answer chan<- error // buffered
	look   func(*acd.State)
	bytes  int
}

// inbox holds what waits to be stepped, within bounds.
type inbox struct {
	ready chan struct{} // holds one token while items wait

	mu                 sync.Mutex
	items              []item
	bytes              int
	maxItems, maxBytes int
	closed             error
}

func newInbox(maxItems, maxBytes int) *inbox {
	return &inbox{ready: make(chan struct{}, 1), maxItems: maxItems, maxBytes: maxBytes}
}

// share is the part of the inbox, as a divisor, that a kind of sender may fill.
type share int

const (
	unbounded share = 0 // outcomes: there are no more than commands
	events    share = 1
	requests  share = 2
)

func (b *inbox) put(it item, s share) error {
	it.bytes = sizeOf(it.input)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed != nil {
		return b.closed
	}
	if s != unbounded && len(b.items) > 0 && (len(b.items) >= b.maxItems/int(s) || b.bytes+it.bytes > b.maxBytes/int(s)) {
		return fmt.Errorf("%w: %d inputs wait (%d bytes)", ErrOverloaded, len(b.items), b.bytes)
	}
	b.items = append(b.items, it)
	b.bytes += it.bytes
	b.wake()
	return nil
}

// wake sees to it that there is a token; the lock is held.
func (b *inbox) wake() {
	select {
	case b.ready <- struct{}{}:
	default:
	}
}

// take gives up to n items, in order.
func (b *inbox) take(n int) []item {
	b.mu.Lock()
	defer b.mu.Unlock()
	n = min(n, len(b.items))
	taken := b.items[:n:n]
	b.items = b.items[n:]
	for _, it := range taken {
		b.bytes -= it.bytes
	}
	if len(b.items) > 0 {
		b.wake()
	} else {
		b.items = nil
	}
	return taken
}

// close refuses newcomers with err and answers who waits with it.
func (b *inbox) close(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed == nil {
		b.closed = err
	}
	for _, it := range b.items {
		if it.answer != nil {
			it.answer <- err
		}
	}
	b.items, b.bytes = nil, 0
}

// abandon tells those who wait for items, and were not told yet, that the step failed.
func abandon(items []item, err error) {
	for _, it := range items {
		select {
		case it.answer <- err: // there is room for one; a nil channel takes none
		default:
		}
	}
}

func (b *inbox) size() (items, bytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.items), b.bytes
}

// sizeOf estimates the bytes that an input holds.
func sizeOf(in acd.Input) int {
	const small = 256
	switch in := in.(type) {
	case acd.PBXConnected:
		return small + 128*len(in.Legs) + 128*len(in.Bridges)
	case acd.ConfigurationApplied:
		return small + 128*len(in.Config.Queues) + 256*len(in.Config.Agents)
	default:
		return small
	}
}

// Tell hands in what happened outside and returns at once. [ErrOverloaded] means that it was not taken.
func (e *Engine) Tell(in acd.Input) error {
	if err := e.inbox.put(item{input: in}, events); err != nil {
		return fmt.Errorf("engine: tell %T: %w", in, err)
	}
	return nil
}

// Ask hands in a request of a person or program and waits until what it changed is on the disk and published. An
// *[acd.Refusal] says why it is not possible, [ErrOverloaded] that it was not taken. When ctx ends first, the request
// may still be carried out.
func (e *Engine) Ask(ctx context.Context, in acd.Input) error {
	if stalled := e.flight.oldest(); stalled > e.options.StallAfter {
		return fmt.Errorf("engine: ask %T: %w: a commit has taken %v so far", in, ErrOverloaded, stalled)
	}
	answer := make(chan error, 1)
	if err := e.inbox.put(item{input: in, answer: answer}, requests); err != nil {
		return fmt.Errorf("engine: ask %T: %w", in, err)
	}
	return await(ctx, answer)
}

// Look calls fn on the owner's goroutine with the state as it is, which may be ahead of the disk. fn must be quick and
// must change nothing; it is for explanations and checks.
func (e *Engine) Look(ctx context.Context, fn func(*acd.State)) error {
	answer := make(chan error, 1)
	if err := e.inbox.put(item{look: fn, answer: answer}, requests); err != nil {
		return fmt.Errorf("engine: look: %w", err)
	}
	return await(ctx, answer)
}

func await(ctx context.Context, answer <-chan error) error {
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return fmt.Errorf("engine: answer: %w", context.Cause(ctx))
	}
}

// settled is how the outcome of a command comes back. It always finds room.
func (e *Engine) settled(outcome acd.CommandSettled) {
	// After the end nobody steps it any more; the outbox still has the command.
	_ = e.inbox.put(item{input: outcome}, unbounded)
}
