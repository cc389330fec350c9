package wsroom

import (
	"context"
	"errors"
)

// Record is one entry of a room's log.
type Record struct {
	// Offset grows by one.
	Offset uint64
	// Client, when not empty, is the sender, whose last number is Number from this commit on.
	Client string
	Number uint64
	Data   []byte
}

// Stored is a room as the log has it. The records go to the log's end without a gap, from where the snapshot ends or
// before that; from 1 when there is no snapshot.
type Stored struct {
	Snapshot       []byte
	SnapshotOffset uint64
	Records        []Record
}

// Log keeps rooms.
type Log interface {
	// Append commits records, all or none, and returns when they are on the disk.
	Append(ctx context.Context, room string, records []Record) error
	// Load returns a room, or an error that wraps [ErrNoRoom].
	Load(ctx context.Context, room string) (Stored, error)
	// Compact keeps the state as it is after the record at offset, and may let records up to trimTo go.
	Compact(ctx context.Context, room string, offset uint64, state []byte, trimTo uint64) error
}

// Person is whom a token names.
type Person struct {
	Room string
	// Subject is pagesync.SubjectCustomer or pagesync.AgentSubject(…).
	Subject    string
	Name       string
	Supervisor bool
}

// Verifier knows whom a token names.
type Verifier interface {
	Verify(token string) (Person, error)
}

// VerifierFunc is a function as a [Verifier].
type VerifierFunc func(token string) (Person, error)

// Verify calls the function.
func (f VerifierFunc) Verify(token string) (Person, error) { return f(token) }

var (
	// ErrNoRoom: there is no such room, or it was erased.
	ErrNoRoom = errors.New("no such room")
	// ErrStopped: the hub has stopped.
	ErrStopped = errors.New("room hub has stopped")
)
