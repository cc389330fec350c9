package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"sync"

	bolt "go.etcd.io/bbolt"
)

// readChunk bounds what one read transaction copies, so that a long read holds no old pages.
const readChunk = 1 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// journal is the entries' way onto the disk. A batch of journal entries alone is committed to the write-ahead log, which
// takes one sync where the database takes two. When an area of the log is full the other is written, and the full one's
// entries are moved into the database meanwhile; so are all when a batch rests on them, and when the store is closed or
// opened.
//
// The lock is taken inside a write transaction or without one, never the other way round, and never in a read
// transaction.
type journal struct {
	mu     sync.Mutex
	wal    *wal     // nil when reading only
	next   uint64   // number of the next entry
	moving [][]byte // entries of the full area, which are being moved; not changed any more
	tail   [][]byte // entries of the active area, which follow them
}

// firstLogged is the number of the first entry that is in the log only; the lock is held.
func (j *journal) firstLogged() uint64 { return j.next - uint64(len(j.tail)) - uint64(len(j.moving)) }

// AppendJournal adds entries to the journal. Their numbers are given at the commit and follow each other; the first is
// [Batch.FirstSeq]. Numbers begin at 1 and have no gaps.
func (b *Batch) AppendJournal(entries ...[]byte) {
	for _, entry := range entries {
		if !b.fits("journal entry", len(entry)) {
			return
		}
		b.size += len(entry) + 16
	}
	b.journal = append(b.journal, entries...)
}

// commitJournal writes a group of batches that hold journal entries alone.
func (s *Store) commitJournal(group []*Batch, _ []error) error {
	var entries [][]byte
	payload := 0
	for _, b := range group {
		entries = append(entries, b.journal...)
	}
	for _, entry := range entries {
		payload += 4 + len(entry)
	}
	j := &s.journal
	j.mu.Lock()
	full := !j.wal.fits(payload)
	if full && (len(j.moving) > 0 || !j.wal.fitsEmpty(payload)) {
		j.mu.Unlock()
		return s.emptyLog(func(tx *bolt.Tx) error {
			for _, b := range group {
				if err := j.put(tx, b); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if full {
		j.moving, j.tail = j.tail, nil
		j.wal.begin(1 - j.wal.active)
	}
	err := j.wal.append(j.next, entries)
	if err == nil {
		for _, b := range group {
			b.firstSeq = j.next
			j.next += uint64(len(b.journal))
		}
		j.tail = append(j.tail, entries...)
	}
	j.mu.Unlock()
	if err != nil {
		return fmt.Errorf("write the journal's log: %w", err)
	}
	if full {
		// A committer that takes nothing any more is being closed, which moves everything.
		_ = s.committer.submit(&Batch{store: s, moves: true, done: func(error) {}})
	}
	return nil
}

// move moves the full area's entries into the database, and has fn write, in one transaction. Nobody waits for it who
// writes to the log.
func (s *Store) move(fn func(tx *bolt.Tx) error) error {
	j := &s.journal
	j.mu.Lock()
	first, moving := j.firstLogged(), j.moving
	j.mu.Unlock()
	if err := s.db.Update(func(tx *bolt.Tx) error {
		if err := putEntries(tx, first, moving); err != nil {
			return err
		}
		return fn(tx)
	}); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	// Otherwise all was moved meanwhile, and another area may be full by now.
	if len(moving) > 0 && j.firstLogged() == first {
		j.moving = nil
	}
	return nil
}

// emptyLog moves all of the log's entries into the database, and then has fn write, in one transaction.
func (s *Store) emptyLog(fn func(tx *bolt.Tx) error) error {
	j := &s.journal
	locked := false
	before := uint64(0)
	err := s.db.Update(func(tx *bolt.Tx) error {
		j.mu.Lock() // until the transaction has ended
		locked, before = true, j.next
		if err := putEntries(tx, j.firstLogged(), j.moving); err != nil {
			return err
		}
		if err := putEntries(tx, j.next-uint64(len(j.tail)), j.tail); err != nil {
			return err
		}
		return fn(tx)
	})
	if !locked {
		return err
	}
	defer j.mu.Unlock()
	if err != nil {
		j.next = before
		return err
	}
	j.moving, j.tail = nil, nil
	j.wal.begin(j.wal.active)
	return nil
}

// put writes a batch's entries into the database, when nothing is left in the log.
func (j *journal) put(tx *bolt.Tx, b *Batch) error {
	b.firstSeq = j.next
	j.next += uint64(len(b.journal))
	return putEntries(tx, b.firstSeq, b.journal)
}

func putEntries(tx *bolt.Tx, first uint64, entries [][]byte) error {
	bucket := tx.Bucket(bucketJournal)
	bucket.FillPercent = 1 // keys only grow
	for i, entry := range entries {
		if err := bucket.Put(be64(first+uint64(i)), checksummed(entry)); err != nil {
			return fmt.Errorf("append to the journal: %w", err)
		}
	}
	return nil
}

// openJournal finds the journal's end and moves into the database what a crash left in the log.
func (s *Store) openJournal() error {
	var next uint64
	if err := s.db.View(func(tx *bolt.Tx) error {
		next = nextJournalSeq(tx)
		return nil
	}); err != nil {
		return err
	}
	j := &s.journal
	var err error
	if j.wal, j.tail, err = openWAL(s.path+".wal", s.installation, next, s.options.ReadOnly); err != nil {
		return err
	}
	j.next = next + uint64(len(j.tail))
	if s.options.ReadOnly {
		return nil
	}
	return s.checkpoint()
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
	if next, tail := s.journal.logged(); from >= next-uint64(len(tail)) && from < next {
		for _, entry := range tail[from-(next-uint64(len(tail))):] {
			if chunk = append(chunk, bytes.Clone(entry)); from+uint64(len(chunk)) > last {
				break
			}
		}
		return chunk, nil
	}
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
	next, tail := s.journal.logged()
	first, last = next-uint64(len(tail)), next-1
	err = s.view("find the journal's ends", func(tx *bolt.Tx) error {
		if k, _ := tx.Bucket(bucketJournal).Cursor().First(); k != nil {
			first = binary.BigEndian.Uint64(k)
		}
		return nil
	})
	return first, last, err
}

// logged is the number of the next entry, and the entries before it that are in the log only. It must not be called in
// a transaction.
func (j *journal) logged() (next uint64, tail [][]byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.next, slices.Concat(j.moving, j.tail)
}

// nextJournalSeq is the number of the entry that comes next in the database. When everything was pruned a snapshot tells
// it.
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
