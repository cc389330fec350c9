package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	bolt "go.etcd.io/bbolt"
)

// disk is a slow fake in place of the transaction: it takes a second a commit and remembers the groups' sizes.
type disk struct {
	groups []int
	fail   map[int]error // by number of the commit
	refuse *Batch
}

var errRefused = errors.New("refused")

func (d *disk) write(group []*Batch, refused []error) error {
	time.Sleep(time.Second)
	d.groups = append(d.groups, len(group))
	for i, b := range group {
		if b == d.refuse {
			refused[i] = errRefused
		}
	}
	return d.fail[len(d.groups)]
}

// slowStore is a store without a database, whose commits go to the fake.
func slowStore(d *disk) *Store {
	fault := newFault()
	return &Store{committer: newCommitter(1000, fault, d.write), logger: newCommitter(1000, fault, nil)}
}

func batchOf(s *Store, size int) *Batch {
	b := s.Batch()
	b.add(size, operation{})
	return b
}

func TestAllWhoWaitShareACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		s := slowStore(d)
		var order []int
		submit := func(i int) {
			if err := s.WriteAsync(batchOf(s, 1), func(error) { order = append(order, i) }); err != nil {
				t.Error(err)
			}
		}
		submit(0)
		synctest.Wait() // the first is in flight
		for i := 1; i <= 5; i++ {
			submit(i)
		}
		if n, took := s.Pending(); n != 6 || took != 0 {
			t.Errorf("pending %d for %v", n, took)
		}
		time.Sleep(500 * time.Millisecond)
		if _, took := s.Pending(); took != 500*time.Millisecond {
			t.Errorf("the commit in flight takes %v", took)
		}
		if err := s.drain(); err != nil {
			t.Error(err)
		}
		if !slices.Equal(d.groups, []int{1, 5}) || !slices.Equal(order, []int{0, 1, 2, 3, 4, 5}) {
			t.Errorf("groups %v, told in order %v", d.groups, order)
		}
		if status := s.Status(); status.LastCommit != time.Second || status.Commits != 2 || status.Batches != 6 || status.Bytes != 0 {
			t.Errorf("status %+v", status)
		}
		if err := s.Write(t.Context(), batchOf(s, 1)); !errors.Is(err, ErrClosed) {
			t.Errorf("after close: %v", err)
		}
	})
}

func TestACommitErrorIsFinalForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("input/output error")
		s := slowStore(&disk{fail: map[int]error{2: broken}})
		results := make(chan string, 4)
		write := func(name string) {
			err := s.Write(context.Background(), batchOf(s, 1))
			results <- fmt.Sprintf("%s %t %t %t", name, err == nil, errors.Is(err, ErrFailed), errors.Is(err, broken))
		}
		go write("before")
		synctest.Wait()
		go write("in it")
		time.Sleep(1500 * time.Millisecond) // the second commit is in flight
		go write("behind it")
		synctest.Wait()
		<-s.Failed()
		write("after")
		var got []string
		for range 4 {
			got = append(got, <-results)
		}
		slices.Sort(got)
		want := []string{"after false true true", "before true false false", "behind it false true true", "in it false true true"}
		if !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
		if !errors.Is(s.Err(), broken) || !errors.Is(s.drain(), broken) {
			t.Errorf("err %v", s.Err())
		}
	})
}

func TestARefusedBatchHurtsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		s := slowStore(d)
		d.refuse = batchOf(s, 1)
		results := make([]error, 3)
		for i, b := range []*Batch{batchOf(s, 1), d.refuse, batchOf(s, 1)} {
			if err := s.WriteAsync(b, func(err error) { results[i] = err }); err != nil {
				t.Error(err)
			}
		}
		s.drain()
		if results[0] != nil || results[1] != errRefused || results[2] != nil {
			t.Errorf("results %v", results)
		}
	})
}

func TestAnEndedContextWithdrawsOrSaysUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		s := slowStore(d)
		inFlight, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		if err := s.Write(inFlight, batchOf(s, 1)); !errors.Is(err, ErrOutcomeUnknown) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("in flight: %v", err)
		}
		queued, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		if err := s.Write(queued, batchOf(s, 1)); errors.Is(err, ErrOutcomeUnknown) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("queued: %v", err)
		}
		s.drain()
		if !slices.Equal(d.groups, []int{1}) {
			t.Errorf("groups %v: the withdrawn batch was written", d.groups)
		}
	})
}

func TestTooMuchWaitingIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slowStore(&disk{})
		none := func(error) {}
		if err := s.WriteAsync(batchOf(s, 5000), none); err != nil {
			t.Errorf("one alone must pass, however large: %v", err)
		}
		if err := s.WriteAsync(batchOf(s, 1), none); !errors.Is(err, ErrBusy) {
			t.Errorf("got %v", err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if err := s.WriteAsync(batchOf(s, 1), none); err != nil {
			t.Errorf("after the commit: %v", err)
		}
		s.drain()
	})
}

// drain closes a store that has no database.
func (s *Store) drain() error { return s.committer.close() }

func TestAnErrorInTheTransactionWritesNothing(t *testing.T) {
	s := openTest(t, Options{})
	broken := errors.New("broken")
	b := s.Batch()
	b.AppendJournal([]byte("lost"))
	b.add(0, operation{apply: func(*bolt.Tx) error { return broken }})
	if err := s.Write(t.Context(), b); !errors.Is(err, ErrFailed) || !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	if _, err := s.Append(t.Context(), [][]byte{{1}}); !errors.Is(err, ErrFailed) {
		t.Fatalf("a later caller got %v", err)
	}
	if err := s.Close(); !errors.Is(err, broken) {
		t.Fatalf("close: %v", err)
	}
	again, err := Open(s.path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if first, last, _ := again.JournalRange(); first != 1 || last != 0 {
		t.Fatalf("journal holds %d to %d", first, last)
	}
	if err := again.Table("t").Put(t.Context(), "k", nil, time.Time{}); err != nil {
		t.Fatal(err)
	}
}
