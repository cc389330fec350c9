package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// ErrOffset: operations were to be appended to a room at an offset that does not follow its last.
var ErrOffset = errors.New("room offset does not follow")

// RoomOperation is one durable operation of a room.
type RoomOperation struct {
	// Offset grows by one from operation to operation.
	Offset uint64
	// Client, when not empty, is the sender, whose last number becomes Number in the same commit.
	Client string
	Number uint64
	Data   []byte
}

// Room is what is known of a room besides its log.
type Room struct {
	// First and Last offset in the log; First is Last+1 when the log is empty.
	First, Last uint64
	// Clients holds each sender's last number.
	Clients map[string]uint64
	// Snapshot is the room's state after the operation at SnapshotOffset; nil when none was put.
	Snapshot       []byte
	SnapshotOffset uint64
	Expires        time.Time
}

// AppendRoom appends operations to a room's log; the room is made when it is not there. The first offset must follow
// the room's last (any begins a new room), else the batch is refused with [ErrOffset]. Data is sealed with the
// contact's key; a room's id is its contact's.
func (b *Batch) AppendRoom(room string, operations ...RoomOperation) {
	id, err := parseID(room)
	if err != nil {
		b.fail(err)
		return
	}
	if len(operations) == 0 {
		return
	}
	key, err := b.store.keyFor(id, true)
	if err != nil {
		b.fail(err)
		return
	}
	before, again := b.rooms[room]
	last, size := before, 0
	sealed := make([][]byte, len(operations))
	for i, op := range operations {
		if !b.fits("room operation", len(op.Data)) {
			return
		}
		if (i > 0 || again) && op.Offset != last+1 {
			b.fail(fmt.Errorf("room %s: %w: %d after %d", room, ErrOffset, op.Offset, last))
			return
		}
		if op.Offset == 0 || len(op.Client) > 256 {
			b.fail(fmt.Errorf("room %s: offsets begin at 1 and a client's name has at most 256 bytes", room))
			return
		}
		last = op.Offset
		sealed[i] = seal(key.aead, op.Data, roomKey(id, op.Offset))
		size += len(sealed[i]) + len(op.Client) + 64
	}
	if b.rooms == nil {
		b.rooms = make(map[string]uint64)
	}
	b.rooms[room] = last
	b.add(0, b.store.keepKey(id, key))
	op := operation{apply: func(tx *bolt.Tx) error { return appendRoom(tx, id, operations, sealed) }}
	if !again {
		first := operations[0].Offset
		op.check = func(tx *bolt.Tx) error {
			if stored := tx.Bucket(bucketRooms).Get(id); stored != nil && binary.BigEndian.Uint64(stored)+1 != first {
				return fmt.Errorf("room %s: %w: %d after %d", room, ErrOffset, first, binary.BigEndian.Uint64(stored))
			}
			return nil
		}
	}
	b.add(size, op)
}

func appendRoom(tx *bolt.Tx, id []byte, operations []RoomOperation, sealed [][]byte) error {
	log, clients := tx.Bucket(bucketRoomLog), tx.Bucket(bucketRoomClients)
	for i, op := range operations {
		if err := log.Put(roomKey(id, op.Offset), sealed[i]); err != nil {
			return fmt.Errorf("append to room: %w", err)
		}
		if op.Client == "" {
			continue
		}
		if err := clients.Put(join(id, []byte(op.Client)), be64(op.Number)); err != nil {
			return fmt.Errorf("append to room: %w", err)
		}
	}
	return putRoomLast(tx, id, operations[len(operations)-1].Offset)
}

func putRoomLast(tx *bolt.Tx, id []byte, last uint64) error {
	if err := tx.Bucket(bucketRooms).Put(id, be64(last)); err != nil {
		return fmt.Errorf("put room: %w", err)
	}
	return nil
}

// roomKey is where an operation stands in the log of all rooms.
func roomKey(id []byte, offset uint64) []byte {
	key := make([]byte, 0, idSize+8)
	return binary.BigEndian.AppendUint64(append(key, id...), offset)
}

// PutRoomSnapshot keeps the room's state as it is after the operation at offset, sealed, and lets the log up to and
// including trimTo go (0 keeps all). A snapshot may make the room: the log then goes on behind offset.
func (b *Batch) PutRoomSnapshot(room string, offset uint64, state []byte, trimTo uint64) {
	id, err := parseID(room)
	if err != nil {
		b.fail(err)
		return
	}
	if !b.fits("room snapshot", len(state)) {
		return
	}
	if trimTo > offset {
		b.fail(fmt.Errorf("room %s: log up to %d cannot go, the snapshot ends at %d", room, trimTo, offset))
		return
	}
	key, err := b.store.keyFor(id, true)
	if err != nil {
		b.fail(err)
		return
	}
	sealed := seal(key.aead, state, roomKey(id, offset))
	b.add(0, b.store.keepKey(id, key))
	b.add(len(sealed)+64, operation{apply: func(tx *bolt.Tx) error {
		if err := tx.Bucket(bucketRoomSnaps).Put(id, join(be64(offset), sealed)); err != nil {
			return fmt.Errorf("put room snapshot: %w", err)
		}
		if tx.Bucket(bucketRooms).Get(id) == nil {
			if err := putRoomLast(tx, id, offset); err != nil {
				return err
			}
		}
		return trimRoom(tx, id, trimTo)
	}})
}

