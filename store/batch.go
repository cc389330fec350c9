package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// maxValue bounds one value. bbolt would take more, but one value is one contiguous run of pages.
const maxValue = 64 << 20

// operation is one part of a batch. All checks of a batch run before its first apply; an error of a check refuses the
// batch alone, an error of an apply is the end of the store.
type operation struct {
	check func(tx *bolt.Tx) error
	apply func(tx *bolt.Tx) error
}

// Batch is what is written together, all of it or nothing. It is filled by one goroutine, handed in once, and not
// touched afterwards. A mistake made while filling is reported when it is handed in.
type Batch struct {
	store      *Store
	operations []operation
	size       int
	err        error
	rooms      map[string]uint64 // room → last offset appended in this batch
	journal    [][]byte          // entries to append
	emptyLog   bool              // needs the whole journal in the database
	moves      bool              // moves a full area of the log into the database
	firstSeq   uint64
	done       func(error)
}

// Batch begins an empty batch.
func (s *Store) Batch() *Batch { return &Batch{store: s} }

// FirstSeq is the number that the first journal entry of the batch was given; valid after the commit.
func (b *Batch) FirstSeq() uint64 { return b.firstSeq }

// Empty says whether nothing is in the batch, nor went wrong while filling it.
func (b *Batch) Empty() bool { return len(b.operations) == 0 && len(b.journal) == 0 && b.err == nil }

func (b *Batch) add(size int, op operation) {
	b.size += size
	b.operations = append(b.operations, op)
}

func (b *Batch) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// fits reports (and notes) whether a value may be stored.
func (b *Batch) fits(what string, n int) bool {
	if n > maxValue {
		b.fail(fmt.Errorf("%s of %d bytes: at most %d can be stored", what, n, maxValue))
		return false
	}
	return true
}

// Write hands the batch to the group committer and waits until it is on the disk. When ctx ends before the batch is
// taken it is withdrawn and certainly not written; when ctx ends during its commit the error wraps [ErrOutcomeUnknown].
func (s *Store) Write(ctx context.Context, b *Batch) error {
	result := make(chan error, 1)
	if err := s.WriteAsync(b, func(err error) { result <- err }); err != nil {
		return err
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
	}
	if s.committerOf(b).withdraw(b) {
		return fmt.Errorf("store: write: withdrawn: %w", context.Cause(ctx))
	}
	select {
	case err := <-result: // it was just being told
		return err
	default:
		return fmt.Errorf("store: write: %w: %w", ErrOutcomeUnknown, context.Cause(ctx))
	}
}

// WriteAsync hands the batch to the group committer and returns. done is called once when the batch is on the disk or
// has failed, on the committer's goroutine: it must not block. An error returned at once means that done is never
// called and nothing is written.
func (s *Store) WriteAsync(b *Batch, done func(error)) error {
	if b.err != nil {
		return fmt.Errorf("store: write: %w", b.err)
	}
	if s.options.ReadOnly {
		return errors.New("store: write: the database was opened for reading only")
	}
	b.done = done
	if err := s.committerOf(b).submit(b); err != nil {
		return fmt.Errorf("store: write: %w", err)
	}
	return nil
}

// committerOf is who commits the batch: journal entries alone go into the log, everything else into the database.
func (s *Store) committerOf(b *Batch) *committer {
	if len(b.journal) > 0 && len(b.operations) == 0 {
		return s.logger
	}
	return s.committer
}

// commitGroup writes a group in one transaction. The results of refused batches are put into refused, by position.
func (s *Store) commitGroup(group []*Batch, refused []error) error {
	write := func(tx *bolt.Tx) error {
		for i, b := range group {
			if refused[i] = b.checkAll(tx); refused[i] != nil {
				continue
			}
			if len(b.journal) > 0 {
				if err := s.journal.put(tx, b); err != nil {
					return err
				}
			}
			for _, op := range b.operations {
				if err := op.apply(tx); err != nil {
					return err
				}
			}
		}
		return nil
	}
	switch {
	case slices.ContainsFunc(group, func(b *Batch) bool { return b.emptyLog || len(b.journal) > 0 }):
		return s.emptyLog(write)
	case slices.ContainsFunc(group, func(b *Batch) bool { return b.moves }):
		return s.move(write)
	default:
		return s.db.Update(write)
	}
}

func (b *Batch) checkAll(tx *bolt.Tx) error {
	for _, op := range b.operations {
		if op.check == nil {
			continue
		}
		if err := op.check(tx); err != nil {
			return fmt.Errorf("store: write: %w", err)
		}
	}
	return nil
}
