package store

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// Errors that callers tell apart with errors.Is.
var (
	// ErrInUse: another process holds the database file.
	ErrInUse = errors.New("database is in use")
	// ErrFailed: a commit failed; nothing is written any more until a restart.
	ErrFailed = errors.New("store failed")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("store is closed")
	// ErrBusy: more bytes wait for the disk than Options.MaxPending; try again later.
	ErrBusy = errors.New("too much waits for the disk")
	// ErrOutcomeUnknown: the context ended while the commit was in flight; the batch may have been written.
	ErrOutcomeUnknown = errors.New("outcome of the write is unknown")
	ErrNotFound       = errors.New("not found")
	ErrExists         = errors.New("exists already")
	// ErrErased: the person's data was erased and nothing may be added.
	ErrErased = errors.New("person was erased")
	// ErrPruned: the journal entries asked for have gone to the archive or were thrown away.
	ErrPruned = errors.New("journal entries are no longer in the database")
	// ErrCorrupt: a checksum or an order does not hold.
	ErrCorrupt = errors.New("stored data is damaged")
)

// Defaults of [Options].
const (
	DefaultLockTimeout      = 3 * time.Second
	DefaultMaxPending       = 64 << 20
	DefaultArchiveRetention = 90 * 24 * time.Hour
	// initialMmap lets readers run while the file grows up to here, without making the writer wait for them.
	initialMmap = 1 << 30
)

// Options of [Open]; the zero value is good.
type Options struct {
	Log *slog.Logger
	// LockTimeout is how long another process's lock is waited for (a restart overlaps a little).
	LockTimeout time.Duration
	// MaxPending bounds the bytes that wait for the committer. Batches with journal entries are taken all the same: their
	// writer bounds himself, and has already decided what they say.
	MaxPending int
	// ArchiveRetention is how long archived journal segments are kept.
	ArchiveRetention time.Duration
	// ReadOnly opens for reading without counting a boot; every write is refused.
	ReadOnly bool
	// Now is the clock for expiry; time.Now when nil.
	Now func() time.Time
}

// Store is an open database.
type Store struct {
	db        *bolt.DB
	path      string
	options   Options
	keys      *keyring
	journal   journal
	logger    *committer // of journal entries alone, into the log
	committer *committer // of everything else, into the database

	installation string
	boot         uint64
	closing      sync.Once
}

// Open opens or makes the database at path, brings its schema up to date and counts the boot. The folder is made when
// it is missing. The journal's log is path + ".wal", the master key path + ".key", and archived journal segments are in
// the folder path + ".archive".
func Open(path string, options Options) (*Store, error) {
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.LockTimeout <= 0 {
		options.LockTimeout = DefaultLockTimeout
	}
	if options.MaxPending <= 0 {
		options.MaxPending = DefaultMaxPending
	}
	if options.ArchiveRetention <= 0 {
		options.ArchiveRetention = DefaultArchiveRetention
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	db, err := openFile(path, options)
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, path: path, options: options}
	fault := newFault()
	s.logger = newCommitter(options.MaxPending, fault, s.commitJournal)
	s.committer = newCommitter(options.MaxPending, fault, s.commitGroup)
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

func openFile(path string, options Options) (*bolt.DB, error) {
	if options.ReadOnly {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("store: open for reading: %w", err)
		}
	} else if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("store: make the data folder: %w", err)
	}
	if err := checkLength(path); err != nil {
		return nil, fmt.Errorf("store: open %s: %w", path, err)
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		Timeout:         options.LockTimeout,
		NoFreelistSync:  true,
		FreelistType:    bolt.FreelistMapType,
		InitialMmapSize: initialMmap,
		ReadOnly:        options.ReadOnly,
		NoStatistics:    true,
	})
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("store: open %s: %w by another process: stop the contactd that runs on this data folder, or give this one another data_dir", path, ErrInUse)
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("store: open %s: %w: it must belong to the user that contactd runs as (chown it)", path, err)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return nil, fmt.Errorf("store: open %s: %w: %w: this is no database of contactd or it is broken; restore a backup", path, ErrCorrupt, err)
	case err != nil:
		return nil, fmt.Errorf("store: open %s: %w", path, err)
	}
	return db, nil
}

// prepare makes the open file ours: permissions, schema, master key, identity, next journal number.
func (s *Store) prepare() error {
	if !s.options.ReadOnly {
		if err := os.Chmod(s.path, 0o600); err != nil {
			return fmt.Errorf("store: protect the database file: %w", err)
		}
		if err := s.db.Update(migrate); err != nil {
			return fmt.Errorf("store: prepare %s: %w", s.path, err)
		}
	} else if err := s.db.View(checkSchema); err != nil {
		return fmt.Errorf("store: read %s: %w", s.path, err)
	}
	var err error
	if s.keys, err = openKeyring(s.db, s.path+".key", s.options.ReadOnly); err != nil {
		return err
	}
	if err := s.readIdentity(); err != nil {
		return fmt.Errorf("store: read the installation's identity: %w", err)
	}
	if err := s.openJournal(); err != nil {
		return fmt.Errorf("store: open the journal: %w", err)
	}
	return nil
}

// Close writes what was handed in before, waits for the committers and closes the files. Later calls get [ErrClosed];
// closing again does nothing.
func (s *Store) Close() (err error) {
	s.closing.Do(func() { err = s.close() })
	return err
}

func (s *Store) close() error {
	errs := []error{s.logger.close(), s.committer.close()}
	if s.options.ReadOnly {
		return errors.Join(append(errs, s.db.Close())...)
	}
	if errs[0] == nil && errs[1] == nil {
		errs = append(errs, s.checkpoint())
	} else if errs[0] != nil {
		errs[1] = nil // the same fault
	}
	if err := errors.Join(append(errs, s.journal.wal.file.Close(), s.db.Close())...); err != nil {
		return fmt.Errorf("store: close: %w", err)
	}
	return nil
}

// checkpoint moves the log's entries into the database.
func (s *Store) checkpoint() error { return s.emptyLog(func(*bolt.Tx) error { return nil }) }

// Backup writes a consistent copy of the database to w while the store is in use, and returns its size in bytes. The
// copy opens like the original beside a copy of the master key file (path + ".key"), which is not part of it.
func (s *Store) Backup(w io.Writer) (int64, error) {
	if !s.options.ReadOnly {
		if err := s.checkpoint(); err != nil {
			return 0, fmt.Errorf("store: backup: %w", closedOr(err))
		}
	}
	var n int64
	err := s.db.View(func(tx *bolt.Tx) error {
		var err error
		n, err = tx.WriteTo(w)
		return err
	})
	if err != nil {
		return n, fmt.Errorf("store: backup: %w", closedOr(err))
	}
	return n, nil
}

// view runs fn in a read transaction; what it keeps must be copied.
func (s *Store) view(operation string, fn func(tx *bolt.Tx) error) error {
	if err := s.db.View(fn); err != nil {
		return fmt.Errorf("store: %s: %w", operation, closedOr(err))
	}
	return nil
}

func closedOr(err error) error {
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}
