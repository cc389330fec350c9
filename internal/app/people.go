package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"contactd/acd"
	"contactd/internal/httpapi"
	"contactd/store"
)

// people keeps persons in the store, each sealed with the contact's own key.
type people struct{ store *store.Store }

const (
	fieldPerson = "person"
	// kindNumber names the keyed hashes of telephone numbers; the journal knows callers by them.
	kindNumber = "number"
)

var _ httpapi.People = people{}

// requestKept is how long a person is kept of whom no record is, because contactd ended before the director took the
// request. It is longer than any call-back waits; a record moves the time.
const requestKept = 30 * 24 * time.Hour

func (p people) Keep(ctx context.Context, contact acd.ContactID, person httpapi.Person) error {
	value, err := json.Marshal(person)
	if err != nil {
		return fmt.Errorf("app: keep person: %w", err)
	}
	batch := p.store.Batch()
	batch.PutPersonal(string(contact), fieldPerson, value)
	if _, err := p.Find(contact); errors.Is(err, httpapi.ErrUnknown) {
		batch.ExpireContact(string(contact), time.Now().Add(requestKept))
	}
	return p.store.Write(ctx, batch)
}

func (p people) Find(contact acd.ContactID) (httpapi.Person, error) {
	value, err := p.store.Personal(string(contact), fieldPerson)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrErased) {
		return httpapi.Person{}, fmt.Errorf("%w: %w", httpapi.ErrUnknown, err)
	}
	if err != nil {
		return httpapi.Person{}, err
	}
	var person httpapi.Person
	if err := json.Unmarshal(value, &person); err != nil {
		return httpapi.Person{}, fmt.Errorf("app: read person: %w", err)
	}
	return person, nil
}

func (p people) Erase(ctx context.Context, contact acd.ContactID) error {
	batch := p.store.Batch()
	batch.Erase(string(contact))
	return p.store.Write(ctx, batch)
}

func (p people) Pseudonym(number string) string { return p.store.Reference(kindNumber, number) }

// table is a store's table with httpapi's word for what is missing.
type table struct{ *store.Table }

var _ httpapi.Table = table{}

func (t table) Get(key string) ([]byte, error) {
	value, err := t.Table.Get(key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, httpapi.ErrUnknown
	}
	return value, err
}

// records reads the stories of contacts from the store.
type records struct{ store *store.Store }

var _ httpapi.Records = records{}

func (r records) Record(contact acd.ContactID) (acd.Record, error) {
	kept, err := r.store.Record(string(contact))
	if errors.Is(err, store.ErrNotFound) {
		return acd.Record{}, fmt.Errorf("%w: %w", httpapi.ErrUnknown, err)
	}
	if err != nil {
		return acd.Record{}, err
	}
	return decodeRecord(kept)
}

func (r records) Records(cursor string, limit int) ([]acd.Record, string, error) {
	kept, next, err := r.store.Records(cursor, limit)
	if errors.Is(err, store.ErrCursor) {
		return nil, "", fmt.Errorf("%w: %w", httpapi.ErrCursor, err)
	}
	if err != nil {
		return nil, "", err
	}
	list := make([]acd.Record, 0, len(kept))
	for _, one := range kept {
		record, err := decodeRecord(one)
		if err != nil {
			return nil, "", err
		}
		list = append(list, record)
	}
	return list, next, nil
}

func decodeRecord(kept store.Record) (acd.Record, error) {
	var record acd.Record
	if err := json.Unmarshal(kept.Data, &record); err != nil {
		return acd.Record{}, fmt.Errorf("app: read record of %s: %w", kept.Contact, err)
	}
	return record, nil
}
