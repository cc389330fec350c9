// Package auth says who somebody is: agents by password and session, customers and rooms by signed tokens, the
// company's servers by API keys.
//
// # Contract
//
// What is secret is never stored: passwords as argon2id hashes, sessions and API keys as SHA-256 of 256 random bits.
// Tokens are signed with ed25519 keys that have an id, outlive a restart and rotate; a token is good until its time is
// over, or its contact is revoked. The errors that a caller may show say nothing about which part was wrong.
//
// # Concurrency
//
// Everything may be used by any goroutine. Nothing here starts one.
//
// # Caveats
//
// Tokens carry a contact's id and an agent's name in clear: they are signed, not sealed. They belong into a header or a
// first frame, never into a URL.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"
)

// Table keeps small values under keys until they expire; *store.Table is one.
type Table interface {
	Put(ctx context.Context, key string, value []byte, expires time.Time) error
	Delete(ctx context.Context, key string) error
	// Each calls fn for the living entries whose key begins with prefix until it returns false. fn does not write.
	Each(prefix string, fn func(key string, value []byte) bool) error
}

// Errors that callers tell apart.
var (
	// ErrInvalid: the token, session or key is malformed, unknown, forged or revoked.
	ErrInvalid = errors.New("not valid")
	// ErrExpired: it was valid once.
	ErrExpired = errors.New("expired")
	// ErrForbidden: it is valid, and does not give this right.
	ErrForbidden = errors.New("not allowed")
)

// get reads one entry; nil when there is none.
func get(t Table, key string) ([]byte, error) {
	var found []byte
	err := t.Each(key, func(k string, value []byte) bool {
		if k == key {
			found = append([]byte{}, value...)
		}
		return false // The shortest key with the prefix comes first.
	})
	return found, err
}

// secret makes 256 random bits as text.
func secret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // Never fails (crypto/rand).
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// digest is what is stored of a secret. It has enough bits that neither salt nor slowness is needed.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
