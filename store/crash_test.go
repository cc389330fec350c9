package store

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// crashPath, when set, makes this test binary a writer that acknowledges on its output until it is killed.
const crashPath = "CONTACTD_STORE_CRASH_PATH"

const crashWriters = 8

func TestMain(m *testing.M) {
	if path := os.Getenv(crashPath); path != "" {
		fmt.Println("writer ended:", writeUntilKilled(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeUntilKilled has each writer put a journal entry, a room operation and a record into one batch, and say so after
// the commit.
func writeUntilKilled(path string) error {
	s, err := Open(path, Options{})
	if err != nil {
		return err
	}
	var out sync.Mutex
	failed := make(chan error, crashWriters)
	for w := range crashWriters {
		go func() {
			room := fmt.Sprintf("%016x%016x", w, s.Boot())
			for n := uint64(1); ; n++ {
				b := s.Batch()
				b.AppendJournal(fmt.Appendf(nil, "%s %d", room, n))
				b.AppendRoom(room, RoomOperation{Offset: n, Client: "c", Number: n, Data: fmt.Append(nil, n)})
				b.PutRecord(room, time.Unix(int64(n), 0), fmt.Append(nil, n))
				if err := s.Write(context.Background(), b); err != nil {
					failed <- err
					return
				}
				out.Lock()
				fmt.Println(b.FirstSeq(), room, n)
				out.Unlock()
			}
		}()
	}
	return <-failed
}

// TestKilledInTheMiddleOfCommits kills a writing process several times: whatever it acknowledged is there, and each
// batch is there whole or not at all.
func TestKilledInTheMiddleOfCommits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "contactd.db")
	acknowledged := make(map[uint64]string)
	for round := range 5 {
		killWriter(t, path, 50+37*round, acknowledged)
		s, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		verifyAfterCrash(t, s, acknowledged)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killWriter kills the writer with SIGKILL after so many acknowledgements and notes all that it managed to say.
func killWriter(t *testing.T, path string, after int, acknowledged map[uint64]string) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashPath+"="+path)
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	n := 0
	for ; lines.Scan(); n++ {
		if n == after {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		var seq, number uint64
		var room string
		if _, err := fmt.Sscan(lines.Text(), &seq, &room, &number); err != nil {
			if n > after {
				break // the last line may be cut by the kill
			}
			t.Fatalf("the writer says %q", lines.Text())
		}
		acknowledged[seq] = fmt.Sprintf("%s %d", room, number)
	}
	if err := child.Wait(); err == nil || n < after {
		t.Fatalf("the writer ended by itself after %d lines: %v", n, err)
	}
}

func verifyAfterCrash(t *testing.T, s *Store, acknowledged map[uint64]string) {
	t.Helper()
	last := make(map[string]string) // room → number of its last journal entry
	found := 0
	if err := s.ReadJournal(t.Context(), 1, func(seq uint64, entry []byte) error {
		if want, ok := acknowledged[seq]; ok {
			if found++; string(entry) != want {
				t.Errorf("journal entry %d is %q, acknowledged was %q", seq, entry, want)
			}
		}
		room, number, _ := strings.Cut(string(entry), " ")
		last[room] = number
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if found != len(acknowledged) {
		t.Fatalf("%d of %d acknowledged entries are there", found, len(acknowledged))
	}
	for id, number := range last {
		room, err := s.Room(id)
		if err != nil {
			t.Fatal(err)
		}
		record, err := s.Record(id)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(room.Last); got != number || room.Clients["c"] != room.Last || string(record.Data) != number {
			t.Errorf("torn: room %s ends at %s (client %d), record %s, journal %s", id, got, room.Clients["c"], record.Data, number)
		}
		operations := uint64(0)
		if err := s.ReadRoom(t.Context(), id, 1, func(op RoomOperation) error { operations++; return nil }); err != nil || operations != room.Last {
			t.Errorf("room %s has %d operations of %d: %v", id, operations, room.Last, err)
		}
	}
}

// A file cut short, as a broken disk or a partial copy leaves it, is refused and not taken for an empty one.
func TestATruncatedFileIsRefused(t *testing.T) {
	s := openTest(t, Options{})
	if _, err := s.Append(t.Context(), [][]byte{make([]byte, 100_000)}); err != nil {
		t.Fatal(err)
	}
	s.Close()
	content, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	page := int(binary.LittleEndian.Uint32(content[24:])) // bbolt's meta: magic, version, page size
	for _, keep := range []int{1, page / 2, page, 3 * page, 5 * page} {
		if err := os.WriteFile(s.path, content[:keep], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(s.path, Options{}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("a file of %d bytes: %v", keep, err)
		}
	}
}

func FuzzCheckLength(f *testing.F) {
	path := filepath.Join(f.TempDir(), "contactd.db")
	s, err := Open(path, Options{})
	if err != nil {
		f.Fatal(err)
	}
	s.Close()
	content, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content[:len(content)/2])
	f.Add(content[:100])
	f.Add([]byte("no database"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "contactd.db")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		switch err := checkLength(path); {
		case err == nil && len(data) > 0 && len(data) < 512: // a page is the least that a database has
			t.Fatalf("%d bytes pass", len(data))
		case err != nil && !errors.Is(err, ErrCorrupt):
			t.Fatal(err)
		}
	})
}
