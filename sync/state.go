package pagesync

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Choice of the customer about sharing the page.
type Choice string

const (
	Unasked   Choice = "unasked"
	Granted   Choice = "granted"
	Withdrawn Choice = "withdrawn"
)

// Closing says for whom the room is over.
type Closing uint8

const (
	StillOpen Closing = iota
	ClosedForCustomer
	ClosedForAll
)

// State of a room. Its fields are for reading; [State.Apply] changes them.
type State struct {
	// Epoch and Offset are the room's position.
	Epoch  string
	Offset uint64
	// Site is the configured name of the company's site whose rules hold.
	Site    string
	Consent Choice
	// URL is the page, Page the offset of the operation that led to it, Fields its shared fields.
	URL    string
	Page   uint64
	Fields map[string]string
	// Fill says whether the agent may fill fields.
	Fill  bool
	Call  CallState
	Media map[string]string
	Chat  []Line
	// Agents with a role, by id.
	Agents map[string]AgentRole
	People map[string]*Participant
	// Born counts the participants ever.
	Born   uint64
	Closed Closing

	fieldBytes int
}

// AgentRole of an agent in the room.
type AgentRole struct {
	Name string
	Role Role
}

// Line of the chat.
type Line struct {
	Offset uint64    `json:"offset"`
	From   string    `json:"from"`
	Name   string    `json:"name"`
	At     time.Time `json:"at"`
	Text   string    `json:"text"`
}

// Participant is one tab or desk in the room, connected or not.
type Participant struct {
	ID         string
	Subject    string
	Name       string
	Supervisor bool
	// Address that was last observed.
	Address string
	// Last number that is committed.
	Last uint64
	// Current and Next are hashes of the resume secrets that are valid. Next was given out last; Current until Next is used.
	Current, Next string
	// Seen is the offset at which the participant last joined.
	Seen uint64
}

// New returns the state before any entry.
func New() *State {
	return &State{
		Consent: Unasked, Fill: true,
		Fields: make(map[string]string), Media: make(map[string]string),
		Agents: make(map[string]AgentRole), People: make(map[string]*Participant),
	}
}

// NextID is the id of the next participant.
func (s *State) NextID() string { return "p" + strconv.FormatUint(s.Born+1, 10) }

// RoleOf returns a participant's role now.
func (s *State) RoleOf(id string) Role {
	p := s.People[id]
	if p == nil {
		return RoleNone
	}
	return s.RoleOfSubject(p.Subject, p.Supervisor)
}

// RoleOfSubject returns the role that a person has, or would have on joining.
func (s *State) RoleOfSubject(subject string, supervisor bool) Role {
	if subject == SubjectCustomer {
		return RoleCustomer
	}
	if !IsAgent(subject) {
		return RoleNone
	}
	if given, ok := s.Agents[subject[len(agentPrefix):]]; ok {
		return given.Role
	}
	if supervisor {
		return RoleSupervisor
	}
	return RoleNone
}

// Admits says whether a person with this role may be connected now.
func (s *State) Admits(role Role) bool {
	switch {
	case role == RoleNone || s.Closed == ClosedForAll:
		return false
	case role == RoleCustomer:
		return s.Closed == StillOpen
	}
	return true
}

// ResumedBy returns the participant whom a subject may resume with the secret of this hash, or nil.
func (s *State) ResumedBy(id, subject, hash string) *Participant {
	p := s.People[id]
	if p == nil || p.Subject != subject || hash == "" || (hash != p.Next && hash != p.Current) {
		return nil
	}
	return p
}

