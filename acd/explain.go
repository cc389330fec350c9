package acd

// Explanation says why a contact has the agent it has, or why it has none: the slow path beside [State.choose], which
// looks at every agent.
type Explanation struct {
	Contact    ContactID    `json:"contact"`
	State      ContactState `json:"state"`
	Winner     AgentID      `json:"winner,omitempty"`
	Rule       string       `json:"rule,omitempty"`
	Candidates []Candidate  `json:"candidates"`
}

// Candidate is one agent and what speaks against him, empty when nothing does.
type Candidate struct {
	Agent  AgentID    `json:"agent"`
	State  AgentState `json:"state"`
	Failed []string   `json:"failed,omitempty"`
}

// What a candidate can fail.
const (
	FailedQueue    = "not_in_queue"
	FailedSkill    = "skill:"
	FailedState    = "not_ready"
	FailedPhone    = "phone_in_use"
	FailedPBX      = "other_pbx"
	FailedPBXLost  = "pbx_disconnected"
	FailedRejected = "rejected_lately"
)

// Explain looks at all agents for one contact, as it is now; false when there is no such contact.
func (s *State) Explain(id ContactID) (Explanation, bool) {
	c := s.d.Contacts[id]
	if c == nil {
		return Explanation{}, false
	}
	e := Explanation{Contact: id, State: c.State, Winner: c.Agent}
	if n := len(c.Offers); n > 0 && c.Agent != "" {
		e.Rule = c.Offers[n-1].Rule
	}
	var best *agent
	for _, a := range s.agentsInOrder() {
		cand := Candidate{Agent: a.ID, State: a.State, Failed: s.failed(c, a)}
		if len(cand.Failed) == 0 && (best == nil || idler(a, best)) {
			best = a
		}
		e.Candidates = append(e.Candidates, cand)
	}
	if c.State == Waiting && best != nil {
		e.Winner = best.ID
	}
	return e, true
}

// idler is longer for agents who may not be in a heap.
func idler(a, b *agent) bool {
	if a.Idle.Equal(b.Idle) {
		return a.order < b.order
	}
	return a.Idle.Before(b.Idle)
}

func (s *State) failed(c *contact, a *agent) []string {
	var failed []string
	q := s.queue(c.Queue)
	if a.conf == nil || q == nil {
		return []string{FailedQueue}
	}
	inQueue := false
	for _, id := range a.conf.Queues {
		inQueue = inQueue || id == c.Queue
	}
	if !inQueue {
		failed = append(failed, FailedQueue)
	}
	for _, need := range q.Needs {
		met := false
		for _, has := range a.conf.Skills {
			met = met || has.Skill == need.Skill && has.Level >= need.Level
		}
		if !met {
			failed = append(failed, FailedSkill+string(need.Skill))
		}
	}
	if a.State != Ready {
		failed = append(failed, FailedState)
	}
	if a.legs > 0 {
		failed = append(failed, FailedPhone)
	}
	if a.conf.PBX != c.PBX {
		failed = append(failed, FailedPBX)
	}
	if !s.connected(c.PBX) {
		failed = append(failed, FailedPBXLost)
	}
	if s.isBarred(c, a.ID) {
		failed = append(failed, FailedRejected)
	}
	return failed
}
