package store

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Record is a contact's record as it was put.
type Record struct {
	Contact string
	At      time.Time
	Data    []byte
}

// maxRecords bounds one page of a listing.
const maxRecords = 1000

// PutRecord keeps the record of a contact, listed by the time at; an older record of the contact is replaced.
func (b *Batch) PutRecord(contact string, at time.Time, data []byte) {
	id, err := parseID(contact)
	if err != nil {
		b.fail(err)
		return
	}
	if !b.fits("record", len(data)) {
		return
	}
	stamp := be64(unixNano(at))
	b.add(len(data)+64, operation{apply: func(tx *bolt.Tx) error {
		records, times := tx.Bucket(bucketRecords), tx.Bucket(bucketRecordTimes)
		if old := records.Get(id); len(old) >= 8 {
			if err := times.Delete(join(old[:8], id)); err != nil {
				return fmt.Errorf("put record: %w", err)
			}
		}
		if err := records.Put(id, join(stamp, data)); err != nil {
			return fmt.Errorf("put record: %w", err)
		}
		if err := times.Put(join(stamp, id), nil); err != nil {
			return fmt.Errorf("put record: %w", err)
		}
		return nil
	}})
}

// Record returns the record of a contact, or [ErrNotFound].
func (s *Store) Record(contact string) (Record, error) {
	id, err := parseID(contact)
	if err != nil {
		return Record{}, fmt.Errorf("store: read record: %w", err)
	}
	var record Record
	err = s.view("read record", func(tx *bolt.Tx) error {
		record, err = recordOf(tx, id)
		return err
	})
	return record, err
}

func recordOf(tx *bolt.Tx, id []byte) (Record, error) {
	value := tx.Bucket(bucketRecords).Get(id)
	if value == nil {
		return Record{}, fmt.Errorf("record of %x: %w", id, ErrNotFound)
	}
	if len(value) < 8 {
		return Record{}, fmt.Errorf("record of %x: %w", id, ErrCorrupt)
	}
	return Record{
		Contact: hex.EncodeToString(id),
		At:      time.Unix(0, int64(binary.BigEndian.Uint64(value))).UTC(),
		Data:    bytes.Clone(value[8:]),
	}, nil
}

// ErrCursor: the cursor of a listing is none that an earlier page gave.
var ErrCursor = errors.New("not a cursor of this listing")

// Records lists records, newest first, at most limit (1 to 1000) of them. cursor is empty for the first page, and what
// the page before returned as next for the others; next is empty when there are no more. Records put meanwhile do not
// disturb the paging.
func (s *Store) Records(cursor string, limit int) (records []Record, next string, err error) {
	limit = min(max(limit, 1), maxRecords)
	var after []byte
	if cursor != "" {
		if after, err = base64.RawURLEncoding.DecodeString(cursor); err != nil || len(after) != 8+idSize {
			return nil, "", fmt.Errorf("store: list records: %q: %w", cursor, ErrCursor)
		}
	}
	err = s.view("list records", func(tx *bolt.Tx) error {
		times := tx.Bucket(bucketRecordTimes).Cursor()
		k, _ := times.Last()
		if after != nil {
			if k, _ = times.Seek(after); k == nil {
				k, _ = times.Last()
			}
			for k != nil && bytes.Compare(k, after) >= 0 {
				k, _ = times.Prev()
			}
		}
		var last []byte
		for ; k != nil; k, _ = times.Prev() {
			if len(records) == limit {
				next = base64.RawURLEncoding.EncodeToString(last)
				return nil
			}
			record, err := recordOf(tx, k[8:])
			if err != nil {
				return err
			}
			records = append(records, record)
			last = bytes.Clone(k)
		}
		return nil
	})
	return records, next, err
}

// unixNano is a time as it stands in keys; what lies before 1970 counts as 1970.
func unixNano(at time.Time) uint64 {
	if at.Unix() < 0 {
		return 0
	}
	return uint64(at.UnixNano())
}

// join is a new slice of all parts.
func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
