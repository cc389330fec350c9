package store

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

func appendEntries(t *testing.T, s *Store, from, to int) {
	t.Helper()
	var entries [][]byte
	for i := from; i <= to; i++ {
		entries = append(entries, fmt.Appendf(nil, "entry %d", i))
	}
	first, err := s.Append(t.Context(), entries)
	if err != nil || first != uint64(from) {
		t.Fatalf("appended at %d, wanted %d: %v", first, from, err)
	}
}

type reader func(ctx context.Context, from uint64, fn func(uint64, []byte) error) error

// readAll reads and checks that number and content agree; it returns the first and last number.
func readAll(t *testing.T, read reader, from uint64) (first, last uint64) {
	t.Helper()
	err := read(t.Context(), from, func(seq uint64, entry []byte) error {
		if first == 0 {
			first = seq
		} else if seq != last+1 {
			t.Errorf("%d follows %d", seq, last)
		}
		if want := fmt.Sprintf("entry %d", seq); string(entry) != want {
			t.Errorf("entry %d is %q", seq, entry)
		}
		last = seq
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return first, last
}

func TestTheJournalGoesOnAfterReopening(t *testing.T) {
	s := openTest(t, Options{})
	appendEntries(t, s, 1, 3)
	s = reopen(t, s)
	appendEntries(t, s, 4, 5)
	if first, last := readAll(t, s.ReadJournal, 0); first != 1 || last != 5 {
		t.Fatalf("read %d to %d", first, last)
	}
	if first, last := readAll(t, s.ReadJournal, 4); first != 4 || last != 5 {
		t.Fatalf("read %d to %d", first, last)
	}
	if first, _ := readAll(t, s.ReadJournal, 6); first != 0 {
		t.Fatalf("behind the end there is %d", first)
	}
}

func TestReadingGoesBeyondOneChunk(t *testing.T) {
	s := openTest(t, Options{})
	large := bytes.Repeat([]byte{'x'}, readChunk/2+1)
	if _, err := s.Append(t.Context(), [][]byte{large, large, large, large, large}); err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := s.ReadJournal(t.Context(), 1, func(seq uint64, entry []byte) error {
		if n++; int(seq) != n || !bytes.Equal(entry, large) {
			t.Errorf("entry %d, as number %d, has %d bytes", seq, n, len(entry))
		}
		return nil
	}); err != nil || n != 5 {
		t.Fatalf("%d entries, %v", n, err)
	}
}

func TestADamagedOrMissingEntryIsFound(t *testing.T) {
	ignore := func(uint64, []byte) error { return nil }
	s := openTest(t, Options{})
	appendEntries(t, s, 1, 3)
	s = reopen(t, s) // moves them from the log into the database
	change := func(fn func(journal *bolt.Bucket) error) {
		if err := s.db.Update(func(tx *bolt.Tx) error { return fn(tx.Bucket(bucketJournal)) }); err != nil {
			t.Fatal(err)
		}
	}
	change(func(journal *bolt.Bucket) error {
		value := bytes.Clone(journal.Get(be64(2)))
		value[len(value)-1] ^= 1
		return journal.Put(be64(2), value)
	})
	if err := s.ReadJournal(t.Context(), 1, ignore); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "entry 2") {
		t.Errorf("damaged: %v", err)
	}
	change(func(journal *bolt.Bucket) error { return journal.Delete(be64(2)) })
	if err := s.ReadJournal(t.Context(), 1, ignore); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "2 is missing") {
		t.Errorf("missing: %v", err)
	}
}

func TestABrokenSnapshotFallsBackToTheOneBefore(t *testing.T) {
	s := openTest(t, Options{})
	if seq, state, err := s.LatestSnapshot(); seq != 0 || state != nil || err != nil {
		t.Fatalf("empty store: %d %q %v", seq, state, err)
	}
	appendEntries(t, s, 1, 9)
	if err := s.PutSnapshot(t.Context(), 10, nil); err == nil {
		t.Fatal("a snapshot ahead of the journal was kept")
	}
	for _, seq := range []uint64{3, 5, 8} {
		if err := s.PutSnapshot(t.Context(), seq, fmt.Appendf(nil, "state %d", seq)); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(before, want uint64) {
		t.Helper()
		seq, state, err := s.SnapshotBefore(before)
		if err != nil || seq != want || want > 0 && string(state) != fmt.Sprintf("state %d", want) {
			t.Fatalf("snapshot %d %q %v, wanted %d", seq, state, err, want)
		}
	}
	expect(100, 8)
	expect(8, 5)
	expect(5, 0) // the third last went
	damage := func(seq uint64) {
		s.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(bucketSnapshots).Put(be64(seq), []byte("torn state")) })
	}
	damage(8)
	expect(100, 5)
	damage(5)
	expect(100, 0)
}

