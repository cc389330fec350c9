package store

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
)

// An archive segment is a gzip file named <first>-<last>.journal.gz that holds, for each entry, its number and length
// (unsigned varints) and its checksummed bytes.
const segmentName = "%020d-%020d.journal.gz"

const (
	// segmentEntries bounds the entries of one segment, segmentBytes their bytes.
	segmentEntries = 100_000
	segmentBytes   = 64 << 20
	// pruneChunk is how many entries one batch deletes.
	pruneChunk = 2_000
)

func (s *Store) archivePath() string { return s.path + ".archive" }

// PruneJournal moves the entries that no kept snapshot needs into compressed segments, and returns how many moved. It
// does nothing until there are two snapshots, so that a broken one never leaves a gap.
func (s *Store) PruneJournal(ctx context.Context) (int, error) {
	var through uint64
	if err := s.view("prune the journal", func(tx *bolt.Tx) error {
		cursor := tx.Bucket(bucketSnapshots).Cursor()
		oldest, _ := cursor.First()
		if newest, _ := cursor.Last(); oldest != nil && string(oldest) != string(newest) {
			through = binary.BigEndian.Uint64(oldest)
		}
		return nil
	}); err != nil {
		return 0, err
	}
	total := 0
	for {
		first, _, err := s.JournalRange()
		if err != nil || first > through {
			return total, err
		}
		last, err := s.archiveSegment(ctx, first, through)
		if err != nil {
			return total, fmt.Errorf("store: archive the journal from %d: %w", first, err)
		}
		if err := s.deleteJournal(ctx, first, last); err != nil {
			return total, err
		}
		total += int(last - first + 1)
	}
}

// archiveSegment writes one segment from first on, up to through; it is on the disk when this returns.
func (s *Store) archiveSegment(ctx context.Context, first, through uint64) (last uint64, err error) {
	if err := os.MkdirAll(s.archivePath(), 0o700); err != nil {
		return 0, err
	}
	temporary := filepath.Join(s.archivePath(), fmt.Sprintf("%020d.part", first))
	if err := writeFile(temporary, func(f *os.File) error {
		buffered := bufio.NewWriterSize(f, 1<<16)
		zip := gzip.NewWriter(buffered)
		entries, size := 0, 0
		for next := first; next <= through && entries < segmentEntries && size < segmentBytes; {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			chunk, err := s.journalChunk(next, through)
			if err != nil {
				return err
			}
			for _, entry := range chunk {
				if err := writeArchived(zip, next, entry); err != nil {
					return err
				}
				last = next
				next++
				entries++
				size += len(entry)
			}
		}
		return errors.Join(zip.Close(), buffered.Flush())
	}); err != nil {
		return 0, err
	}
	return last, os.Rename(temporary, filepath.Join(s.archivePath(), fmt.Sprintf(segmentName, first, last)))
}

func (s *Store) deleteJournal(ctx context.Context, first, last uint64) error {
	for first <= last {
		end := min(last, first+pruneChunk-1)
		b := s.Batch()
		b.add(0, operation{apply: func(tx *bolt.Tx) error {
			journal := tx.Bucket(bucketJournal)
			for seq := first; seq <= end; seq++ {
				if err := journal.Delete(be64(seq)); err != nil {
					return fmt.Errorf("prune the journal: %w", err)
				}
			}
			return nil
		}})
		if err := s.Write(ctx, b); err != nil {
			return fmt.Errorf("store: prune the journal: %w", err)
		}
		first = end + 1
	}
	return nil
}

func writeArchived(w io.Writer, seq uint64, entry []byte) error {
	value := checksummed(entry)
	head := binary.AppendUvarint(nil, seq)
	head = binary.AppendUvarint(head, uint64(len(value)))
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err := w.Write(value)
	return err
}

// readArchived reads one entry; io.EOF at the end.
func readArchived(r *bufio.Reader) (seq uint64, entry []byte, err error) {
	if seq, err = binary.ReadUvarint(r); err != nil {
		if errors.Is(err, io.EOF) {
			return 0, nil, err
		}
		return 0, nil, fmt.Errorf("%w: entry number: %w", ErrCorrupt, err)
	}
	length, err := binary.ReadUvarint(r)
	if err != nil || length > maxValue+4 {
		return 0, nil, fmt.Errorf("%w: entry %d: bad length", ErrCorrupt, seq)
	}
	// The length is not believed before the bytes are there.
	value, err := io.ReadAll(io.LimitReader(r, int64(length)))
	if err != nil || uint64(len(value)) != length {
		return 0, nil, fmt.Errorf("%w: entry %d is cut off", ErrCorrupt, seq)
	}
	if entry, err = verified(value); err != nil {
		return 0, nil, fmt.Errorf("entry %d: %w", seq, err)
	}
	return seq, entry, nil
}

// segment is one archive file.
type segment struct {
	path        string
	first, last uint64
	modified    time.Time
}

// segments lists the archive, oldest first.
func (s *Store) segments() ([]segment, error) {
	files, err := os.ReadDir(s.archivePath())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: list the archive: %w", err)
	}
	var found []segment
	for _, file := range files {
		var part segment
		if n, _ := fmt.Sscanf(file.Name(), segmentName, &part.first, &part.last); n != 2 {
			continue
		}
		info, err := file.Info()
		if err != nil {
			return nil, fmt.Errorf("store: list the archive: %w", err)
		}
		part.path, part.modified = filepath.Join(s.archivePath(), file.Name()), info.ModTime()
		found = append(found, part)
	}
	slices.SortFunc(found, func(a, b segment) int { return int(int64(a.first) - int64(b.first)) })
	return found, nil
}

// ReadArchive calls fn for each archived entry from number from on. Entries whose segments were thrown away are left
// out: the first number tells. Go on with [Store.ReadJournal] behind the last.
func (s *Store) ReadArchive(ctx context.Context, from uint64, fn func(seq uint64, entry []byte) error) error {
	parts, err := s.segments()
	if err != nil {
		return err
	}
	for _, part := range parts {
		if part.last < from {
			continue
		}
		if err := readSegment(ctx, part.path, func(seq uint64, entry []byte) error {
			if seq < from { // also what a segment written again after a crash has twice
				return nil
			}
			from = seq + 1
			return fn(seq, entry)
		}); err != nil {
			return fmt.Errorf("store: read archive %s: %w", part.path, err)
		}
	}
	return nil
}

func readSegment(ctx context.Context, path string, fn func(seq uint64, entry []byte) error) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	zip, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	for r := bufio.NewReader(zip); ; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		seq, entry, err := readArchived(r)
		if errors.Is(err, io.EOF) && !errors.Is(err, ErrCorrupt) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := fn(seq, entry); err != nil {
			return err
		}
	}
}

// sweepArchive throws segments away that are older than their retention.
func (s *Store) sweepArchive() (int, error) {
	parts, err := s.segments()
	if err != nil {
		return 0, err
	}
	gone := 0
	for _, part := range parts {
		if s.options.Now().Sub(part.modified) <= s.options.ArchiveRetention {
			continue
		}
		if err := os.Remove(part.path); err != nil {
			return gone, fmt.Errorf("store: throw archive away: %w", err)
		}
		gone++
	}
	return gone, nil
}
