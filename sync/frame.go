package pagesync

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Frame is what a client sends. The set is closed.
type Frame interface{ frame() }

type (
	// Hello is the first frame of a connection.
	Hello struct {
		Token  string
		Resume Resume
	}
	// Resume is what the client kept; empty when it kept nothing.
	Resume struct {
		You    string `json:"you"`
		Secret string `json:"secret"`
		Epoch  string `json:"epoch"`
		Offset uint64 `json:"offset"`
	}
	// Wish is an operation with the client's number. Op is nil when it could not be understood; Refusal says why.
	Wish struct {
		N       uint64
		Op      Op
		Refusal *Refusal
	}
	// Fleeting is an ephemeral frame: see [AppendFleeting].
	Fleeting struct{}
)

func (Hello) frame()    {}
func (Wish) frame()     {}
func (Fleeting) frame() {}

// ErrMalformed: the frame is none of the protocol; the connection is closed for it.
var ErrMalformed = errors.New("malformed frame")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// DecodeFrame decodes a client's frame.
func DecodeFrame(data []byte) (Frame, error) {
	if len(data) > MaxFrame {
		return nil, malformed("%d bytes, at most %d are allowed", len(data), MaxFrame)
	}
	if !utf8.Valid(data) {
		return nil, malformed("not UTF-8")
	}
	if depth(data) > MaxDepth {
		return nil, malformed("nested deeper than %d", MaxDepth)
	}
	var wire struct {
		T      string          `json:"t"`
		Token  string          `json:"token"`
		Resume Resume          `json:"resume"`
		N      uint64          `json:"n"`
		Op     json.RawMessage `json:"op"`
	}
	if err := json.Unmarshal(data, &wire); err != nil {
		return nil, malformed("%v", err)
	}
	switch wire.T {
	case "hello":
		return Hello{wire.Token, wire.Resume}, nil
	case "op":
		if wire.N == 0 || wire.N > 1<<53 {
			return nil, malformed("an operation needs a number n, from 1")
		}
		if len(wire.Op) == 0 {
			return nil, malformed("an operation needs op")
		}
		op, err := decodeOp(wire.Op)
		var unknown errKind
		switch {
		case errors.As(err, &unknown):
			return Wish{N: wire.N, Refusal: refuse(UnknownKind, "%v", err)}, nil
		case err != nil:
			return Wish{N: wire.N, Refusal: refuse(Invalid, "%v", err)}, nil
		}
		return Wish{N: wire.N, Op: op}, nil
	case "pointer", "scroll", "typing":
		return Fleeting{}, nil
	}
	return nil, malformed("frame %.20q is not known", wire.T)
}

// depth of nesting, without looking into strings.
func depth(data []byte) int {
	deepest, now, quoted := 0, 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}
