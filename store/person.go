package store

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// PutPersonal keeps a field of a contact's personal data (a number, a name, a chat line …), sealed with the contact's key.
func (b *Batch) PutPersonal(contact, field string, value []byte) {
	id, err := parseID(contact)
	if err != nil {
		b.fail(err)
		return
	}
	if field == "" {
		b.fail(errors.New("personal data: a field must have a name"))
		return
	}
	if !b.fits("personal data", len(value)) {
		return
	}
	key, err := b.store.keyFor(id, true)
	if err != nil {
		b.fail(err)
		return
	}
	name := join(id, []byte(field))
	sealed := seal(key.aead, value, name)
	b.add(0, b.store.keepKey(id, key))
	b.add(len(name)+len(sealed), operation{apply: func(tx *bolt.Tx) error {
		if err := tx.Bucket(bucketPersonal).Put(name, sealed); err != nil {
			return fmt.Errorf("put personal data: %w", err)
		}
		return nil
	}})
}

// Personal reads a field of a contact's personal data; [ErrNotFound] when it was not put, [ErrErased] when the person
// was erased.
func (s *Store) Personal(contact, field string) ([]byte, error) {
	id, err := parseID(contact)
	if err != nil {
		return nil, fmt.Errorf("store: read personal data: %w", err)
	}
	key, err := s.keyFor(id, false)
	if err != nil {
		return nil, fmt.Errorf("store: read personal data %q: %w", field, err)
	}
	name := join(id, []byte(field))
	var value []byte
	err = s.view("read personal data", func(tx *bolt.Tx) error {
		sealed := tx.Bucket(bucketPersonal).Get(name)
		if sealed == nil {
			return fmt.Errorf("%q of contact %s: %w", field, contact, ErrNotFound)
		}
		value, err = open(key.aead, sealed, name)
		return err
	})
	return value, err
}

// Erase deletes a contact's key, and with it all that is sealed: personal data, room log and room snapshot. The record
// and the journal, which hold no personal data, stay. Later writes for the contact get [ErrErased]. Erasing twice, or
// somebody unknown, is no error.
func (b *Batch) Erase(contact string) {
	id, err := parseID(contact)
	if err != nil {
		b.fail(err)
		return
	}
	b.add(64, operation{apply: func(tx *bolt.Tx) error { return b.store.erase(tx, id) }})
}

// ExpireContact has the contact erased by the first sweep after at; a later call moves the time.
func (b *Batch) ExpireContact(contact string, at time.Time) {
	id, err := parseID(contact)
	if err != nil {
		b.fail(err)
		return
	}
	b.add(64, operation{apply: func(tx *bolt.Tx) error {
		return setExpiry(tx, kindContact, id, at)
	}})
}

func (s *Store) erase(tx *bolt.Tx, id []byte) error {
	tx.OnCommit(func() { s.keys.forget(id) })
	if err := tx.Bucket(bucketPersonKeys).Delete(id); err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	if err := tx.Bucket(bucketErased).Put(id, be64(unixNano(s.options.Now()))); err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	if err := deletePrefix(tx.Bucket(bucketPersonal), id); err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	if err := setExpiry(tx, kindContact, id, time.Time{}); err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	return deleteRoom(tx, id)
}

// deletePrefix deletes all keys that begin with prefix.
func deletePrefix(bucket *bolt.Bucket, prefix []byte) error {
	var keys [][]byte
	cursor := bucket.Cursor()
	for k, _ := cursor.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, _ = cursor.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	for _, k := range keys {
		if err := bucket.Delete(k); err != nil {
			return err
		}
	}
	return nil
}
