package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

// inDatabase is the number of the last journal entry that is in the database, not only in the log.
func inDatabase(t *testing.T, s *Store) (last uint64) {
	t.Helper()
	if err := s.db.View(func(tx *bolt.Tx) error { last = nextJournalSeq(tx) - 1; return nil }); err != nil {
		t.Fatal(err)
	}
	return last
}

// crash opens a copy of what a kill would leave now, after a change to it.
func crash(t *testing.T, s *Store, change func(path string)) (*Store, error) {
	t.Helper()
	if err := s.Write(t.Context(), s.Batch()); err != nil { // nothing is written while the files are copied
		t.Fatal(err)
	}
	path := copyFiles(t, s)
	if change != nil {
		change(path)
	}
	again, err := Open(path, Options{})
	if err == nil {
		t.Cleanup(func() { again.Close() })
	}
	return again, err
}

// copyFiles copies database, log and key as they are now.
func copyFiles(t *testing.T, s *Store) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "contactd.db")
	for _, suffix := range []string{"", ".wal", ".key"} {
		content, err := os.ReadFile(s.path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+suffix, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestEntriesInTheLogOnlyAreReadAndRecovered(t *testing.T) {
	s := openTest(t, Options{})
	appendEntries(t, s, 1, 3)
	appendEntries(t, s, 4, 4)
	if last := inDatabase(t, s); last != 0 {
		t.Fatalf("the database has entries to %d already: the test shows nothing", last)
	}
	for _, from := range []uint64{1, 2, 4} {
		if first, last := readAll(t, s.ReadJournal, from); first != from || last != 4 {
			t.Errorf("from %d: read %d to %d", from, first, last)
		}
	}
	again, err := crash(t, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if first, last := readAll(t, again.ReadJournal, 1); first != 1 || last != 4 || inDatabase(t, again) != 4 {
		t.Errorf("recovered %d to %d", first, last)
	}
	appendEntries(t, again, 5, 5)
	twice, err := crash(t, again, nil) // the new log begins over the old frames
	if err != nil {
		t.Fatal(err)
	}
	if first, last := readAll(t, twice.ReadJournal, 1); first != 1 || last != 5 {
		t.Errorf("recovered %d to %d", first, last)
	}
}

func TestATornFrameIsNotRecovered(t *testing.T) {
	s := openTest(t, Options{})
	appendEntries(t, s, 1, 2)
	appendEntries(t, s, 3, 5)
	again, err := crash(t, s, func(path string) {
		content, _ := os.ReadFile(path + ".wal")
		content[walHead+walAlign+walFrame+5] ^= 1 // in the first entry of the second frame
		os.WriteFile(path+".wal", content, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	if first, last := readAll(t, again.ReadJournal, 1); first != 1 || last != 2 {
		t.Errorf("recovered %d to %d: a batch is there in part", first, last)
	}
}

func TestASnapshotTakesTheLogAlong(t *testing.T) {
	s := openTest(t, Options{})
	appendEntries(t, s, 1, 5)
	if err := s.PutSnapshot(t.Context(), 3, []byte("state")); err != nil {
		t.Fatal(err)
	}
	if last := inDatabase(t, s); last != 5 {
		t.Errorf("the database ends at %d", last)
	}
	appendEntries(t, s, 6, 6)
	again, err := crash(t, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if first, last := readAll(t, again.ReadJournal, 1); first != 1 || last != 6 {
		t.Errorf("read %d to %d", first, last)
	}
}

func TestJournalAndOtherThingsInOneBatch(t *testing.T) {
	s := openTest(t, Options{})
	appendEntries(t, s, 1, 2)
	b := s.Batch()
	b.AppendJournal([]byte("entry 3"))
	b.PutEntry(s.Table("t"), "k", nil, time.Time{})
	if err := s.Write(t.Context(), b); err != nil || b.FirstSeq() != 3 {
		t.Fatalf("first %d, %v", b.FirstSeq(), err)
	}
	appendEntries(t, s, 4, 4)
	refused := s.Batch()
	refused.AppendJournal([]byte("not there"))
	refused.PutNewEntry(s.Table("t"), "k", nil, time.Time{})
	if err := s.Write(t.Context(), refused); !errors.Is(err, ErrExists) {
		t.Fatal(err)
	}
	appendEntries(t, s, 5, 5)
	if first, last := readAll(t, s.ReadJournal, 1); first != 1 || last != 5 {
		t.Errorf("read %d to %d", first, last)
	}
}

func TestAFullLogIsMovedIntoTheDatabase(t *testing.T) {
	s := openTest(t, Options{})
	s.Close()
	const size = 64 << 10 // a smaller log is as good
	if err := os.Truncate(s.path+".wal", size); err != nil {
		t.Fatal(err)
	}
	s, err := Open(s.path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	large := bytes.Repeat([]byte{'x'}, size/3)
	for i := range 7 {
		if first, err := s.Append(t.Context(), [][]byte{large}); err != nil || first != uint64(i+1) {
			t.Fatalf("%d: %v", first, err)
		}
	}
	huge := bytes.Repeat([]byte{'y'}, size+1) // never fits the log
	if first, err := s.Append(t.Context(), [][]byte{huge, large}); err != nil || first != 8 {
		t.Fatalf("%d: %v", first, err)
	}
	if first, err := s.Append(t.Context(), [][]byte{large}); err != nil || first != 10 {
		t.Fatalf("%d: %v", first, err)
	}
	again, err := crash(t, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int
	if err := again.ReadJournal(t.Context(), 1, func(_ uint64, entry []byte) error { sizes = append(sizes, len(entry)); return nil }); err != nil {
		t.Fatal(err)
	}
	want := append(slices.Repeat([]int{len(large)}, 7), len(huge), len(large), len(large))
	if !slices.Equal(sizes, want) {
		t.Errorf("sizes %v", sizes)
	}
}

// While one area waits to be moved the other is written; a crash then loses neither.
func TestBothAreasAreRecovered(t *testing.T) {
	s := openTest(t, Options{})
	large := bytes.Repeat([]byte{'x'}, (walSize-walHead)/4+1) // one fits an area, two do not
	busy, err := s.db.Begin(true)                             // nothing can be moved
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := s.Append(t.Context(), [][]byte{large}); err != nil {
			t.Fatal(err)
		}
	}
	path := copyFiles(t, s)
	if err := busy.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), s.Batch()); err != nil { // comes behind the move
		t.Fatal(err)
	}
	if last := inDatabase(t, s); last != 1 {
		t.Errorf("the database ends at %d: the full area was not moved alone", last)
	}
	if next, tail := s.journal.logged(); next != 3 || len(tail) != 1 {
		t.Errorf("next %d, %d in the log only", next, len(tail))
	}
	again, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	n := 0
	if err := again.ReadJournal(t.Context(), 1, func(_ uint64, entry []byte) error {
		if n++; !bytes.Equal(entry, large) {
			t.Errorf("entry %d has %d bytes", n, len(entry))
		}
		return nil
	}); err != nil || n != 2 {
		t.Errorf("%d entries recovered, %v", n, err)
	}
}

// Writers of the journal, of tables and of snapshots side by side, over many changes of the area: every entry is there, in
// order, while it is read and after a crash.
func TestAreasChangeUnderLoad(t *testing.T) {
	s := openTest(t, Options{})
	s.Close()
	if err := os.Truncate(s.path+".wal", 32<<10); err != nil {
		t.Fatal(err)
	}
	s, err := Open(s.path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := range 60 {
				b := s.Batch()
				b.AppendJournal(bytes.Repeat([]byte{byte(w)}, 500), []byte{byte(w), byte(i)})
				if i%20 == 19 {
					b.PutEntry(s.Table("t"), fmt.Sprint(w), nil, time.Time{})
				}
				if err := s.Write(context.Background(), b); err != nil {
					t.Error(err)
					return
				}
				if i%25 == 24 {
					if err := s.PutSnapshot(context.Background(), b.FirstSeq(), nil); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	check := func(s *Store) (n uint64) {
		last := make(map[byte]int)
		if err := s.ReadJournal(context.Background(), 1, func(seq uint64, entry []byte) error {
			if n++; seq != n {
				t.Errorf("entry %d has number %d", n, seq)
			}
			if len(entry) == 2 {
				if int(entry[1]) != last[entry[0]] {
					t.Errorf("writer %d: %d comes when %d should", entry[0], entry[1], last[entry[0]])
				}
				last[entry[0]]++
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
		return n
	}
	for check(s) < 200 && !t.Failed() {
		if err := s.Write(t.Context(), s.Batch()); err != nil {
			t.Fatal(err)
		}
	}
	writers.Wait()
	again, err := crash(t, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := check(again); n != 4*60*2 {
		t.Errorf("%d entries recovered", n)
	}
}

func TestALogThatDoesNotBelongIsRefused(t *testing.T) {
	s, other := openTest(t, Options{}), openTest(t, Options{})
	appendEntries(t, s, 1, 3)
	if _, err := crash(t, s, func(path string) {
		content, _ := os.ReadFile(other.path + ".wal")
		os.WriteFile(path+".wal", content, 0o600)
	}); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "not the log of this database") {
		t.Errorf("another's: %v", err)
	}

	// A backup from before is put back beside a log that has gone on.
	var before bytes.Buffer
	if _, err := s.Backup(&before); err != nil {
		t.Fatal(err)
	}
	appendEntries(t, s, 4, 6)
	if err := s.checkpoint(); err != nil {
		t.Fatal(err)
	}
	appendEntries(t, s, 7, 7)
	restore := func(path string) { os.WriteFile(path, before.Bytes(), 0o600) }
	if _, err := crash(t, s, restore); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "goes on at journal entry 7, the database ends at 3") {
		t.Errorf("gone on: %v", err)
	}
	again, err := crash(t, s, func(path string) { restore(path); os.Remove(path + ".wal") })
	if err != nil {
		t.Fatal(err)
	}
	if first, last := readAll(t, again.ReadJournal, 1); first != 1 || last != 3 {
		t.Errorf("restored %d to %d", first, last)
	}
}

func TestReadingOnlySeesTheLog(t *testing.T) {
	s := openTest(t, Options{})
	appendEntries(t, s, 1, 2)
	s = reopen(t, s)
	appendEntries(t, s, 3, 4)
	path := copyFiles(t, s)
	wal, _ := os.ReadFile(path + ".wal")
	reader, err := Open(path, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if first, last := readAll(t, reader.ReadJournal, 1); first != 1 || last != 4 || inDatabase(t, reader) != 2 {
		t.Errorf("read %d to %d", first, last)
	}
	if after, _ := os.ReadFile(path + ".wal"); !bytes.Equal(wal, after) {
		t.Error("reading wrote to the log")
	}
}

// When the log cannot be written, neither committer writes any more.
func TestABrokenLogIsFinalForAll(t *testing.T) {
	s := openTest(t, Options{})
	appendEntries(t, s, 1, 1)
	s.journal.wal.file.Close()
	if _, err := s.Append(t.Context(), [][]byte{{1}}); !errors.Is(err, ErrFailed) {
		t.Fatalf("append: %v", err)
	}
	if err := s.Table("t").Put(t.Context(), "k", nil, time.Time{}); !errors.Is(err, ErrFailed) {
		t.Fatalf("put: %v", err)
	}
	<-s.Failed()
	if first, last := readAll(t, s.ReadJournal, 1); first != 1 || last != 1 {
		t.Errorf("read %d to %d", first, last)
	}
}

func FuzzScanWAL(f *testing.F) {
	one := appendFrame(nil, 7, 1, [][]byte{[]byte("a"), nil})
	f.Add(one, uint16(3))
	f.Add(appendFrame(bytes.Clone(one), 7, 3, [][]byte{bytes.Repeat([]byte("b"), 600)}), uint16(700))
	f.Add(appendFrame(bytes.Clone(one), 8, 3, [][]byte{[]byte("of another generation")}), uint16(0))
	f.Fuzz(func(t *testing.T, data []byte, flip uint16) {
		if _, entries := scanWAL(data); len(entries) > len(data) {
			t.Fatalf("%d entries out of %d bytes", len(entries), len(data))
		}
		// Behind a whole frame, whatever follows: the frame is recovered, and nothing of a damaged one.
		whole := appendFrame(nil, 1, 5, [][]byte{data, []byte("second")})
		first, entries := scanWAL(append(bytes.Clone(whole), data...))
		if first != 5 || len(entries) < 2 || !bytes.Equal(entries[0], data) {
			t.Fatalf("first %d, %d entries", first, len(entries))
		}
		damaged := bytes.Clone(whole)
		damaged[int(flip)%(walFrame+4+len(data)+4+6)] ^= 0x10
		if _, entries := scanWAL(damaged); len(entries) != 0 {
			t.Fatalf("a damaged frame gave %s", fmt.Sprint(entries))
		}
	})
}
