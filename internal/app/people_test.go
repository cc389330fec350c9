package app

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"contactd/acd"
	"contactd/internal/httpapi"
	"contactd/store"
)

// A person of whom no record comes is not kept for ever; a time that a record has set is not moved by a late change.
func TestPersonWithoutRecordExpires(t *testing.T) {
	const lost, ended = acd.ContactID("0123456789abcdef0123456789abcdef"), acd.ContactID("fedcba9876543210fedcba9876543210")
	clock := time.Now()
	opened, err := store.Open(filepath.Join(t.TempDir(), "db"), store.Options{Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = opened.Close() }()
	who := people{opened}
	keep := func(id acd.ContactID) {
		t.Helper()
		if err := who.Keep(t.Context(), id, httpapi.Person{Number: "+4930123456"}); err != nil {
			t.Fatal(err)
		}
	}
	known := func(id acd.ContactID) bool {
		t.Helper()
		if _, err := opened.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := who.Find(id)
		if err != nil && !errors.Is(err, httpapi.ErrUnknown) {
			t.Fatal(err)
		}
		return err == nil
	}
	keep(lost)
	keep(ended)
	batch := opened.Batch()
	batch.ExpireContact(string(ended), clock.Add(time.Hour))
	if err := opened.Write(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	keep(ended)
	clock = clock.Add(2 * time.Hour)
	if known(ended) || !known(lost) {
		t.Errorf("after two hours: the ended one is known %t, the other %t; want false, true", known(ended), known(lost))
	}
	clock = clock.Add(requestKept)
	if known(lost) {
		t.Error("a person without a record is kept for ever")
	}
}
