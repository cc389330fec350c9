package httpapi

import (
	"errors"
	"time"

	"contactd/acd"
	"contactd/internal/config"
)

// Estimate of a wait.
type Estimate struct {
	Known  bool   `json:"known" doc:"False when nothing can be said; reason says why."`
	Low    int    `json:"low_s" doc:"Seconds."`
	High   int    `json:"high_s" doc:"Seconds."`
	Reason string `json:"reason" example:"no_history"`
}

func estimateOf(e acd.Estimate) Estimate {
	return Estimate{Known: e.Known, Low: int(e.Low / time.Second), High: int((e.High + time.Second - 1) / time.Second), Reason: e.Reason}
}

// ContactState is a contact as its customer sees it.
type ContactState struct {
	Contact     acd.ContactID    `json:"contact"`
	Kind        acd.Kind         `json:"kind" enum:"inbound,callback_now,callback_turn"`
	Queue       acd.QueueID      `json:"queue"`
	State       acd.ContactState `json:"state" enum:"waiting,paused,offered,calling,connected,wrapping_up,ended"`
	Place       int              `json:"place" doc:"Place in line, 1 is next; 0 when the contact does not wait."`
	Estimate    Estimate         `json:"estimate"`
	NumberHint  string           `json:"number_hint" example:"…89"`
	Attempt     int              `json:"attempt" doc:"Calls to the customer so far."`
	NextAttempt string           `json:"next_attempt" doc:"RFC 3339, empty when none is due."`
	ConnectedAt string           `json:"connected_at" doc:"RFC 3339, empty before the talk."`
	Termination acd.Termination  `json:"termination" doc:"Why it ended; empty before."`
	LastOutcome acd.Termination  `json:"last_outcome" doc:"How the last attempt to call ended; empty when there was none."`
	AgentName   string           `json:"agent_name"`
}

// stamp is a time for JSON; a time that has not come is empty.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// state of a contact that is open, wraps up, or is recorded. ErrUnknown when it is none of these.
func (s *Server) state(c *config.Config, view *acd.View, id acd.ContactID) (ContactState, error) {
	if v, ok := view.Contacts[id]; ok {
		state := ContactState{
			Contact: id, Kind: v.Kind, Queue: v.Queue, State: v.State, Place: v.Place, Estimate: estimateOf(v.Estimate),
			NumberHint: s.hint(id, v.Caller), Attempt: v.Attempt, NextAttempt: stamp(v.NextAttempt), ConnectedAt: stamp(v.ConnectedAt),
			Termination: v.Termination, LastOutcome: v.LastOutcome,
		}
		if v.State != acd.Waiting && v.State != acd.Paused {
			state.AgentName = c.Agents[string(v.Agent)].Name
		}
		return state, nil
	}
	record, err := s.Records.Record(id)
	if err != nil {
		return ContactState{}, err
	}
	return ContactState{
		Contact: id, Kind: record.Kind, Queue: record.Queue, State: acd.Ended, NumberHint: s.hint(id, ""),
		ConnectedAt: stamp(record.Connected), Termination: record.Termination, AgentName: c.Agents[string(record.Agent)].Name,
	}, nil
}

// hint of the number that the director means by a pseudonym, which may be another than the last one asked for; without a
// pseudonym it is the last one.
func (s *Server) hint(id acd.ContactID, caller string) string {
	person, err := s.People.Find(id)
	if err != nil && !errors.Is(err, ErrUnknown) {
		s.log.Warn("personal data not readable", "contact", id, "error", err)
	}
	if caller == "" {
		return hint(person.Number)
	}
	return hint(person.NumberOf(caller, s.People.Pseudonym))
}

// title of a queue in a language, in English, or in whatever there is.
func title(q config.Queue, id, language string) string {
	for _, l := range []string{language, "en"} {
		if t := q.Title[l]; t != "" {
			return t
		}
	}
	first := ""
	for l := range q.Title {
		if first == "" || l < first {
			first = l
		}
	}
	if t := q.Title[first]; t != "" {
		return t
	}
	return id
}
