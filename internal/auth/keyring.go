package auth

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"
)

// keyring holds the signing keys. The newest signs; older ones verify until what they signed has expired.
type keyring struct {
	table  Table
	rotate time.Duration // a key signs for so long
	life   time.Duration // the longest life of a token

	mu   sync.RWMutex
	keys map[string]signingKey
	last string
}

type signingKey struct {
	private ed25519.PrivateKey
	made    time.Time
}

const keyPrefix = "key/"

func openKeyring(ctx context.Context, table Table, rotate, life time.Duration, now time.Time) (*keyring, error) {
	r := &keyring{table: table, rotate: rotate, life: life, keys: make(map[string]signingKey)}
	var broken error
	err := table.Each(keyPrefix, func(name string, value []byte) bool {
		if len(value) != 8+ed25519.SeedSize {
			broken = fmt.Errorf("auth: stored signing key %q has %d bytes", name, len(value))
			return false
		}
		key := signingKey{
			private: ed25519.NewKeyFromSeed(value[8:]),
			made:    time.Unix(int64(binary.BigEndian.Uint64(value)), 0),
		}
		kid := name[len(keyPrefix):]
		r.keys[kid] = key
		if last, ok := r.keys[r.last]; !ok || key.made.After(last.made) {
			r.last = kid
		}
		return true
	})
	if err := errors.Join(err, broken); err != nil {
		return nil, fmt.Errorf("auth: read signing keys: %w", err)
	}
	_, _, err = r.signer(ctx, now)
	return r, err
}

// signer returns the key that signs now, and makes a new one when the last is too old.
func (r *keyring) signer(ctx context.Context, now time.Time) (string, ed25519.PrivateKey, error) {
	r.mu.RLock()
	kid, key := r.last, r.keys[r.last]
	r.mu.RUnlock()
	if kid != "" && now.Sub(key.made) < r.rotate {
		return kid, key.private, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if key := r.keys[r.last]; r.last != "" && now.Sub(key.made) < r.rotate {
		return r.last, key.private, nil
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", nil, fmt.Errorf("auth: make signing key: %w", err)
	}
	var id [6]byte
	_, _ = rand.Read(id[:])
	kid = hex.EncodeToString(id[:])
	value := binary.BigEndian.AppendUint64(nil, uint64(now.Unix()))
	value = append(value, private.Seed()...)
	// A token signed on the key's last day lives on for life.
	if err := r.table.Put(ctx, keyPrefix+kid, value, now.Add(r.rotate+r.life)); err != nil {
		return "", nil, fmt.Errorf("auth: keep signing key: %w", err)
	}
	for old, key := range r.keys {
		if now.Sub(key.made) > r.rotate+r.life {
			delete(r.keys, old)
		}
	}
	r.keys[kid] = signingKey{private: private, made: now.Truncate(time.Second)}
	r.last = kid
	return kid, private, nil
}

func (r *keyring) public(kid string) (ed25519.PublicKey, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	key, ok := r.keys[kid]
	if !ok {
		return nil, false
	}
	return key.private.Public().(ed25519.PublicKey), true
}