// Apply changes the state. The entry's offset must follow; an error means that the log is broken.
func (s *State) Apply(e Entry) error {
	if e.Offset != s.Offset+1 {
		return fmt.Errorf("pagesync: entry %d does not follow %d", e.Offset, s.Offset)
	}
	if _, opens := e.Op.(RoomOpened); opens != (s.Offset == 0) {
		return fmt.Errorf("pagesync: entry %d is %s: a log begins with opened, once", e.Offset, e.Op.Kind())
	}
	s.Offset = e.Offset
	if p := s.People[e.From]; p != nil {
		p.Last = max(p.Last, e.N)
	}
	switch op := e.Op.(type) {
	case RoomOpened:
		s.Epoch, s.Site, s.Consent = op.Epoch, op.Site, op.Consent
		if op.Consent == Granted && op.URL != "" {
			s.showPage(op.URL)
		}
	case RoomClosed:
		s.Closed = max(s.Closed, ClosedForCustomer)
		if op.All {
			s.Closed = ClosedForAll
		}
	case Navigate:
		s.showPage(op.URL)
	case Push:
		s.showPage(op.URL)
	case Form:
		s.setField(op.Field, op.Value)
	case Chat:
		s.say(Line{e.Offset, e.From, s.nameOf(e.From), e.At, op.Text})
	case Consent:
		s.Consent = Granted
		if !op.Granted {
			s.Consent = Withdrawn
			s.showPage("")
			s.Page = 0
		}
	case Control:
		s.Fill = op.Fill
	case CallState:
		s.Call = op
	case MediaState:
		s.Media[op.Medium] = op.State
	case RoleSet:
		if op.Role == RoleNone {
			delete(s.Agents, op.Agent)
		} else {
			s.Agents[op.Agent] = AgentRole{op.Name, op.Role}
		}
	case Joined:
		delete(s.People, op.Replaces)
		s.Born++
		s.People[op.ID] = &Participant{
			ID: op.ID, Subject: op.Subject, Name: op.Name, Supervisor: op.Supervisor,
			Address: op.Address, Next: op.Next, Seen: e.Offset,
		}
	case Resumed:
		if p := s.People[op.ID]; p != nil {
			p.Address, p.Current, p.Next, p.Seen = op.Address, op.Current, op.Next, e.Offset
		}
	default:
		return fmt.Errorf("pagesync: entry %d: cannot apply %T", e.Offset, op)
	}
	return nil
}

// say keeps a line of the chat and lets the oldest go.
func (s *State) say(line Line) {
	s.Chat = append(s.Chat, line)
	keep, size := len(s.Chat), 0
	for keep > 0 && len(s.Chat)-keep < ChatKept {
		if size += len(s.Chat[keep-1].Text); size > ChatBytes {
			break
		}
		keep--
	}
	s.Chat = append([]Line(nil), s.Chat[keep:]...)
}

func (s *State) showPage(url string) {
	s.URL, s.Page = url, s.Offset
	clear(s.Fields)
	s.fieldBytes = 0
}

func (s *State) setField(field, value string) {
	if old, ok := s.Fields[field]; ok {
		s.fieldBytes -= len(field) + len(old)
	}
	s.Fields[field] = value
	s.fieldBytes += len(field) + len(value)
}

// nameOf a participant as others see it. A name given with the role goes before the token's.
func (s *State) nameOf(id string) string {
	p := s.People[id]
	if p == nil {
		return ""
	}
	if IsAgent(p.Subject) {
		if given := s.Agents[p.Subject[len(agentPrefix):]]; given.Name != "" {
			return given.Name
		}
	}
	return p.Name
}

// Snapshot encodes the whole state for the store.
func (s *State) Snapshot() ([]byte, error) {
	data, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("pagesync: encode state: %w", err)
	}
	return data, nil
}

// Restore decodes a snapshot.
func Restore(data []byte) (*State, error) {
	s := New()
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("pagesync: decode state: %w", err)
	}
	for field, value := range s.Fields {
		s.fieldBytes += len(field) + len(value)
	}
	for id, p := range s.People {
		if p == nil || p.ID != id {
			return nil, fmt.Errorf("pagesync: decode state: participant %q is broken", id)
		}
	}
	return s, nil
}
