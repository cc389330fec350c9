package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Table is a named set of keys and values whose entries may expire: signing keys, idempotency keys, sessions, resume
// secrets, single-use codes. An expired entry is not seen any more, and deleted by the next [Store.Sweep].
type Table struct {
	store *Store
	name  string
}

// Table gives access to a table; it need not exist. The name is the owner's choice, without a zero byte.
func (s *Store) Table(name string) *Table { return &Table{store: s, name: name} }

// key is where an entry stands in the bucket of all tables.
func (t *Table) key(key string) ([]byte, error) {
	if t.name == "" || strings.Contains(t.name, "\x00") {
		return nil, fmt.Errorf("table name %q: must not be empty nor hold a zero byte", t.name)
	}
	if len(key) == 0 || len(key) > 4096 {
		return nil, fmt.Errorf("table %s: a key has 1 to 4096 bytes, not %d", t.name, len(key))
	}
	return []byte(t.name + "\x00" + key), nil
}

// PutEntry puts an entry into a table, replacing an older one. It expires at expires, never when that is zero.
func (b *Batch) PutEntry(t *Table, key string, value []byte, expires time.Time) {
	b.putEntry(t, key, value, expires, nil)
}

// PutNewEntry is PutEntry that refuses the batch with [ErrExists] when a living entry is there.
func (b *Batch) PutNewEntry(t *Table, key string, value []byte, expires time.Time) {
	b.putEntry(t, key, value, expires, func(tx *bolt.Tx, at []byte) error {
		if _, living := b.store.entry(tx, at); living {
			return fmt.Errorf("table %s: %w", t.name, ErrExists)
		}
		return nil
	})
}

func (b *Batch) putEntry(t *Table, key string, value []byte, expires time.Time, check func(tx *bolt.Tx, at []byte) error) {
	at, err := t.key(key)
	if err != nil {
		b.fail(err)
		return
	}
	if !b.fits("table value", len(value)) {
		return
	}
	op := operation{apply: func(tx *bolt.Tx) error {
		var stamp uint64
		if !expires.IsZero() {
			stamp = unixNano(expires)
		}
		if err := tx.Bucket(bucketTables).Put(at, join(be64(stamp), value)); err != nil {
			return fmt.Errorf("table %s: put: %w", t.name, err)
		}
		return setExpiry(tx, kindTable, at, expires)
	}}
	if check != nil {
		op.check = func(tx *bolt.Tx) error { return check(tx, at) }
	}
	b.add(len(at)+len(value)+32, op)
}

// DeleteEntry deletes an entry; a missing one is no error.
func (b *Batch) DeleteEntry(t *Table, key string) {
	at, err := t.key(key)
	if err != nil {
		b.fail(err)
		return
	}
	b.add(len(at), operation{apply: func(tx *bolt.Tx) error { return deleteEntry(tx, at) }})
}

// TakeEntry deletes an entry for its single use: the batch is refused with [ErrNotFound] when no living one is there.
// Of several who try to take it one succeeds. The value is given to got, which may be nil, on the committer's goroutine.
func (b *Batch) TakeEntry(t *Table, key string, got func(value []byte)) {
	at, err := t.key(key)
	if err != nil {
		b.fail(err)
		return
	}
	b.add(len(at), operation{
		check: func(tx *bolt.Tx) error {
			value, living := b.store.entry(tx, at)
			if !living {
				return fmt.Errorf("table %s: %w", t.name, ErrNotFound)
			}
			if got != nil {
				got(value)
			}
			return nil
		},
		apply: func(tx *bolt.Tx) error { return deleteEntry(tx, at) },
	})
}

// entry copies a living entry's value.
func (s *Store) entry(tx *bolt.Tx, at []byte) (value []byte, living bool) {
	stored := tx.Bucket(bucketTables).Get(at)
	if len(stored) < 8 {
		return nil, false
	}
	if expires := nanoTime(stored[:8]); !expires.IsZero() && !s.options.Now().Before(expires) {
		return nil, false
	}
	return bytes.Clone(stored[8:]), true
}

func deleteEntry(tx *bolt.Tx, at []byte) error {
	if err := tx.Bucket(bucketTables).Delete(at); err != nil {
		return fmt.Errorf("delete table entry: %w", err)
	}
	return setExpiry(tx, kindTable, at, time.Time{})
}

// Get returns the value of a living entry, or [ErrNotFound].
func (t *Table) Get(key string) ([]byte, error) {
	at, err := t.key(key)
	if err != nil {
		return nil, fmt.Errorf("store: read: %w", err)
	}
	var value []byte
	err = t.store.view("read table "+t.name, func(tx *bolt.Tx) error {
		var living bool
		if value, living = t.store.entry(tx, at); !living {
			return ErrNotFound
		}
		return nil
	})
	return value, err
}

// Put is a batch of one [Batch.PutEntry].
func (t *Table) Put(ctx context.Context, key string, value []byte, expires time.Time) error {
	b := t.store.Batch()
	b.PutEntry(t, key, value, expires)
	return t.store.Write(ctx, b)
}

// PutNew is a batch of one [Batch.PutNewEntry].
func (t *Table) PutNew(ctx context.Context, key string, value []byte, expires time.Time) error {
	b := t.store.Batch()
	b.PutNewEntry(t, key, value, expires)
	return t.store.Write(ctx, b)
}

// Delete is a batch of one [Batch.DeleteEntry].
func (t *Table) Delete(ctx context.Context, key string) error {
	b := t.store.Batch()
	b.DeleteEntry(t, key)
	return t.store.Write(ctx, b)
}

// Take is a batch of one [Batch.TakeEntry], and returns the value.
func (t *Table) Take(ctx context.Context, key string) ([]byte, error) {
	values := make(chan []byte, 1) // the committer may still be at it when ctx ends
	b := t.store.Batch()
	b.TakeEntry(t, key, func(v []byte) { values <- v })
	if err := t.store.Write(ctx, b); err != nil {
		return nil, err
	}
	return <-values, nil
}

// errStop ends a walk early.
var errStop = errors.New("stop")

// Each calls fn for the living entries whose key begins with prefix, in the order of keys, until fn returns false. fn
// runs in a read transaction: it must be quick and must not write.
func (t *Table) Each(prefix string, fn func(key string, value []byte) bool) error {
	begin, err := t.key(prefix + "\x00")
	if err != nil {
		return fmt.Errorf("store: read: %w", err)
	}
	begin = begin[:len(begin)-1]
	skip := len(t.name) + 1
	err = t.store.view("read table "+t.name, func(tx *bolt.Tx) error {
		cursor := tx.Bucket(bucketTables).Cursor()
		for k, _ := cursor.Seek(begin); k != nil && bytes.HasPrefix(k, begin); k, _ = cursor.Next() {
			if value, living := t.store.entry(tx, k); living && !fn(string(k[skip:]), value) {
				return errStop
			}
		}
		return nil
	})
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}
