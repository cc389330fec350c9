package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	bolt "go.etcd.io/bbolt"
)

// readChunk bounds what one read transaction copies, so that a long read holds no old pages.
const readChunk = 1 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendJournal adds entries to the journal. Their numbers are given at the commit and follow each other; the first is
// [Batch.FirstSeq]. Numbers begin at 1 and have no gaps.
func (b *Batch) AppendJournal(entries ...[]byte) {
	size := 0
	for _, entry := range entries {
		if !b.fits("journal entry", len(entry)) {
			return
		}
		size += len(entry) + 16
	}
	if len(entries) == 0 {
		return
	}
	if b.journalled > 0 {
		b.fail(fmt.Errorf("journal entries must be added to a batch at once"))
		return
	}
	b.journalled = len(entries)
	b.add(size, operation{apply: func(tx *bolt.Tx) error {
		journal := tx.Bucket(bucketJournal)
		journal.FillPercent = 1 // keys only grow
		for _, entry := range entries {
			if err := journal.Put(be64(b.store.nextSeq), checksummed(entry)); err != nil {
				return fmt.Errorf("append to the journal: %w", err)
			}
			b.store.nextSeq++
		}
		return nil
	}})
}

// Append adds entries to the journal and waits until they are on the disk. The first was given the number first, the
// others follow.
func (s *Store) Append(ctx context.Context, entries [][]byte) (first uint64, err error) {
	b := s.Batch()
	b.AppendJournal(entries...)
	if err := s.Write(ctx, b); err != nil {
		return 0, err
	}
	return b.firstSeq, nil
}

// AppendAsync is Append that does not wait: done is called as by [Store.WriteAsync].
func (s *Store) AppendAsync(entries [][]byte, done func(first uint64, err error)) error {
	b := s.Batch()
	b.AppendJournal(entries...)
	return s.WriteAsync(b, func(err error) { done(b.firstSeq, err) })
}

// ReadJournal calls fn for each entry from number from on (1 for all), until the end of the journal at the time of the
// call or an error of fn. The entry belongs to fn. When the entries at from have been pruned it returns [ErrPruned];
// [Store.ReadArchive] may have them. A from behind the end reads nothing.
func (s *Store) ReadJournal(ctx context.Context, from uint64, fn func(seq uint64, entry []byte) error) error {
	if from == 0 {
		from = 1
	}
	first, last, err := s.JournalRange()
	if err != nil {
		return err
	}
	if from < first {
		return fmt.Errorf("store: read the journal from %d: %w: the oldest is %d", from, ErrPruned, first)
	}
	for from <= last {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("store: read the journal: %w", context.Cause(ctx))
		}
		chunk, err := s.journalChunk(from, last)
		if err != nil {
			return err
		}
		for _, entry := range chunk {
			if err := fn(from, entry); err != nil {
				return err
			}
			from++
		}
	}
	return nil
}

// journalChunk copies entries from number from on, at least one, up to readChunk bytes and number last.
func (s *Store) journalChunk(from, last uint64) ([][]byte, error) {
	var chunk [][]byte
	err := s.view("read the journal", func(tx *bolt.Tx) error {
		size := 0
		cursor := tx.Bucket(bucketJournal).Cursor()
		for k, v := cursor.Seek(be64(from)); k != nil && size < readChunk; k, v = cursor.Next() {
			seq := binary.BigEndian.Uint64(k)
			if want := from + uint64(len(chunk)); seq != want {
				return fmt.Errorf("%w: journal entry %d is missing, %d follows", ErrCorrupt, want, seq)
			}
			entry, err := verified(v)
			if err != nil {
				return fmt.Errorf("journal entry %d: %w", seq, err)
			}
			chunk = append(chunk, entry)
			if size += len(v); seq == last {
				break
			}
		}
		if len(chunk) == 0 {
			return fmt.Errorf("%w: journal entry %d is missing", ErrCorrupt, from)
		}
		return nil
	})
	return chunk, err
}

// JournalRange is the number of the oldest and the newest entry in the database; last is first-1 when there is none.
func (s *Store) JournalRange() (first, last uint64, err error) {
	err = s.view("find the journal's ends", func(tx *bolt.Tx) error {
		last = nextJournalSeq(tx) - 1
		first = last + 1
		if k, _ := tx.Bucket(bucketJournal).Cursor().First(); k != nil {
			first = binary.BigEndian.Uint64(k)
		}
		return nil
	})
	return first, last, err
}

// nextJournalSeq is the number of the entry that comes next. When everything was pruned a snapshot tells it.
func nextJournalSeq(tx *bolt.Tx) uint64 {
	next := uint64(1)
	if k, _ := tx.Bucket(bucketJournal).Cursor().Last(); k != nil {
		next = binary.BigEndian.Uint64(k) + 1
	}
	if k, _ := tx.Bucket(bucketSnapshots).Cursor().Last(); k != nil {
		next = max(next, binary.BigEndian.Uint64(k)+1)
	}
	return next
}

// checksummed is data behind its CRC-32C.
func checksummed(data []byte) []byte {
	value := make([]byte, 0, 4+len(data))
	value = binary.BigEndian.AppendUint32(value, crc32.Checksum(data, castagnoli))
	return append(value, data...)
}

// verified undoes checksummed, with a copy.
func verified(value []byte) ([]byte, error) {
	if len(value) < 4 {
		return nil, fmt.Errorf("%w: %d bytes are too few", ErrCorrupt, len(value))
	}
	data := value[4:]
	if crc32.Checksum(data, castagnoli) != binary.BigEndian.Uint32(value) {
		return nil, fmt.Errorf("%w: checksum does not match", ErrCorrupt)
	}
	return append([]byte{}, data...), nil
}
