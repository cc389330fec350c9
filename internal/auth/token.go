package auth

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// TokenOptions of [OpenTokens].
type TokenOptions struct {
	// Table keeps signing keys and revocations.
	Table Table
	// Contact and Room are the lives of the two kinds of token.
	Contact, Room time.Duration
	// Rotate is how long a key signs; a week when zero.
	Rotate time.Duration
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Tokens issues and verifies contact and room tokens.
type Tokens struct {
	options TokenOptions
	keys    *keyring
}

// Person is whom a room token names.
type Person struct {
	// Room is the contact's id.
	Room string `json:"room"`
	// Subject is "customer", or "agent:" with the agent's id.
	Subject string `json:"sub"`
	// Name as others in the room see it; may be empty.
	Name string `json:"name,omitempty"`
	// Supervisor says that an agent may join every room as supervisor.
	Supervisor bool `json:"sup,omitempty"`
}

// Subject of a customer, and what the subjects of agents begin with.
const (
	SubjectCustomer = "customer"
	SubjectAgent    = "agent:"
)

type audience string

const (
	forContact audience = "contact"
	forRoom    audience = "room"
)

type claims struct {
	Audience audience `json:"aud"`
	Issued   int64    `json:"iat"`
	Expires  int64    `json:"exp"`
	Person
}

const maxToken = 2048

// OpenTokens reads the signing keys, and makes the first.
func OpenTokens(ctx context.Context, options TokenOptions) (*Tokens, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Rotate <= 0 {
		options.Rotate = 7 * 24 * time.Hour
	}
	if options.Contact <= 0 || options.Room <= 0 {
		return nil, fmt.Errorf("auth: tokens must live for some time: contact %v, room %v", options.Contact, options.Room)
	}
	keys, err := openKeyring(ctx, options.Table, options.Rotate, max(options.Contact, options.Room), options.Now())
	if err != nil {
		return nil, err
	}
	return &Tokens{options: options, keys: keys}, nil
}

// IssueContact makes the token with which a customer asks about the own contact.
func (t *Tokens) IssueContact(ctx context.Context, contact string) (string, error) {
	return t.issue(ctx, claims{Audience: forContact, Person: Person{Room: contact, Subject: SubjectCustomer}}, t.options.Contact)
}

// VerifyContact returns the contact that the token is for.
func (t *Tokens) VerifyContact(token string) (contact string, err error) {
	c, err := t.verify(token, forContact)
	return c.Room, err
}

// IssueRoom makes the token for a room socket's first frame.
func (t *Tokens) IssueRoom(ctx context.Context, person Person) (string, error) {
	if person.Subject != SubjectCustomer && !strings.HasPrefix(person.Subject, SubjectAgent) {
		return "", fmt.Errorf("auth: room token: %q is no subject", person.Subject)
	}
	return t.issue(ctx, claims{Audience: forRoom, Person: person}, t.options.Room)
}

// VerifyRoom returns the person that the token names.
func (t *Tokens) VerifyRoom(token string) (Person, error) {
	c, err := t.verify(token, forRoom)
	return c.Person, err
}

// Revoke makes the customer's room tokens of a contact invalid, those that are issued later too; called when the contact
// ends. The contact's token stays good: the customer may read how it ended. Agents' room tokens do as well: the desk
// reads on until wrap-up ends, and the room itself knows whom it admits.
func (t *Tokens) Revoke(ctx context.Context, contact string) error {
	until := t.options.Now().Add(max(t.options.Contact, t.options.Room))
	if err := t.options.Table.Put(ctx, revokedPrefix+contact, []byte("ended"), until); err != nil {
		return fmt.Errorf("auth: revoke tokens of contact %s: %w", contact, err)
	}
	return nil
}

const revokedPrefix = "revoked/"

func (t *Tokens) issue(ctx context.Context, c claims, life time.Duration) (string, error) {
	now := t.options.Now()
	c.Issued, c.Expires = now.Unix(), now.Add(life).Unix()
	kid, key, err := t.keys.signer(ctx, now)
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("auth: encode token: %w", err)
	}
	signed := "v1." + kid + "." + base64.RawURLEncoding.EncodeToString(payload)
	return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(signed))), nil
}

func (t *Tokens) verify(token string, want audience) (claims, error) {
	parts := strings.Split(token, ".")
	if len(token) > maxToken || len(parts) != 4 || parts[0] != "v1" {
		return claims{}, fmt.Errorf("auth: token: %w: malformed", ErrInvalid)
	}
	key, ok := t.keys.public(parts[1])
	if !ok {
		return claims{}, fmt.Errorf("auth: token: %w: key %q is not known", ErrInvalid, parts[1])
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(parts[3])
	if err != nil || !ed25519.Verify(key, []byte(token[:len(token)-len(parts[3])-1]), signature) {
		return claims{}, fmt.Errorf("auth: token: %w: the signature is wrong", ErrInvalid)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return claims{}, fmt.Errorf("auth: token: %w: %w", ErrInvalid, err)
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return claims{}, fmt.Errorf("auth: token: %w: %w", ErrInvalid, err)
	}
	if c.Audience != want {
		return claims{}, fmt.Errorf("auth: token: %w: it is a %s token, a %s token is needed", ErrInvalid, c.Audience, want)
	}
	if t.options.Now().Unix() >= c.Expires {
		return claims{}, fmt.Errorf("auth: token: %w", ErrExpired)
	}
	if c.Audience == forRoom && c.Subject == SubjectCustomer {
		revoked, err := get(t.options.Table, revokedPrefix+c.Room)
		if err != nil {
			return claims{}, fmt.Errorf("auth: token: read revocations: %w", err)
		}
		if revoked != nil {
			return claims{}, fmt.Errorf("auth: token: %w: the contact has ended", ErrInvalid)
		}
	}
	return c, nil
}
