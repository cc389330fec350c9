package acd

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// Entry is one step as the journal keeps it.
type Entry struct {
	At    time.Time
	Input Input
	Facts []Fact
}

// Tags are stable: a tag is never given to another type, and a type never gets another tag. testdata/entries.golden
// holds one entry of each.
var (
	inputTags = tagsOf[Input](
		1, Started{}, 2, ConfigurationApplied{}, 3, DeadlineReached{}, 4, CallArrived{}, 5, CallBackRequested{},
		6, NumberChanged{}, 7, ContactCancelled{}, 8, AgentSignedIn{}, 9, AgentSignedOut{}, 10, AgentReady{},
		11, AgentNotReady{}, 12, OfferAccepted{}, 13, OfferRejected{}, 14, HangUpRequested{}, 15, WrapUpEnded{},
		16, WrapUpExtended{}, 17, PBXConnected{}, 18, PBXDisconnected{}, 19, LegRang{}, 20, LegAnswered{},
		21, LegEnded{}, 22, CommandSettled{},
	)
	factTags = tagsOf[Fact](
		1, BootStarted{}, 2, ConfigurationAdopted{}, 3, PBXUp{}, 4, PBXDown{}, 5, ContactArrived{}, 6, NumberReplaced{},
		7, OfferMade{}, 8, OfferTakenUp{}, 9, OfferEnded{}, 10, LegStarted{}, 11, LegRinging{}, 12, LegUp{},
		13, LegReleased{}, 14, LegDown{}, 15, CustomerCalled{}, 16, AttemptEnded{}, 17, ContactDue{},
		18, ContactConnected{}, 19, ContactEnded{}, 20, WrapUpMoved{}, 21, WrapUpOver{}, 22, ContactClosed{},
		23, AgentMoved{}, 24, AgentPlanned{}, 25, CommandsIssued{}, 26, CommandClosed{},
	)
	actionTags = tagsOf[Action](
		1, OriginateLeg{}, 2, AnswerLeg{}, 3, HangUpLeg{}, 4, StartMusic{}, 5, StartRingback{}, 6, StopSound{},
		7, CreateBridge{}, 8, JoinLegs{}, 9, DestroyBridge{}, 10, OpenRoom{}, 11, SetRole{}, 12, ShowCallState{},
		13, CloseRoom{}, 14, KeepRecord{},
	)
)

// tags maps types to their tags and back.
type tags[T any] struct {
	of    map[reflect.Type]int
	types map[int]reflect.Type
}

func tagsOf[T any](pairs ...any) tags[T] {
	t := tags[T]{of: map[reflect.Type]int{}, types: map[int]reflect.Type{}}
	for i := 0; i < len(pairs); i += 2 {
		typ := reflect.TypeOf(pairs[i+1].(T))
		t.of[typ], t.types[pairs[i].(int)] = pairs[i].(int), typ
	}
	return t
}

// tagged is a value with its tag, as it is written.
type tagged struct {
	Tag   int             `json:"t"`
	Value json.RawMessage `json:"v"`
}

func (t tags[T]) encode(v T) (tagged, error) {
	raw, err := json.Marshal(v)
	return tagged{Tag: t.of[reflect.TypeOf(v)], Value: raw}, err
}

func (t tags[T]) decode(w tagged) (T, error) {
	var none T
	typ := t.types[w.Tag]
	if typ == nil {
		return none, fmt.Errorf("acd: no %T has the tag %d; the journal is of a newer version", new(T), w.Tag)
	}
	v := reflect.New(typ)
	if err := json.Unmarshal(w.Value, v.Interface()); err != nil {
		return none, fmt.Errorf("acd: decode %s: %w", typ.Name(), err)
	}
	return v.Elem().Interface().(T), nil
}

type wireEntry struct {
	Rules int       `json:"r"`
	At    time.Time `json:"at"`
	Input tagged    `json:"in"`
	Facts []tagged  `json:"f"`
}

// AppendEntry appends the encoding of a step to dst.
func AppendEntry(dst []byte, at time.Time, in Input, facts []Fact) ([]byte, error) {
	w := wireEntry{Rules: RulesVersion, At: at, Facts: make([]tagged, 0, len(facts))}
	var err error
	if w.Input, err = inputTags.encode(in); err != nil {
		return dst, fmt.Errorf("acd: encode %T: %w", in, err)
	}
	for _, f := range facts {
		one, err := factTags.encode(f)
		if err != nil {
			return dst, fmt.Errorf("acd: encode %T: %w", f, err)
		}
		w.Facts = append(w.Facts, one)
	}
	raw, err := json.Marshal(w)
	if err != nil {
		return dst, fmt.Errorf("acd: encode entry: %w", err)
	}
	return append(dst, raw...), nil
}

// DecodeEntry reads what AppendEntry wrote.
func DecodeEntry(raw []byte) (Entry, error) {
	var w wireEntry
	if err := json.Unmarshal(raw, &w); err != nil {
		return Entry{}, fmt.Errorf("acd: decode entry: %w", err)
	}
	e := Entry{At: w.At}
	var err error
	if e.Input, err = inputTags.decode(w.Input); err != nil {
		return Entry{}, err
	}
	for _, one := range w.Facts {
		f, err := factTags.decode(one)
		if err != nil {
			return Entry{}, err
		}
		e.Facts = append(e.Facts, f)
	}
	return e, nil
}

// MarshalJSON writes the action with its tag.
func (c Command) MarshalJSON() ([]byte, error) {
	do, err := actionTags.encode(c.Do)
	if err != nil {
		return nil, err
	}
	return json.Marshal(wireCommand{ID: c.ID, Contact: c.Contact, Irreversible: c.Irreversible, Do: do})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Command) UnmarshalJSON(raw []byte) error {
	var w wireCommand
	if err := json.Unmarshal(raw, &w); err != nil {
		return err
	}
	do, err := actionTags.decode(w.Do)
	if err != nil {
		return err
	}
	*c = Command{ID: w.ID, Contact: w.Contact, Irreversible: w.Irreversible, Do: do}
	return nil
}

type wireCommand struct {
	ID           CommandID `json:"id"`
	Contact      ContactID `json:"c,omitempty"`
	Irreversible bool      `json:"i,omitempty"`
	Do           tagged    `json:"do"`
}

// kept is a command in the outbox.
type kept struct{ Command }

// Snapshot encodes the whole state. Equal states have equal snapshots.
func (s *State) Snapshot() ([]byte, error) {
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(s.d); err != nil {
		return nil, fmt.Errorf("acd: encode snapshot: %w", err)
	}
	return b.Bytes(), nil
}

// Restore makes a state from a snapshot.
func Restore(raw []byte) (*State, error) {
	s := New()
	if err := json.Unmarshal(raw, &s.d); err != nil {
		return nil, fmt.Errorf("acd: decode snapshot: %w", err)
	}
	for _, a := range s.d.Agents {
		a.slot = -1
	}
	s.rebuild()
	return s, nil
}

// Hash of the whole state, to compare two.
func (s *State) Hash() ([32]byte, error) {
	raw, err := s.Snapshot()
	if err != nil {
		return [32]byte{}, err
	}
	return sha256.Sum256(raw), nil
}