func trimRoom(tx *bolt.Tx, id []byte, trimTo uint64) error {
	log := tx.Bucket(bucketRoomLog)
	end := roomKey(id, trimTo)
	var keys [][]byte
	cursor := log.Cursor()
	for k, _ := cursor.Seek(id); k != nil && bytes.Compare(k, end) <= 0; k, _ = cursor.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	for _, k := range keys {
		if err := log.Delete(k); err != nil {
			return fmt.Errorf("trim room log: %w", err)
		}
	}
	return nil
}

// DeleteRoom deletes a room's log, clients and snapshot. The contact's key and personal data stay.
func (b *Batch) DeleteRoom(room string) {
	id, err := parseID(room)
	if err != nil {
		b.fail(err)
		return
	}
	b.add(64, operation{apply: func(tx *bolt.Tx) error { return deleteRoom(tx, id) }})
}

// ExpireRoom has the room deleted by the first sweep after at; a later call moves the time, a zero time stops it.
func (b *Batch) ExpireRoom(room string, at time.Time) {
	id, err := parseID(room)
	if err != nil {
		b.fail(err)
		return
	}
	b.add(64, operation{apply: func(tx *bolt.Tx) error { return setExpiry(tx, kindRoom, id, at) }})
}

func deleteRoom(tx *bolt.Tx, id []byte) error {
	for _, name := range [][]byte{bucketRoomLog, bucketRoomClients, bucketRoomSnaps, bucketRooms} {
		if err := deletePrefix(tx.Bucket(name), id); err != nil {
			return fmt.Errorf("delete room: %w", err)
		}
	}
	return setExpiry(tx, kindRoom, id, time.Time{})
}

// Room returns what is stored of a room, or [ErrNotFound]; [ErrErased] when the person was erased.
func (s *Store) Room(room string) (Room, error) {
	id, err := parseID(room)
	if err != nil {
		return Room{}, fmt.Errorf("store: read room: %w", err)
	}
	key, err := s.keyFor(id, false)
	if err != nil {
		return Room{}, fmt.Errorf("store: read room: %w", err)
	}
	found := Room{Clients: make(map[string]uint64)}
	err = s.view("read room "+room, func(tx *bolt.Tx) error {
		stored := tx.Bucket(bucketRooms).Get(id)
		if stored == nil {
			return ErrNotFound
		}
		found.Last = binary.BigEndian.Uint64(stored)
		found.First = found.Last + 1
		if k, _ := tx.Bucket(bucketRoomLog).Cursor().Seek(id); bytes.HasPrefix(k, id) {
			found.First = binary.BigEndian.Uint64(k[idSize:])
		}
		cursor := tx.Bucket(bucketRoomClients).Cursor()
		for k, v := cursor.Seek(id); bytes.HasPrefix(k, id); k, v = cursor.Next() {
			found.Clients[string(k[idSize:])] = binary.BigEndian.Uint64(v)
		}
		found.Expires = nanoTime(tx.Bucket(bucketExpires).Get(join([]byte{kindRoom}, id)))
		if snapshot := tx.Bucket(bucketRoomSnaps).Get(id); len(snapshot) > 8 {
			found.SnapshotOffset = binary.BigEndian.Uint64(snapshot)
			if found.Snapshot, err = open(key.aead, snapshot[8:], roomKey(id, found.SnapshotOffset)); err != nil {
				return fmt.Errorf("snapshot: %w", err)
			}
		}
		return nil
	})
	return found, err
}

// ReadRoom calls fn for each operation in the room's log from offset from on, until the end of the log or an error of
// fn. Only offset and data are set. The log may begin later than from: see [Room].First.
func (s *Store) ReadRoom(ctx context.Context, room string, from uint64, fn func(RoomOperation) error) error {
	id, err := parseID(room)
	if err != nil {
		return fmt.Errorf("store: read room log: %w", err)
	}
	key, err := s.keyFor(id, false)
	if err != nil {
		return fmt.Errorf("store: read room log: %w", err)
	}
	for {
		if ctx.Err() != nil {
			return fmt.Errorf("store: read room log: %w", context.Cause(ctx))
		}
		var chunk []RoomOperation
		if err := s.view("read log of room "+room, func(tx *bolt.Tx) error {
			size := 0
			cursor := tx.Bucket(bucketRoomLog).Cursor()
			for k, v := cursor.Seek(roomKey(id, from)); bytes.HasPrefix(k, id) && size < readChunk; k, v = cursor.Next() {
				offset := binary.BigEndian.Uint64(k[idSize:])
				if n := len(chunk); n > 0 && chunk[n-1].Offset+1 != offset {
					return fmt.Errorf("%w: operation %d is missing", ErrCorrupt, chunk[n-1].Offset+1)
				}
				data, err := open(key.aead, v, k)
				if err != nil {
					return fmt.Errorf("operation %d: %w", offset, err)
				}
				chunk = append(chunk, RoomOperation{Offset: offset, Data: data})
				size += len(v)
			}
			return nil
		}); err != nil {
			return err
		}
		if len(chunk) == 0 {
			return nil
		}
		for _, op := range chunk {
			if err := fn(op); err != nil {
				return err
			}
		}
		from = chunk[len(chunk)-1].Offset + 1
	}
}

// Rooms lists the ids of all stored rooms.
func (s *Store) Rooms() ([]string, error) {
	var rooms []string
	err := s.view("list rooms", func(tx *bolt.Tx) error {
		return tx.Bucket(bucketRooms).ForEach(func(k, _ []byte) error {
			rooms = append(rooms, hex.EncodeToString(k))
			return nil
		})
	})
	return rooms, err
}
