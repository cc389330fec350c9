package store

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	bolt "go.etcd.io/bbolt"
	"golang.org/x/crypto/chacha20poly1305"
)

var metaKeyCheck = []byte("master_key_check")

// maxCachedKeys bounds the unwrapped keys in memory.
const maxCachedKeys = 4096

// keyring holds the master key and the contacts' keys that are in use.
type keyring struct {
	wrap cipher.AEAD // wraps the contacts' keys
	hash []byte      // for keyed hashes

	mu    sync.Mutex
	cache map[string]*personKey // by the 16 bytes of the contact
}

// personKey is one contact's key. Until it is stored, every batch that uses it carries it along.
type personKey struct {
	aead    cipher.AEAD
	wrapped []byte
	stored  bool
}

// openKeyring reads the master key, or makes it at first start.
func openKeyring(db *bolt.DB, path string, readOnly bool) (*keyring, error) {
	var check []byte
	if err := db.View(func(tx *bolt.Tx) error {
		check = bytes.Clone(tx.Bucket(bucketMeta).Get(metaKeyCheck))
		return nil
	}); err != nil {
		return nil, fmt.Errorf("store: read the master key's check: %w", err)
	}
	master, err := readMasterKey(path)
	switch {
	case errors.Is(err, os.ErrNotExist) && check != nil:
		return nil, fmt.Errorf("store: the master key file %s is missing, and without it the personal data in the database cannot be read: put it back from your backup", path)
	case errors.Is(err, os.ErrNotExist) && !readOnly:
		if master, err = makeMasterKey(path); err != nil {
			return nil, fmt.Errorf("store: make the master key: %w", err)
		}
	case err != nil:
		return nil, fmt.Errorf("store: read the master key: %w", err)
	}
	ring := &keyring{cache: make(map[string]*personKey)}
	wrapKey, err := hkdf.Key(sha256.New, master, nil, "contactd contact keys", chacha20poly1305.KeySize)
	if err != nil {
		return nil, fmt.Errorf("store: derive key: %w", err)
	}
	if ring.wrap, err = chacha20poly1305.NewX(wrapKey); err != nil {
		return nil, fmt.Errorf("store: derive key: %w", err)
	}
	if ring.hash, err = hkdf.Key(sha256.New, master, nil, "contactd references", sha256.Size); err != nil {
		return nil, fmt.Errorf("store: derive key: %w", err)
	}
	want := []byte(ring.mac("master key check", ""))
	if check == nil && !readOnly {
		return ring, db.Update(func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Put(metaKeyCheck, want) })
	}
	if !hmac.Equal(check, want) {
		return nil, fmt.Errorf("store: the master key file %s belongs to another database: put the right one back from your backup", path)
	}
	return ring, nil
}

func readMasterKey(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others (mode %04o): chmod 600 it", path, info.Mode().Perm())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseMasterKey(path, text)
}

func parseMasterKey(path string, text []byte) ([]byte, error) {
	key, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(key) != chacha20poly1305.KeySize {
		return nil, fmt.Errorf("%s must hold %d hexadecimal digits: put it back from your backup", path, 2*chacha20poly1305.KeySize)
	}
	return key, nil
}

// makeMasterKey writes a new key and sees to it that it is on the disk before anything is sealed with it.
func makeMasterKey(path string) ([]byte, error) {
	key := make([]byte, chacha20poly1305.KeySize)
	rand.Read(key)
	err := writeFile(path, func(f *os.File) error {
		_, err := f.WriteString(hex.EncodeToString(key) + "\n")
		return err
	})
	return key, err
}

// writeFile makes a file of mode 0600 that is there whole or not at all: written beside, synced, renamed.
func writeFile(path string, fill func(f *os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := fill(f); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	folder, err2 := os.Open(filepath.Dir(path))
	if err2 != nil {
		return nil // the file is there; only its name's durability is not ours to force
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func (k *keyring) mac(kind, value string) string {
	mac := hmac.New(sha256.New, k.hash)
	mac.Write([]byte(kind))
	mac.Write([]byte{0})
	mac.Write([]byte(value))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// Reference is a keyed hash (HMAC-SHA256, 32 hexadecimal digits) of a value such as a telephone number, for the journal:
// equal values of a kind have equal references, and without the master key nobody can tell the value.
func (s *Store) Reference(kind, value string) string { return s.keys.mac(kind, value) }

// keyFor returns the contact's key; ErrNotFound when there is none and create is false.
func (s *Store) keyFor(id []byte, create bool) (*personKey, error) {
	k := s.keys
	k.mu.Lock()
	defer k.mu.Unlock()
	if key := k.cache[string(id)]; key != nil {
		return key, nil
	}
	var wrapped []byte
	if err := s.view("read contact key", func(tx *bolt.Tx) error {
		if tx.Bucket(bucketErased).Get(id) != nil {
			return fmt.Errorf("contact %x: %w", id, ErrErased)
		}
		wrapped = bytes.Clone(tx.Bucket(bucketPersonKeys).Get(id))
		return nil
	}); err != nil {
		return nil, err
	}
	plain := make([]byte, chacha20poly1305.KeySize)
	stored := wrapped != nil
	var err error
	switch {
	case stored:
		if plain, err = open(k.wrap, wrapped, id); err != nil {
			return nil, fmt.Errorf("store: key of contact %x: %w", id, err)
		}
	case !create:
		return nil, fmt.Errorf("store: key of contact %x: %w", id, ErrNotFound)
	default:
		rand.Read(plain)
		wrapped = seal(k.wrap, plain, id)
	}
	aead, err := chacha20poly1305.NewX(plain)
	if err != nil {
		return nil, fmt.Errorf("store: key of contact %x: %w", id, err)
	}
	k.trim()
	key := &personKey{aead: aead, wrapped: wrapped, stored: stored}
	k.cache[string(id)] = key
	return key, nil
}

// trim forgets the stored keys when there are many; those not yet stored must stay.
func (k *keyring) trim() {
	if len(k.cache) < maxCachedKeys {
		return
	}
	for id, key := range k.cache {
		if key.stored {
			delete(k.cache, id)
		}
	}
}

// keepKey is the operation that comes before all that is sealed with a key: it refuses an erased contact, and stores the
// key when that has not been done.
func (s *Store) keepKey(id []byte, key *personKey) operation {
	return operation{
		check: func(tx *bolt.Tx) error {
			if tx.Bucket(bucketErased).Get(id) != nil {
				return fmt.Errorf("contact %x: %w", id, ErrErased)
			}
			return nil
		},
		apply: func(tx *bolt.Tx) error {
			s.keys.mu.Lock()
			stored := key.stored
			key.stored = true // an error from here on is the end of the store
			s.keys.mu.Unlock()
			if stored {
				return nil
			}
			return tx.Bucket(bucketPersonKeys).Put(id, key.wrapped)
		},
	}
}

func (k *keyring) forget(id []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.cache, string(id))
}

// seal encrypts with a random nonce, which goes in front.
func seal(aead cipher.AEAD, plain, about []byte) []byte {
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	rand.Read(nonce)
	return aead.Seal(nonce, nonce, plain, about)
}

// open undoes seal. about must be the same: it keeps a value from being passed off as another.
func open(aead cipher.AEAD, sealed, about []byte) ([]byte, error) {
	if len(sealed) < aead.NonceSize()+aead.Overhead() {
		return nil, fmt.Errorf("%w: sealed value of %d bytes", ErrCorrupt, len(sealed))
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], about)
	if err != nil {
		return nil, fmt.Errorf("%w: sealed value does not open", ErrCorrupt)
	}
	return plain, nil
}
