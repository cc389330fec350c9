package app

import (
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"contactd/acd"
	"contactd/internal/httpapi"
	"contactd/store"
)

// The agent's phone shows the caller's number from the first ring on, and nobody's number stays for ever.
func TestCallersNumberIsKnownAtOnceAndGoes(t *testing.T) {
	const contact = acd.ContactID("0123456789abcdef0123456789abcdef")
	clock := time.Now()
	opened, err := store.Open(filepath.Join(t.TempDir(), "db"), store.Options{Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = opened.Close() }()
	c := parsed(t, plain)
	who := people{opened}
	view := &acd.View{Contacts: map[acd.ContactID]*acd.ContactView{contact: {ID: contact, Caller: who.Pseudonym("+4930555")}}}
	d := directory{
		settings: func() settings { return settings{config: c} }, view: func() *acd.View { return view },
		people: who, store: opened, arriving: &sync.Map{}, log: slog.New(slog.DiscardHandler),
	}
	shown := func() string {
		call, err := d.AgentCall("ann", contact)
		if err != nil {
			t.Fatal(err)
		}
		return call.CallerID
	}
	if hash := d.CallerArrived(contact, "+4930555"); hash != who.Pseudonym("+4930555") {
		t.Errorf("hash %q", hash)
	}
	if got := shown(); got != "+4930555" {
		t.Errorf("the phone shows %q at once", got)
	}
	if err := who.Keep(t.Context(), "fedcba9876543210fedcba9876543210", httpapi.Person{}); err != nil { // behind it
		t.Fatal(err)
	}
	d.arriving.Range(func(id, _ any) bool {
		t.Errorf("%v is still arriving", id)
		return true
	})
	if got := shown(); got != "+4930555" {
		t.Errorf("the phone shows %q later", got)
	}
	clock = clock.Add(2 * callerKept)
	if _, err := opened.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if person, err := who.Find(contact); !errors.Is(err, httpapi.ErrUnknown) {
		t.Errorf("found %+v, %v", person, err)
	}
}
