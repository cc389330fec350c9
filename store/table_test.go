package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestTableEntriesExpire(t *testing.T) {
	now := time.Unix(1000, 0)
	s := openTest(t, Options{Now: func() time.Time { return now }})
	table := s.Table("idempotency")
	ctx := t.Context()
	put := func(key string, expires time.Time) {
		t.Helper()
		if err := table.Put(ctx, key, []byte("of "+key), expires); err != nil {
			t.Fatal(err)
		}
	}
	keys := func() (keys []string) {
		if err := table.Each("", func(key string, value []byte) bool {
			if string(value) != "of "+key {
				t.Errorf("%s is %q", key, value)
			}
			keys = append(keys, key)
			return true
		}); err != nil {
			t.Fatal(err)
		}
		return keys
	}
	put("ever", time.Time{})
	put("short", now.Add(time.Minute))
	put("moved", now.Add(time.Minute))
	put("moved", now.Add(time.Hour))
	put("freed", now.Add(time.Minute))
	put("freed", time.Time{})
	if err := table.PutNew(ctx, "short", nil, time.Time{}); !errors.Is(err, ErrExists) {
		t.Errorf("got %v", err)
	}
	now = now.Add(time.Minute)
	if _, err := table.Get("short"); !errors.Is(err, ErrNotFound) {
		t.Errorf("an expired entry is seen: %v", err)
	}
	if got := keys(); !slices.Equal(got, []string{"ever", "freed", "moved"}) {
		t.Errorf("keys %q", got)
	}
	if n, err := s.Sweep(ctx); n != 1 || err != nil {
		t.Errorf("%d swept, %v", n, err)
	}
	now = now.Add(time.Hour)
	if err := table.PutNew(ctx, "moved", []byte("of moved"), now.Add(time.Minute)); err != nil {
		t.Errorf("new in place of an expired one: %v", err)
	}
	if n, err := s.Sweep(ctx); n != 0 || err != nil {
		t.Errorf("%d swept, %v", n, err)
	}
	if got := keys(); !slices.Equal(got, []string{"ever", "freed", "moved"}) {
		t.Errorf("keys %q", got)
	}
}

func TestTablesAreApart(t *testing.T) {
	s := openTest(t, Options{})
	ctx := t.Context()
	a, ab := s.Table("a"), s.Table("ab")
	for _, put := range []error{a.Put(ctx, "k1", []byte("1"), time.Time{}), ab.Put(ctx, "k1", []byte("2"), time.Time{}), a.Put(ctx, "j1", []byte("3"), time.Time{})} {
		if put != nil {
			t.Fatal(put)
		}
	}
	var got []string
	a.Each("k", func(key string, value []byte) bool { got = append(got, fmt.Sprintf("%s=%s", key, value)); return true })
	if !slices.Equal(got, []string{"k1=1"}) {
		t.Errorf("got %q", got)
	}
	n := 0
	if err := a.Each("", func(string, []byte) bool { n++; return false }); err != nil || n != 1 {
		t.Errorf("%d after the stop, %v", n, err)
	}
	if err := a.Delete(ctx, "k1"); err != nil {
		t.Fatal(err)
	}
	if value, err := ab.Get("k1"); err != nil || string(value) != "2" {
		t.Errorf("%q, %v", value, err)
	}
	for _, bad := range []error{s.Table("").Put(ctx, "k", nil, time.Time{}), s.Table("a\x00b").Put(ctx, "k", nil, time.Time{}), a.Put(ctx, "", nil, time.Time{})} {
		if bad == nil {
			t.Error("a bad name or key was taken")
		}
	}
}

func TestACodeIsTakenOnce(t *testing.T) {
	s := openTest(t, Options{})
	codes := s.Table("codes")
	if err := codes.Put(t.Context(), "1234", []byte("room"), time.Time{}); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	results := make(chan error, 20)
	for range 20 {
		wait.Go(func() {
			value, err := codes.Take(context.Background(), "1234")
			if err == nil && string(value) != "room" {
				err = fmt.Errorf("value %q", value)
			}
			results <- err
		})
	}
	wait.Wait()
	close(results)
	taken := 0
	for err := range results {
		switch {
		case err == nil:
			taken++
		case !errors.Is(err, ErrNotFound):
			t.Error(err)
		}
	}
	if taken != 1 {
		t.Errorf("taken %d times", taken)
	}
}

func TestRecordsAreListedNewestFirst(t *testing.T) {
	s := openTest(t, Options{})
	id := func(i int) string { return fmt.Sprintf("%032x", i) }
	write(t, s, func(b *Batch) {
		for i := range 5 {
			b.PutRecord(id(i), time.Unix(int64(100+i/2), 0), fmt.Append(nil, i)) // two of a time
		}
	})
	write(t, s, func(b *Batch) { b.PutRecord(id(0), time.Unix(200, 0), []byte("again")) })
	var got []string
	pages := 0
	for cursor := ""; ; {
		records, next, err := s.Records(cursor, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range records {
			got = append(got, fmt.Sprintf("%s@%d", record.Data, record.At.Unix()))
		}
		pages++
		if next == "" {
			break
		}
		if pages == 1 { // what comes meanwhile does not disturb
			write(t, s, func(b *Batch) { b.PutRecord(id(9), time.Unix(300, 0), []byte("new")) })
		}
		cursor = next
	}
	if want := []string{"again@200", "4@102", "3@101", "2@101", "1@100"}; !slices.Equal(got, want) || pages != 3 {
		t.Errorf("%d pages: %v", pages, got)
	}
	if record, err := s.Record(id(0)); err != nil || string(record.Data) != "again" || record.Contact != id(0) {
		t.Errorf("%+v, %v", record, err)
	}
	if _, err := s.Record(id(77)); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
	for _, cursor := range []string{"x", "!!!", "AAAA"} {
		if _, _, err := s.Records(cursor, 2); !errors.Is(err, ErrCursor) {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}