func TestPrunedEntriesAreInTheArchive(t *testing.T) {
	now := time.Now()
	s := openTest(t, Options{Now: func() time.Time { return now }, ArchiveRetention: time.Hour})
	appendEntries(t, s, 1, 10)
	if err := s.PutSnapshot(t.Context(), 4, []byte("a")); err != nil {
		t.Fatal(err)
	}
	if n, err := s.PruneJournal(t.Context()); n != 0 || err != nil {
		t.Fatalf("with one snapshot %d went, %v", n, err)
	}
	if err := s.PutSnapshot(t.Context(), 10, []byte("b")); err != nil {
		t.Fatal(err)
	}
	if n, err := s.PruneJournal(t.Context()); n != 4 || err != nil {
		t.Fatalf("%d went, %v", n, err)
	}
	if err := s.ReadJournal(t.Context(), 1, nil); !errors.Is(err, ErrPruned) {
		t.Fatalf("got %v", err)
	}
	if first, last := readAll(t, s.ReadArchive, 1); first != 1 || last != 4 {
		t.Fatalf("archive has %d to %d", first, last)
	}
	if first, last := readAll(t, s.ReadJournal, 5); first != 5 || last != 10 {
		t.Fatalf("journal has %d to %d", first, last)
	}

	// All but the last snapshot's entries go; numbering still goes on.
	appendEntries(t, s, 11, 12)
	if err := s.PutSnapshot(t.Context(), 12, []byte("c")); err != nil {
		t.Fatal(err)
	}
	if err := s.PutSnapshot(t.Context(), 11, []byte("late")); err != nil { // kept: 11 and 12
		t.Fatal(err)
	}
	if n, err := s.PruneJournal(t.Context()); n != 7 || err != nil {
		t.Fatalf("%d went, %v", n, err)
	}
	s = reopen(t, s)
	appendEntries(t, s, 13, 13)
	if first, last := readAll(t, s.ReadArchive, 3); first != 3 || last != 11 {
		t.Fatalf("archive has %d to %d", first, last)
	}

	now = now.Add(2 * time.Hour)
	if n, err := s.Sweep(t.Context()); n != 2 || err != nil {
		t.Fatalf("%d segments thrown away, %v", n, err)
	}
	if first, _ := readAll(t, s.ReadArchive, 1); first != 0 {
		t.Fatalf("archive still has %d", first)
	}
}

func TestASegmentWrittenTwiceIsReadOnce(t *testing.T) {
	s := openTest(t, Options{})
	appendEntries(t, s, 1, 6)
	for _, through := range []uint64{3, 5} { // a crash came between archiving to 3 and deleting
		if _, err := s.archiveSegment(t.Context(), 1, through); err != nil {
			t.Fatal(err)
		}
	}
	if first, last := readAll(t, s.ReadArchive, 1); first != 1 || last != 5 {
		t.Fatalf("archive has %d to %d", first, last)
	}
	paths, _ := filepath.Glob(filepath.Join(s.archivePath(), "*"))
	if len(paths) != 2 {
		t.Fatalf("files %v", paths)
	}
	content, _ := os.ReadFile(paths[1])
	os.WriteFile(paths[1], content[:len(content)/2], 0o600)
	if err := s.ReadArchive(t.Context(), 1, func(uint64, []byte) error { return nil }); err == nil {
		t.Fatal("a cut archive was read without an error")
	}
}

func FuzzReadArchived(f *testing.F) {
	var good bytes.Buffer
	writeArchived(&good, 1, []byte("entry"))
	writeArchived(&good, 300, bytes.Repeat([]byte("long "), 100))
	f.Add(good.Bytes())
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0x1f})
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bufio.NewReader(bytes.NewReader(data))
		var again bytes.Buffer
		for {
			seq, entry, err := readArchived(r)
			if err != nil {
				break
			}
			if err := writeArchived(&again, seq, entry); err != nil {
				t.Fatal(err)
			}
			if len(entry) > len(data) {
				t.Fatalf("%d bytes out of %d", len(entry), len(data))
			}
		}
		r = bufio.NewReader(&again) // what was read is written and read alike
		for {
			if _, _, err := readArchived(r); errors.Is(err, ErrCorrupt) {
				t.Fatalf("own writing is not read: %v", err)
			} else if err != nil {
				break
			}
		}
	})
}
