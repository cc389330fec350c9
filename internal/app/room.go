package app

import (
	"context"
	"errors"
	"fmt"

	"contactd/internal/auth"
	"contactd/internal/config"
	"contactd/store"
	pagesync "contactd/sync"
	"contactd/sync/wsroom"
)

// roomLog keeps rooms in the store.
type roomLog struct{ store *store.Store }

var _ wsroom.Log = roomLog{}

func (l roomLog) Append(ctx context.Context, room string, records []wsroom.Record) error {
	operations := make([]store.RoomOperation, len(records))
	for i, r := range records {
		operations[i] = store.RoomOperation{Offset: r.Offset, Client: r.Client, Number: r.Number, Data: r.Data}
	}
	batch := l.store.Batch()
	batch.AppendRoom(room, operations...)
	return l.store.Write(ctx, batch)
}

func (l roomLog) Load(ctx context.Context, room string) (wsroom.Stored, error) {
	kept, err := l.store.Room(room)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrErased) {
		return wsroom.Stored{}, fmt.Errorf("%w: %w", wsroom.ErrNoRoom, err)
	}
	if err != nil {
		return wsroom.Stored{}, err
	}
	stored := wsroom.Stored{Snapshot: kept.Snapshot, SnapshotOffset: kept.SnapshotOffset}
	err = l.store.ReadRoom(ctx, room, kept.First, func(o store.RoomOperation) error {
		stored.Records = append(stored.Records, wsroom.Record{Offset: o.Offset, Client: o.Client, Number: o.Number, Data: o.Data})
		return nil
	})
	return stored, err
}

func (l roomLog) Compact(ctx context.Context, room string, offset uint64, state []byte, trimTo uint64) error {
	batch := l.store.Batch()
	batch.PutRoomSnapshot(room, offset, state, trimTo)
	return l.store.Write(ctx, batch)
}

// verifier knows room tokens.
func verifier(tokens *auth.Tokens) wsroom.Verifier {
	return wsroom.VerifierFunc(func(token string) (wsroom.Person, error) {
		p, err := tokens.VerifyRoom(token)
		return wsroom.Person{Room: p.Room, Subject: p.Subject, Name: p.Name, Supervisor: p.Supervisor}, err
	})
}

// siteOf gives a site's rules to rooms.
func siteOf(c *config.Config, name string) (pagesync.Site, bool) {
	s, ok := c.Sites[name]
	return pagesync.Site{Origins: s.Origins, SecretParameters: s.SecretParameters, ExcludedPaths: s.ExcludedPaths}, ok
}
