package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	bolt "go.etcd.io/bbolt"
)

// keptSnapshots is how many snapshots are kept; when the newest is broken the one before serves.
const keptSnapshots = 2

// PutSnapshot keeps the state as it is after journal entry seq, and lets all but the last two snapshots go.
func (s *Store) PutSnapshot(ctx context.Context, seq uint64, state []byte) error {
	b := s.Batch()
	if !b.fits("snapshot", len(state)) {
		return fmt.Errorf("store: put snapshot: %w", b.err)
	}
	b.emptyLog = true
	b.add(len(state), operation{
		check: func(tx *bolt.Tx) error {
			if next := nextJournalSeq(tx); seq >= next {
				return fmt.Errorf("snapshot at journal entry %d: the journal ends at %d", seq, next-1)
			}
			return nil
		},
		apply: func(tx *bolt.Tx) error {
			snapshots := tx.Bucket(bucketSnapshots)
			if err := snapshots.Put(be64(seq), checksummed(state)); err != nil {
				return fmt.Errorf("put snapshot: %w", err)
			}
			var old [][]byte
			kept := 0
			cursor := snapshots.Cursor()
			for k, _ := cursor.Last(); k != nil; k, _ = cursor.Prev() {
				if kept++; kept > keptSnapshots {
					old = append(old, append([]byte{}, k...))
				}
			}
			for _, k := range old {
				if err := snapshots.Delete(k); err != nil {
					return fmt.Errorf("delete old snapshot: %w", err)
				}
			}
			return nil
		},
	})
	return s.Write(ctx, b)
}

// LatestSnapshot returns the newest snapshot whose checksum holds, and the number of the journal entry that it
// includes; recovery goes on with the next. A broken one is logged and the one before is taken. Without a usable
// snapshot seq is 0 and state nil: the journal is to be applied from its begin.
func (s *Store) LatestSnapshot() (seq uint64, state []byte, err error) {
	return s.SnapshotBefore(math.MaxUint64)
}

// SnapshotBefore is LatestSnapshot among those older than seq; for a state that the codec could not read.
func (s *Store) SnapshotBefore(before uint64) (seq uint64, state []byte, err error) {
	err = s.view("read snapshot", func(tx *bolt.Tx) error {
		cursor := tx.Bucket(bucketSnapshots).Cursor()
		for k, v := cursor.Last(); k != nil; k, v = cursor.Prev() {
			number := binary.BigEndian.Uint64(k)
			if number >= before {
				continue
			}
			data, err := verified(v)
			if errors.Is(err, ErrCorrupt) {
				s.options.Log.Error("snapshot is damaged, taking the one before", "seq", number, "err", err)
				continue
			}
			seq, state = number, data
			return nil
		}
		return nil
	})
	return seq, state, err
}
