package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
)

// checkpoint is a point of the journal at which the follower writes a snapshot.
type checkpoint struct {
	// seq is the last entry to apply; math.MaxUint64 means all that there are, and no hash is compared.
	seq  uint64
	hash [32]byte
}

// follower is a second State that is fed from the journal and never decides. It writes the snapshots, and tells when it
// is not equal to the owner's.
type follower struct {
	engine *Engine
	recovered

	wake chan struct{}
	mu   sync.Mutex
	next *checkpoint
	end  bool
}

func newFollower(e *Engine, from recovered) *follower {
	return &follower{engine: e, recovered: from, wake: make(chan struct{}, 1)}
}

// check asks for a checkpoint. One that has not begun is replaced by a newer one.
func (f *follower) check(c checkpoint) {
	f.mu.Lock()
	f.next = &c
	f.mu.Unlock()
	f.signal()
}

// close ends run after the checkpoint that was asked for.
func (f *follower) close() {
	f.mu.Lock()
	f.end = true
	f.mu.Unlock()
	f.signal()
}

func (f *follower) signal() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *follower) run(ctx context.Context) {
	for {
		f.mu.Lock()
		next, end := f.next, f.end
		f.next = nil
		f.mu.Unlock()
		if next != nil {
			if err := f.reach(ctx, *next); err != nil {
				f.engine.log.Error("no snapshot was written", "seq", f.seq, "err", err)
			}
			continue
		}
		if end {
			return
		}
		<-f.wake
	}
}

// errReached ends reading at a checkpoint.
var errReached = errors.New("reached")

// reach applies the journal up to the checkpoint, compares, and writes a snapshot.
func (f *follower) reach(ctx context.Context, c checkpoint) error {
	if f.seq < c.seq {
		err := f.engine.options.Journal.ReadJournal(ctx, f.seq+1, func(seq uint64, raw []byte) error {
			if err := f.apply(seq, raw); err != nil {
				return err
			}
			if seq == c.seq {
				return errReached
			}
			return nil
		})
		if err != nil && !errors.Is(err, errReached) {
			return err
		}
	}
	if c.seq != math.MaxUint64 {
		if f.seq != c.seq {
			return fmt.Errorf("the journal ends at %d, before the checkpoint at %d", f.seq, c.seq)
		}
		hash, err := f.state.Hash()
		if err != nil {
			return err
		}
		if hash != c.hash {
			f.engine.divergences.Add(1)
			return fmt.Errorf("the state from the journal's facts differs from the owner's (%x, owner %x): this is a fault of contactd; report it with the journal", hash[:8], c.hash[:8])
		}
	}
	raw, err := f.state.Snapshot()
	if err != nil {
		return err
	}
	if err := f.engine.options.Snapshots.PutSnapshot(ctx, f.seq, raw); err != nil {
		return err
	}
	f.engine.log.Debug("snapshot written", "seq", f.seq, "bytes", len(raw))
	return nil
}
