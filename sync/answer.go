package pagesync

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// How a participant came in.
type How string

const (
	HowNew       How = "new"
	HowResumed   How = "resumed"
	HowDuplicate How = "duplicate"
)

// Welcome answers [Hello].
type Welcome struct {
	You    string `json:"you"`
	How    How    `json:"how"`
	Secret string `json:"secret"`
	Last   uint64 `json:"last"`
	Epoch  string `json:"epoch"`
	Offset uint64 `json:"offset"`
	Room   string `json:"room"`
}

// Frame encodes the welcome.
func (w Welcome) Frame() []byte {
	return mustJSON(struct {
		T string `json:"t"`
		Welcome
	}{"welcome", w})
}

// AckFrame tells a client that all its operations up to n are done.
func AckFrame(n, offset uint64) []byte {
	return fmt.Appendf(nil, `{"t":"ack","n":%d,"offset":%d}`, n, offset)
}

// RefusedFrame tells a client why its operation did not happen.
func RefusedFrame(n uint64, r *Refusal) []byte {
	return mustJSON(struct {
		T    string `json:"t"`
		N    uint64 `json:"n"`
		Code Code   `json:"code"`
		Text string `json:"text"`
	}{"refused", n, r.Code, r.Text})
}

// BeatFrame says that the server is there.
func BeatFrame() []byte { return []byte(`{"t":"beat"}`) }

// OpFrame tells of an entry.
func OpFrame(e Entry) ([]byte, error) {
	frame := fmt.Appendf(nil, `{"t":"op","offset":%d,"from":"%s","at":"%s","op":`, e.Offset, e.From, e.At.UTC().Format(time.RFC3339Nano))
	frame, err := AppendOp(frame, e.Op)
	return append(frame, '}'), err
}

// Audience of an operation.
type Audience uint8

const (
	// Nobody is told; it is remembered only.
	Nobody Audience = iota
	Everybody
	// WhoSeesPage is told: see [State.SeesPage].
	WhoSeesPage
)

// AudienceOf says who is told of an operation.
func AudienceOf(op Op) Audience {
	switch op.(type) {
	case Navigate, Push, Form, Control:
		return WhoSeesPage
	case Chat, Consent, CallState, MediaState, RoleSet, RoomClosed:
		return Everybody
	}
	return Nobody
}

// ChangesSight says whether somebody may see more or less after the operation, so that a snapshot must follow it.
func ChangesSight(op Op) bool {
	switch op.(type) {
	case Consent, RoleSet, RoomClosed, Control:
		return true
	}
	return false
}

// MovesPage says whether pointers and scroll positions from before the operation have lost their meaning.
func MovesPage(op Op) bool {
	switch op.(type) {
	case Navigate, Push, Consent:
		return true
	}
	return false
}

// SnapshotFrame encodes the state as the participant may see it.
func (s *State) SnapshotFrame(you string) []byte {
	role := s.RoleOf(you)
	frame := struct {
		T       string            `json:"t"`
		Offset  uint64            `json:"offset"`
		You     string            `json:"you"`
		Role    Role              `json:"role"`
		May     []Right           `json:"may"`
		Consent Choice            `json:"consent"`
		URL     string            `json:"url"`
		Page    uint64            `json:"page"`
		Fields  map[string]string `json:"fields"`
		Fill    bool              `json:"fill"`
		Call    *CallState        `json:"call"`
		Media   map[string]string `json:"media"`
		Chat    []Line            `json:"chat"`
		Closed  bool              `json:"closed"`
	}{
		T: "snapshot", Offset: s.Offset, You: you, Role: role, May: s.Rights(role), Consent: s.Consent,
		Fields: map[string]string{}, Fill: s.Fill, Media: s.Media, Chat: s.Chat, Closed: s.Closed != StillOpen,
	}
	if frame.May == nil {
		frame.May = []Right{}
	}
	if frame.Chat == nil {
		frame.Chat = []Line{}
	}
	if s.Call.State != "" {
		frame.Call = &s.Call
	}
	if s.SeesPage(role) {
		frame.URL, frame.Page, frame.Fields = s.URL, s.Page, s.Fields
	}
	return mustJSON(frame)
}

// Face is a connected participant as others see it.
type Face struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Role    Role   `json:"role"`
	Address string `json:"address,omitempty"`
}

// Faces returns the participants with these ids, in the order in which they first came. Addresses of customers are for
// those who may see them.
func (s *State) Faces(connected map[string]bool, addresses bool) []Face {
	ids := slices.SortedFunc(maps.Keys(connected), func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	faces := []Face{}
	for _, id := range ids {
		p := s.People[id]
		if p == nil || !connected[id] {
			continue
		}
		face := Face{ID: id, Name: s.nameOf(id), Role: s.RoleOf(id)}
		if addresses && face.Role == RoleCustomer {
			face.Address = p.Address
		}
		faces = append(faces, face)
	}
	return faces
}

// PeopleFrame tells who is connected.
func PeopleFrame(faces []Face) []byte {
	return mustJSON(struct {
		T      string `json:"t"`
		People []Face `json:"people"`
	}{"people", faces})
}

// mustJSON encodes frames, whose types cannot fail.
func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic("pagesync: " + err.Error())
	}
	return data
}
