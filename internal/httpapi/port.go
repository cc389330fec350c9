package httpapi

import (
	"context"
	"errors"
	"maps"
	"time"

	"contactd/acd"
	"contactd/internal/auth"
)

// Director is the automatic call director, as the API asks it.
type Director interface {
	// Ask waits until the input is decided and committed. A refusal is an error with a code (see refusal.go).
	Ask(ctx context.Context, in acd.Input) error
	// View is what is decided now.
	View() *acd.View
	// Changed is closed when the view changes. Take it first and the view second.
	Changed() <-chan struct{}
}

// Person is what is known of a customer. It is kept apart from the director, and can be erased.
type Person struct {
	Number string `json:"number"` // E.164, as last wished
	// Former numbers by pseudonym: the director may still mean one of them.
	Former   map[string]string `json:"former,omitempty"`
	Page     string            `json:"page,omitempty"`
	Address  string            `json:"address,omitempty"`
	Language string            `json:"language,omitempty"`
	Site     string            `json:"site,omitempty"`
	// Consent says that the customer lets the agent see the page.
	Consent bool `json:"consent,omitempty"`
	// Reference is the company's own word for the contact (an order, a ticket).
	Reference string `json:"reference,omitempty"`
}

// withNumber is the person with another number; the one before is kept under its pseudonym.
func (p Person) withNumber(pseudonym, number string) Person {
	former := map[string]string{pseudonym: p.Number}
	maps.Copy(former, p.Former)
	p.Number, p.Former = number, former
	return p
}

// NumberOf is the number with a pseudonym; hash makes pseudonyms. Empty when the person has none such.
func (p Person) NumberOf(pseudonym string, hash func(string) string) string {
	if p.Number != "" && hash(p.Number) == pseudonym {
		return p.Number
	}
	return p.Former[pseudonym]
}

// RoomView is what the desk shows of a contact's room.
type RoomView struct {
	// Shared says that the customer lets the agent see the page now.
	Shared bool
	// Address from which the customer's page was seen last.
	Address string
}

// People keeps persons. Find returns ErrUnknown for a contact without data.
type People interface {
	Keep(ctx context.Context, contact acd.ContactID, person Person) error
	Find(contact acd.ContactID) (Person, error)
	Erase(ctx context.Context, contact acd.ContactID) error
	// Pseudonym is the keyed hash of a number that the director knows callers by.
	Pseudonym(number string) string
}

// ErrUnknown is returned by the ports for what is not there.
var ErrUnknown = errors.New("unknown")

// ErrCursor is returned for a cursor that no listing gave.
var ErrCursor = errors.New("not a cursor")

// Records are the stories of contacts that are complete.
type Records interface {
	Record(contact acd.ContactID) (acd.Record, error)
	Records(cursor string, limit int) (records []acd.Record, next string, err error)
}

// Table keeps small values under keys until they expire. ErrUnknown is returned for a missing one.
type Table interface {
	Get(key string) ([]byte, error)
	Put(ctx context.Context, key string, value []byte, expires time.Time) error
}

// Tokens issues and verifies what a customer's page holds.
type Tokens interface {
	IssueContact(ctx context.Context, contact string) (string, error)
	VerifyContact(token string) (contact string, err error)
	IssueRoom(ctx context.Context, person auth.Person) (string, error)
}

// Sessions of agents.
type Sessions interface {
	Start(ctx context.Context, user, passwordHash string) (id string, session auth.Session, err error)
	Find(ctx context.Context, id string) (auth.Session, error)
	End(ctx context.Context, id string) error
}

// Keys of the company's servers.
type Keys interface {
	Find(text string) (auth.APIKey, error)
}

var (
	_ Tokens   = (*auth.Tokens)(nil)
	_ Sessions = (*auth.Sessions)(nil)
	_ Keys     = (*auth.APIKeys)(nil)
)
