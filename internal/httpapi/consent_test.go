package httpapi

import (
	"context"
	"log/slog"
	"testing"

	"contactd/acd"
	"contactd/internal/auth"
	"contactd/internal/config"
)

// taking is a director that takes every request.
type taking struct{ *stage }

func (d taking) Ask(_ context.Context, in acd.Input) error {
	request := in.(acd.CallBackRequested)
	d.view.Contacts[request.Contact] = &acd.ContactView{ID: request.Contact, State: acd.Waiting, Caller: request.Caller}
	return nil
}

// unsigned tokens.
type unsigned struct{}

func (unsigned) IssueContact(context.Context, string) (string, error)   { return "token", nil }
func (unsigned) VerifyContact(string) (string, error)                   { return "", auth.ErrInvalid }
func (unsigned) IssueRoom(context.Context, auth.Person) (string, error) { return "token", nil }

func TestPageIsKeptWithConsentOnly(t *testing.T) {
	const shop, page = "https://shop.example", "https://shop.example/cart"
	for consent, want := range map[bool]string{true: page, false: ""} {
		director := taking{newStage()}
		director.view.Contacts = map[acd.ContactID]*acd.ContactView{}
		kept := memory{persons: map[acd.ContactID]Person{}, counts: map[string][]byte{}}
		c := &config.Config{Region: "DE", Queues: map[string]config.Queue{"sales": {}}, Sites: map[string]config.Site{"shop": {Origins: []string{shop}}}}
		c.Numbers.Countries, c.Numbers.PerNumberPerHour = []string{"DE"}, 10
		s := New(Options{
			Config: func() *config.Config { return c }, Director: director, People: kept, Counts: kept, Log: slog.New(slog.DiscardHandler),
			Trunks: func(acd.QueueID, string) []string { return []string{"out"} }, Tokens: unsigned{},
		})
		in := struct {
			Origin string `header:"Origin" hidden:"true"`
			Body   ContactRequest
		}{shop, ContactRequest{Queue: "sales", Kind: acd.CallBackNow, Number: "030 123456", Page: page + "?token=x#top", Consent: consent}}
		out, err := s.create(t.Context(), &in)
		if err != nil {
			t.Fatal(err)
		}
		if got := kept.persons[out.Body.Contact].Page; got != want {
			t.Errorf("with consent %t the page %q is kept, want %q", consent, got, want)
		}
	}
}
