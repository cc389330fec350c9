package auth

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Scope is a right that an API key gives.
type Scope string

const (
	ContactsRead  Scope = "contacts:read"
	ContactsWrite Scope = "contacts:write"
)

// Scopes that exist.
var Scopes = []Scope{ContactsRead, ContactsWrite}

// APIKey of a company's server.
type APIKey struct {
	// ID names the key to people; it is the key's second part, and no secret.
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	Scopes []Scope   `json:"scopes"`
	Made   time.Time `json:"made"`
	// Expires is zero when the key does not.
	Expires time.Time `json:"expires,omitzero"`
	Digest  string    `json:"digest"`
}

// Allows says whether the key gives the right.
func (k APIKey) Allows(scope Scope) bool { return slices.Contains(k.Scopes, scope) }

// APIKeys are kept by their hash; the text of a key is told once.
type APIKeys struct {
	table Table
	now   func() time.Time
}

// NewAPIKeys keeps API keys in a table.
func NewAPIKeys(table Table, now func() time.Time) *APIKeys {
	if now == nil {
		now = time.Now
	}
	return &APIKeys{table: table, now: now}
}

const apiKeyPrefix = "api-key/"

// Make makes a key with the form "ck_ID_SECRET". life 0 means that it does not expire.
func (a *APIKeys) Make(ctx context.Context, name string, scopes []Scope, life time.Duration) (text string, key APIKey, err error) {
	if name == "" || len(name) > 100 {
		return "", APIKey{}, fmt.Errorf("auth: an API key needs a name of at most 100 bytes")
	}
	if len(scopes) == 0 {
		return "", APIKey{}, fmt.Errorf("auth: an API key needs a scope: %v", Scopes)
	}
	for _, scope := range scopes {
		if !slices.Contains(Scopes, scope) {
			return "", APIKey{}, fmt.Errorf("auth: scope %q does not exist: use %v", scope, Scopes)
		}
	}
	var id [6]byte
	_, _ = rand.Read(id[:])
	now := a.now().UTC()
	key = APIKey{ID: hex.EncodeToString(id[:]), Name: name, Scopes: scopes, Made: now}
	if life > 0 {
		key.Expires = now.Add(life)
	}
	text = "ck_" + key.ID + "_" + secret()
	key.Digest = digest(text)
	value, err := json.Marshal(key)
	if err != nil {
		return "", APIKey{}, fmt.Errorf("auth: encode API key: %w", err)
	}
	if err := a.table.Put(ctx, apiKeyPrefix+key.ID, value, key.Expires); err != nil {
		return "", APIKey{}, fmt.Errorf("auth: keep API key: %w", err)
	}
	return text, key, nil
}

// Find returns the key with this text.
func (a *APIKeys) Find(text string) (APIKey, error) {
	parts := strings.SplitN(text, "_", 3)
	if len(text) > 128 || len(parts) != 3 || parts[0] != "ck" {
		return APIKey{}, fmt.Errorf("auth: API key: %w", ErrInvalid)
	}
	value, err := get(a.table, apiKeyPrefix+parts[1])
	if err != nil {
		return APIKey{}, fmt.Errorf("auth: read API key: %w", err)
	}
	var key APIKey
	// The digests of two secrets tell nothing about either, so that comparing them needs no constant time.
	if value == nil || json.Unmarshal(value, &key) != nil || key.Digest != digest(text) {
		return APIKey{}, fmt.Errorf("auth: API key: %w", ErrInvalid)
	}
	if !key.Expires.IsZero() && !a.now().Before(key.Expires) {
		return APIKey{}, fmt.Errorf("auth: API key: %w", ErrExpired)
	}
	return key, nil
}

// List returns all keys, by id.
func (a *APIKeys) List() ([]APIKey, error) {
	var keys []APIKey
	var broken error
	err := a.table.Each(apiKeyPrefix, func(name string, value []byte) bool {
		var key APIKey
		if err := json.Unmarshal(value, &key); err != nil {
			broken = fmt.Errorf("auth: stored %s: %w", name, err)
			return false
		}
		keys = append(keys, key)
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("auth: list API keys: %w", err)
	}
	return keys, broken
}

// Revoke deletes a key by its id. [ErrInvalid] when there is none.
func (a *APIKeys) Revoke(ctx context.Context, id string) error {
	value, err := get(a.table, apiKeyPrefix+id)
	if err != nil {
		return fmt.Errorf("auth: read API key: %w", err)
	}
	if value == nil {
		return fmt.Errorf("auth: API key %s: %w: there is none with this id", id, ErrInvalid)
	}
	if err := a.table.Delete(ctx, apiKeyPrefix+id); err != nil {
		return fmt.Errorf("auth: revoke API key %s: %w", id, err)
	}
	return nil
}
