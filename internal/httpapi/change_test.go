package httpapi

import (
	"context"
	"log/slog"
	"maps"
	"net/netip"
	"testing"
	"time"

	"contactd/acd"
	"contactd/internal/config"
)

// memory keeps persons and counts.
type memory struct {
	persons map[acd.ContactID]Person
	counts  map[string][]byte
}

func (m memory) Keep(_ context.Context, id acd.ContactID, p Person) error {
	p.Former = maps.Clone(p.Former)
	m.persons[id] = p
	return nil
}

func (m memory) Find(id acd.ContactID) (Person, error) { return m.persons[id], nil }

func (m memory) Erase(_ context.Context, id acd.ContactID) error {
	delete(m.persons, id)
	return nil
}

func (m memory) Pseudonym(number string) string { return "#" + number }

func (m memory) Get(key string) ([]byte, error) {
	if value, ok := m.counts[key]; ok {
		return value, nil
	}
	return nil, ErrUnknown
}

func (m memory) Put(_ context.Context, key string, value []byte, _ time.Time) error {
	m.counts[key] = value
	return nil
}

// changing is a director with one contact, that takes a change of number or is overloaded.
type changing struct {
	*stage
	overloaded bool
}

func (c *changing) Ask(_ context.Context, in acd.Input) error {
	if c.overloaded {
		return ErrOverloaded
	}
	change := in.(acd.NumberChanged)
	c.view.Contacts[change.Contact].Caller = change.Caller
	return nil
}

// A change that the director did not take is not done: what is shown is the number that will be called, and the same
// request again is a request.
func TestChangeOfNumberMayBeTriedAgain(t *testing.T) {
	const id, before, after = acd.ContactID("c1"), "+4930123456", "+491712345678"
	director := &changing{stage: newStage(), overloaded: true}
	director.view.Contacts = map[acd.ContactID]*acd.ContactView{id: {State: acd.Waiting, Queue: "sales", Caller: "#" + before}}
	kept := memory{persons: map[acd.ContactID]Person{id: {Number: before}}, counts: map[string][]byte{}}
	c := &config.Config{Region: "DE"}
	c.Numbers.Countries, c.Numbers.PerNumberPerHour = []string{"DE"}, 10
	s := New(Options{
		Config: func() *config.Config { return c }, Director: director, People: kept, Counts: kept, Log: slog.New(slog.DiscardHandler),
		Trunks: func(acd.QueueID, string) []string { return []string{"out"} },
	})
	shown := func() string {
		state, err := s.state(c, director.View(), id)
		if err != nil {
			t.Fatal(err)
		}
		return state.NumberHint
	}
	if err := s.changeNumber(t.Context(), id, "0171 2345678", netip.Addr{}); err == nil {
		t.Fatal("an overloaded director's change is said to be done")
	}
	if got := shown(); got != hint(before) {
		t.Errorf("shown is %s, want that of the number to call %s", got, hint(before))
	}
	director.overloaded = false
	if err := s.changeNumber(t.Context(), id, "0171 2345678", netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	if got := director.View().Contacts[id].Caller; got != "#"+after {
		t.Errorf("the director calls %s, want %s", got, after)
	}
	if got := shown(); got != hint(after) {
		t.Errorf("shown is %s, want %s", got, hint(after))
	}
}
