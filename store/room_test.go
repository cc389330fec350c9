package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"
)

func roomLog(t *testing.T, s *Store, room string, from uint64) (log []string) {
	t.Helper()
	if err := s.ReadRoom(t.Context(), room, from, func(op RoomOperation) error {
		log = append(log, fmt.Sprintf("%d %s", op.Offset, op.Data))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return log
}

func TestARoomsLogClientsAndSnapshot(t *testing.T) {
	s := openTest(t, Options{})
	if _, err := s.Room(anna); !errors.Is(err, ErrNotFound) {
		t.Fatalf("no room: %v", err)
	}
	write(t, s, func(b *Batch) {
		b.AppendRoom(anna, RoomOperation{Offset: 1, Client: "agent", Number: 7, Data: []byte("goto /a")})
		b.AppendRoom(bert, RoomOperation{Offset: 1, Data: []byte("other")})
		b.AppendRoom(anna,
			RoomOperation{Offset: 2, Client: "customer", Number: 1, Data: []byte("goto /b")},
			RoomOperation{Offset: 3, Client: "agent", Number: 9, Data: []byte("goto /c")})
	})
	s = reopen(t, s)
	room, err := s.Room(anna)
	if err != nil {
		t.Fatal(err)
	}
	if room.First != 1 || room.Last != 3 || room.Clients["agent"] != 9 || room.Clients["customer"] != 1 || len(room.Clients) != 2 {
		t.Errorf("room %+v", room)
	}
	if log := roomLog(t, s, anna, 2); !slices.Equal(log, []string{"2 goto /b", "3 goto /c"}) {
		t.Errorf("log %q", log)
	}

	write(t, s, func(b *Batch) { b.PutRoomSnapshot(anna, 3, []byte("at /c"), 2) })
	room, err = s.Room(anna)
	if err != nil || string(room.Snapshot) != "at /c" || room.SnapshotOffset != 3 || room.First != 3 || room.Last != 3 {
		t.Errorf("room %+v, %v", room, err)
	}
	if rooms, err := s.Rooms(); err != nil || !slices.Equal(rooms, []string{anna, bert}) {
		t.Errorf("rooms %q, %v", rooms, err)
	}
	content, _ := os.ReadFile(s.path)
	if bytes.Contains(content, []byte("goto /")) || bytes.Contains(content, []byte("at /c")) {
		t.Error("the room's content stands in the file in clear")
	}

	write(t, s, func(b *Batch) { b.DeleteRoom(anna) })
	if _, err := s.Room(anna); !errors.Is(err, ErrNotFound) {
		t.Errorf("deleted: %v", err)
	}
	if log := roomLog(t, s, bert, 1); !slices.Equal(log, []string{"1 other"}) {
		t.Errorf("the other room's log %q", log)
	}
}

func TestRoomOffsetsFollowEachOther(t *testing.T) {
	s := openTest(t, Options{})
	appendAt := func(offsets ...uint64) error {
		b := s.Batch()
		for _, offset := range offsets {
			b.AppendRoom(anna, RoomOperation{Offset: offset})
		}
		return s.Write(t.Context(), b)
	}
	if err := appendAt(5, 6); err != nil { // a room that begins again behind an older epoch
		t.Fatal(err)
	}
	for _, wrong := range [][]uint64{{6}, {8}, {7, 9}, {0}} {
		if err := appendAt(wrong...); err == nil || wrong[0] != 0 && !errors.Is(err, ErrOffset) {
			t.Errorf("%v: %v", wrong, err)
		}
	}
	if err := appendAt(7); err != nil {
		t.Fatal(err)
	}
	if log := roomLog(t, s, anna, 0); len(log) != 3 {
		t.Errorf("log %q", log)
	}
}

func TestRoomsExpire(t *testing.T) {
	now := time.Unix(1000, 0)
	s := openTest(t, Options{Now: func() time.Time { return now }})
	write(t, s, func(b *Batch) {
		b.AppendRoom(anna, RoomOperation{Offset: 1})
		b.ExpireRoom(anna, now.Add(time.Minute))
		b.AppendRoom(bert, RoomOperation{Offset: 1})
		b.ExpireRoom(bert, now.Add(time.Minute))
	})
	write(t, s, func(b *Batch) { b.ExpireRoom(bert, now.Add(time.Hour)) })
	if n, err := s.Sweep(t.Context()); n != 0 || err != nil {
		t.Fatalf("too early: %d, %v", n, err)
	}
	now = now.Add(time.Minute)
	if n, err := s.Sweep(t.Context()); n != 1 || err != nil {
		t.Fatalf("%d went, %v", n, err)
	}
	if rooms, _ := s.Rooms(); !slices.Equal(rooms, []string{bert}) {
		t.Fatalf("rooms %q", rooms)
	}
	room, err := s.Room(bert)
	if err != nil || !room.Expires.Equal(time.Unix(1000, 0).Add(time.Hour)) {
		t.Fatalf("%+v, %v", room, err)
	}
}
