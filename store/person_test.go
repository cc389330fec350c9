package store

import (
	"errors"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

func TestPersonalDataIsReadBack(t *testing.T) {
	s := openTest(t, Options{})
	write(t, s, func(b *Batch) {
		b.PutPersonal(anna, "number", []byte("+49301"))
		b.PutPersonal(anna, "name", []byte("Anna"))
		b.PutPersonal(bert, "number", []byte("+49302"))
	})
	write(t, s, func(b *Batch) { b.PutPersonal(anna, "number", []byte("+49303")) })
	s = reopen(t, s)
	for _, want := range [][3]string{{anna, "number", "+49303"}, {anna, "name", "Anna"}, {bert, "number", "+49302"}} {
		if value, err := s.Personal(want[0], want[1]); err != nil || string(value) != want[2] {
			t.Errorf("%v: %q, %v", want, value, err)
		}
	}
	if _, err := s.Personal(bert, "name"); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestErasedIsGoneForEver(t *testing.T) {
	s := openTest(t, Options{})
	write(t, s, func(b *Batch) {
		b.PutPersonal(anna, "number", []byte("+49301"))
		b.AppendRoom(anna, RoomOperation{Offset: 1, Data: []byte("chat")})
		b.PutRecord(anna, time.Unix(1, 0), []byte("{}"))
		b.PutPersonal(bert, "number", []byte("+49302"))
	})
	late := s.Batch() // was filled before, is handed in after
	late.PutPersonal(anna, "name", []byte("Anna"))
	write(t, s, func(b *Batch) { b.Erase(anna) })
	write(t, s, func(b *Batch) { b.Erase(anna) })
	if err := s.Write(t.Context(), late); !errors.Is(err, ErrErased) {
		t.Errorf("late write: %v", err)
	}
	for range 2 {
		if _, err := s.Personal(anna, "number"); !errors.Is(err, ErrErased) {
			t.Errorf("read: %v", err)
		}
		if _, err := s.Room(anna); !errors.Is(err, ErrErased) {
			t.Errorf("room: %v", err)
		}
		b := s.Batch()
		b.AppendRoom(anna, RoomOperation{Offset: 2})
		if err := s.Write(t.Context(), b); !errors.Is(err, ErrErased) {
			t.Errorf("write: %v", err)
		}
		if _, err := s.Record(anna); err != nil {
			t.Errorf("the record went: %v", err)
		}
		if number, err := s.Personal(bert, "number"); err != nil || string(number) != "+49302" {
			t.Errorf("the other's: %q, %v", number, err)
		}
		s = reopen(t, s)
	}
	if err := s.db.View(func(tx *bolt.Tx) error {
		id, _ := parseID(anna)
		for _, name := range [][]byte{bucketPersonKeys, bucketPersonal, bucketRoomLog, bucketRooms} {
			if k, _ := tx.Bucket(name).Cursor().Seek(id); k != nil && string(k[:idSize]) == string(id) {
				t.Errorf("%s still holds %x", name, k)
			}
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func TestContactsExpire(t *testing.T) {
	now := time.Unix(1000, 0)
	s := openTest(t, Options{Now: func() time.Time { return now }})
	write(t, s, func(b *Batch) {
		b.PutPersonal(anna, "number", []byte("+49301"))
		b.ExpireContact(anna, now.Add(time.Minute))
	})
	now = now.Add(2 * time.Minute)
	if n, err := s.Sweep(t.Context()); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if _, err := s.Personal(anna, "number"); !errors.Is(err, ErrErased) {
		t.Fatalf("got %v", err)
	}
	if n, err := s.Sweep(t.Context()); n != 0 || err != nil {
		t.Fatalf("again: %d, %v", n, err)
	}
}

// A refused batch leaves a key that was never stored; the next batch must store it.
func TestTheKeyIsStoredWithTheFirstBatchThatPasses(t *testing.T) {
	s := openTest(t, Options{})
	b := s.Batch()
	b.PutPersonal(anna, "name", []byte("Anna"))
	b.TakeEntry(s.Table("t"), "missing", nil)
	if err := s.Write(t.Context(), b); !errors.Is(err, ErrNotFound) {
		t.Fatalf("got %v", err)
	}
	write(t, s, func(b *Batch) { b.PutPersonal(anna, "number", []byte("+49301")) })
	s = reopen(t, s)
	if number, err := s.Personal(anna, "number"); err != nil || string(number) != "+49301" {
		t.Fatalf("%q, %v", number, err)
	}
	if _, err := s.Personal(anna, "name"); !errors.Is(err, ErrNotFound) {
		t.Fatalf("of the refused batch: %v", err)
	}
}

func TestAValuePassedOffAsAnothersDoesNotOpen(t *testing.T) {
	s := openTest(t, Options{})
	write(t, s, func(b *Batch) {
		b.PutPersonal(anna, "number", []byte("+49301"))
		b.PutPersonal(anna, "name", []byte("Anna"))
	})
	s.db.Update(func(tx *bolt.Tx) error {
		id, _ := parseID(anna)
		personal := tx.Bucket(bucketPersonal)
		return personal.Put(join(id, []byte("name")), personal.Get(join(id, []byte("number"))))
	})
	if _, err := s.Personal(anna, "name"); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("got %v", err)
	}
}

func TestReferencesAreKeyed(t *testing.T) {
	s, other := openTest(t, Options{}), openTest(t, Options{})
	number := s.Reference("number", "+49301")
	if len(number) != 32 || strings.Contains(number, "49301") {
		t.Errorf("reference %q", number)
	}
	if number != s.Reference("number", "+49301") {
		t.Error("a number has two references")
	}
	for _, same := range []string{s.Reference("number", "+49302"), s.Reference("address", "+49301"), other.Reference("number", "+49301")} {
		if number == same {
			t.Error("another kind, value or database has the same reference")
		}
	}
	before := s.Reference("number", "+49301")
	if after := reopen(t, s).Reference("number", "+49301"); after != before {
		t.Error("the reference did not outlive a restart")
	}
}

func TestIDsAreChecked(t *testing.T) {
	s := openTest(t, Options{})
	for _, id := range []string{"", "abc", anna[:31] + "F", anna[:31] + "g", anna + "00"} {
		b := s.Batch()
		b.PutPersonal(id, "number", nil)
		if err := s.Write(t.Context(), b); err == nil || !strings.Contains(err.Error(), "32 lower-case") {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func FuzzOpenSealed(f *testing.F) {
	s, err := Open(f.TempDir()+"/contactd.db", Options{})
	if err != nil {
		f.Fatal(err)
	}
	defer s.Close()
	id, _ := parseID(anna)
	key, err := s.keyFor(id, true)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{})
	f.Add(make([]byte, 40))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := open(key.aead, data, id); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("%x opened: %v", data, err)
		}
		sealed := seal(key.aead, data, id)
		if plain, err := open(key.aead, sealed, id); err != nil || string(plain) != string(data) {
			t.Fatalf("%x sealed and opened is %x: %v", data, plain, err)
		}
	})
}
