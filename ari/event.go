package ari

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Event is one entry of the client's ordered stream. It is one of
//   - the pointers to the types of this package that embed [Meta]: what Asterisk says;
//   - [*UnknownEvent]: what Asterisk says and this package does not know, as raw JSON;
//   - [*EpochBegan], [*EpochEnded], [*ConnectFailed], [*Stalled], [*Recovered]: what the client says of its connection.
type Event interface{ event() }

// Meta is what every event of Asterisk's has.
type Meta struct {
	Type        string `json:"type"`
	AsteriskID  string `json:"asterisk_id,omitempty"`
	Application string `json:"application"`
	Timestamp   Time   `json:"timestamp"`
}

// EventMeta returns what every event of Asterisk's has.
func (m *Meta) EventMeta() *Meta { return m }

// MetaOf returns the common part of an event of Asterisk's, and nil for what the client says of itself.
func MetaOf(ev Event) *Meta {
	if with, ok := ev.(interface{ EventMeta() *Meta }); ok {
		return with.EventMeta()
	}
	return nil
}

// UnknownEvent is an event that this package has no type for, or whose content is not what the api-docs say (Err says
// in which way). Nothing is thrown away: Raw is all that came.
type UnknownEvent struct {
	Meta
	Raw json.RawMessage
	Err error
}

func (*UnknownEvent) event() {}

// EpochBegan opens a connection epoch: every socket is connected, Asterisk has booted, and the events that follow up to
// [EpochEnded] are complete and in order. Events between two epochs are lost, and channels that entered the application
// before are not announced again, so the owner must now list channels and bridges and reconcile.
type EpochBegan struct {
	// Epoch counts the connections, from 1.
	Epoch uint64
	// Version is Asterisk's, "22.10.1…".
	Version string
	// EntityID names the Asterisk instance.
	EntityID string
}

func (*EpochBegan) event() {}

// EpochEnded closes a connection epoch. The events before it are complete up to an unknown moment; those after that
// moment are lost. Requests whose reply had not come fail with [ErrOutcomeUnknown].
type EpochEnded struct {
	Epoch uint64
	// Err says why: [ErrOverflow], [ErrReplaced], [ErrDeaf], the context's error, or the network's.
	Err error
}

func (*EpochEnded) event() {}

// ConnectFailed tells that an attempt to connect failed. The client goes on trying.
type ConnectFailed struct {
	// Attempt counts the failures since the last epoch, from 1.
	Attempt int
	// Err holds a [*StatusError] when something answered: 401 for wrong credentials, 404 for a wrong path.
	Err error
}

func (*ConnectFailed) event() {}

// Stalled tells that Asterisk's socket lives while a listing of its channels got no answer: the sign of a deadlock
// inside Asterisk, which only a restart of Asterisk cures. It is told once, until [Recovered].
type Stalled struct{ Err error }

func (*Stalled) event() {}

// Recovered tells that the listing is answered again after [Stalled].
type Recovered struct{}

func (*Recovered) event() {}

// Decode reads one message of the events WebSocket. It never fails: what it cannot make sense of comes back as
// [*UnknownEvent].
func Decode(raw []byte) Event {
	kind, err := typeOf(raw)
	if err != nil {
		return &UnknownEvent{Raw: bytes.Clone(raw), Err: err}
	}
	makeEmpty, known := makers[kind]
	if !known {
		unknown := &UnknownEvent{Raw: bytes.Clone(raw)}
		if err := json.Unmarshal(raw, &unknown.Meta); err != nil {
			unknown.Meta = Meta{Type: kind}
			unknown.Err = fmt.Errorf("ari: event %s: %w", kind, err)
		}
		return unknown
	}
	ev := makeEmpty()
	if err := json.Unmarshal(raw, ev); err != nil {
		return &UnknownEvent{Meta: Meta{Type: kind}, Raw: bytes.Clone(raw), Err: fmt.Errorf("ari: event %s: %w", kind, err)}
	}
	return ev
}

// typePrefix is how Asterisk begins every message; it saves reading the message twice.
var typePrefix = []byte(`{"type":"`)

func typeOf(raw []byte) (string, error) {
	if rest, ok := bytes.CutPrefix(raw, typePrefix); ok {
		if end := bytes.IndexByte(rest, '"'); end > 0 && bytes.IndexByte(rest[:end], '\\') < 0 {
			return string(rest[:end]), nil
		}
	}
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return "", fmt.Errorf("ari: event: %w", err)
	}
	if head.Type == "" {
		return "", fmt.Errorf("ari: event without a type")
	}
	return head.Type, nil
}
