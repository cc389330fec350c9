package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// What can expire; the first byte of what stands in the expiry index.
const (
	kindTable   byte = 't'
	kindRoom    byte = 'r'
	kindContact byte = 'p'
)

// sweepChunk is how many things one batch of a sweep deletes, so that others need not wait long.
const sweepChunk = 500

// setExpiry sets (or with a zero time takes away) the time at which a thing expires.
func setExpiry(tx *bolt.Tx, kind byte, what []byte, at time.Time) error {
	expires, index := tx.Bucket(bucketExpires), tx.Bucket(bucketExpiry)
	name := join([]byte{kind}, what)
	if old := expires.Get(name); old != nil {
		if err := index.Delete(join(old, name)); err != nil {
			return fmt.Errorf("set expiry: %w", err)
		}
	}
	if at.IsZero() {
		if err := expires.Delete(name); err != nil {
			return fmt.Errorf("set expiry: %w", err)
		}
		return nil
	}
	stamp := be64(unixNano(at))
	if err := expires.Put(name, stamp); err != nil {
		return fmt.Errorf("set expiry: %w", err)
	}
	if err := index.Put(join(stamp, name), nil); err != nil {
		return fmt.Errorf("set expiry: %w", err)
	}
	return nil
}

// Sweep deletes what has expired: table entries, rooms, contacts' personal data, and archived journal segments older
// than their retention. It returns how many things went.
func (s *Store) Sweep(ctx context.Context) (int, error) {
	total := 0
	for {
		now := be64(unixNano(s.options.Now()))
		due, err := s.due(now)
		if err != nil {
			return total, err
		}
		if len(due) == 0 {
			break
		}
		b := s.Batch()
		for _, key := range due {
			b.add(len(key), operation{apply: func(tx *bolt.Tx) error { return s.expire(tx, key) }})
		}
		if err := s.Write(ctx, b); err != nil {
			return total, fmt.Errorf("store: sweep: %w", err)
		}
		total += len(due)
	}
	segments, err := s.sweepArchive()
	return total + segments, err
}

func (s *Store) due(now []byte) ([][]byte, error) {
	var due [][]byte
	err := s.view("sweep", func(tx *bolt.Tx) error {
		cursor := tx.Bucket(bucketExpiry).Cursor()
		for k, _ := cursor.First(); k != nil && len(due) < sweepChunk && bytes.Compare(k[:8], now) <= 0; k, _ = cursor.Next() {
			due = append(due, bytes.Clone(k))
		}
		return nil
	})
	return due, err
}

// expire deletes one thing, unless its time was moved since it was found due.
func (s *Store) expire(tx *bolt.Tx, key []byte) error {
	if tx.Bucket(bucketExpiry).Get(key) == nil {
		return nil
	}
	kind, what := key[8], key[9:]
	switch kind {
	case kindTable:
		return deleteEntry(tx, what)
	case kindRoom:
		return deleteRoom(tx, what)
	case kindContact:
		return s.erase(tx, what)
	default:
		return fmt.Errorf("sweep: %w: kind %q in the expiry index", ErrCorrupt, kind)
	}
}

// Maintain sweeps and prunes the journal every so often until ctx ends or the store fails. Other errors are logged and
// tried again the next time.
func (s *Store) Maintain(ctx context.Context, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.Failed():
			return s.Err()
		case <-ticker.C:
		}
		if _, err := s.Sweep(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, ErrFailed) {
			s.options.Log.Error("sweep failed", "err", err)
		}
		if _, err := s.PruneJournal(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, ErrFailed) {
			s.options.Log.Error("journal was not pruned", "err", err)
		}
	}
}

// nanoTime undoes unixNano; zero for no time.
func nanoTime(stamp []byte) time.Time {
	if len(stamp) != 8 {
		return time.Time{}
	}
	n := binary.BigEndian.Uint64(stamp)
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(n)).UTC()
}
