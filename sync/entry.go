package pagesync

import (
	"encoding/json"
	"fmt"
	"time"
)

// Entry says that an operation happened.
type Entry struct {
	// Offset in the room's log; the first is 1.
	Offset uint64
	At     time.Time
	// From is the participant, "" for contactd itself, and N the participant's number of the operation.
	From string
	N    uint64
	Op   Op
}

type entryWire struct {
	At   time.Time       `json:"at"`
	From string          `json:"from,omitempty"`
	N    uint64          `json:"n,omitempty"`
	Op   json.RawMessage `json:"op"`
}

// AppendEntry encodes an entry for the durable log. The offset is kept beside it.
func AppendEntry(dst []byte, e Entry) ([]byte, error) {
	op, err := AppendOp(nil, e.Op)
	if err != nil {
		return dst, err
	}
	data, err := json.Marshal(entryWire{e.At, e.From, e.N, op})
	if err != nil {
		return dst, fmt.Errorf("pagesync: encode entry: %w", err)
	}
	return append(dst, data...), nil
}

// DecodeEntry decodes an entry of the durable log.
func DecodeEntry(offset uint64, data []byte) (Entry, error) {
	var wire entryWire
	if err := json.Unmarshal(data, &wire); err != nil {
		return Entry{}, fmt.Errorf("pagesync: decode entry %d: %w", offset, err)
	}
	op, err := decodeOp(wire.Op)
	if err != nil {
		return Entry{}, fmt.Errorf("pagesync: decode entry %d: %w", offset, err)
	}
	return Entry{Offset: offset, At: wire.At, From: wire.From, N: wire.N, Op: op}, nil
}
