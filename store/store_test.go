package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

const (
	anna = "0123456789abcdef0123456789abcdef"
	bert = "ffffffffffffffffffffffffffffffff"
)

// openTest opens a store in a folder of the test, which closes it.
func openTest(t *testing.T, options Options) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "contactd.db"), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil && s.Err() == nil {
			t.Error(err)
		}
	})
	return s
}

// reopen closes a store and opens it again.
func reopen(t *testing.T, s *Store) *Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(s.path, s.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { again.Close() })
	return again
}

func write(t *testing.T, s *Store, fill func(b *Batch)) {
	t.Helper()
	b := s.Batch()
	fill(b)
	if err := s.Write(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func TestIdentityStaysAndBootsAreCounted(t *testing.T) {
	s := openTest(t, Options{})
	if len(s.Installation()) != 8 || s.Boot() != 1 {
		t.Fatalf("installation %q, boot %d", s.Installation(), s.Boot())
	}
	again := reopen(t, s)
	if again.Installation() != s.Installation() || again.Boot() != 2 {
		t.Fatalf("installation %q after %q, boot %d", again.Installation(), s.Installation(), again.Boot())
	}
	again.Close()
	reader, err := Open(s.path, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if reader.Boot() != 2 {
		t.Fatalf("reading counted a boot: %d", reader.Boot())
	}
	if _, err := reader.Append(t.Context(), [][]byte{{1}}); err == nil {
		t.Fatal("a store opened for reading took a write")
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Run("in use", func(t *testing.T) {
		s := openTest(t, Options{})
		_, err := Open(s.path, Options{LockTimeout: time.Millisecond})
		if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), "data_dir") {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("not a database", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "contactd.db")
		os.WriteFile(path, bytes.Repeat([]byte("no database "), 4096), 0o600)
		if _, err := Open(path, Options{}); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("another program's database", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "contactd.db")
		db, err := bolt.Open(path, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err })
		db.Close()
		if _, err := Open(path, Options{}); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "theirs") {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("newer schema", func(t *testing.T) {
		s := openTest(t, Options{})
		s.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Put(metaSchema, be64(99)) })
		s.Close()
		if _, err := Open(s.path, Options{}); err == nil || !strings.Contains(err.Error(), "newer contactd") {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("master key missing", func(t *testing.T) {
		s := openTest(t, Options{})
		s.Close()
		os.Remove(s.path + ".key")
		if _, err := Open(s.path, Options{}); err == nil || !strings.Contains(err.Error(), "is missing") {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("master key of another", func(t *testing.T) {
		s, other := openTest(t, Options{}), openTest(t, Options{})
		s.Close()
		key, _ := os.ReadFile(other.path + ".key")
		os.WriteFile(s.path+".key", key, 0o600)
		if _, err := Open(s.path, Options{}); err == nil || !strings.Contains(err.Error(), "another database") {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("master key readable by others", func(t *testing.T) {
		s := openTest(t, Options{})
		s.Close()
		os.Chmod(s.path+".key", 0o644)
		if _, err := Open(s.path, Options{}); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Fatalf("got %v", err)
		}
	})
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	s := openTest(t, Options{})
	for _, path := range []string{s.path, s.path + ".key"} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %04o", path, info.Mode().Perm())
		}
	}
}

func TestABackupOpensWithTheKey(t *testing.T) {
	s := openTest(t, Options{})
	write(t, s, func(b *Batch) { b.PutPersonal(anna, "number", []byte("+4930123456")) })
	path := filepath.Join(t.TempDir(), "backup.db")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Backup(f); err != nil {
		t.Fatal(err)
	}
	f.Close()
	key, _ := os.ReadFile(s.path + ".key")
	os.WriteFile(path+".key", key, 0o600)
	copied, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	if number, err := copied.Personal(anna, "number"); err != nil || string(number) != "+4930123456" {
		t.Fatalf("%q, %v", number, err)
	}
	content, _ := os.ReadFile(path)
	if bytes.Contains(content, []byte("+4930123456")) {
		t.Fatal("the number stands in the file in clear")
	}
}

func TestAClosedStoreSaysSo(t *testing.T) {
	s := openTest(t, Options{})
	s.Close()
	if _, err := s.Append(t.Context(), [][]byte{{1}}); !errors.Is(err, ErrClosed) {
		t.Errorf("write: %v", err)
	}
	if _, _, err := s.LatestSnapshot(); !errors.Is(err, ErrClosed) {
		t.Errorf("read: %v", err)
	}
}
