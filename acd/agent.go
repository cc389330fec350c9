package acd

import "time"

// Reasons that the core gives for not-ready.
const (
	ReasonSignedIn    = "signed_in"
	ReasonMissed      = "missed"
	ReasonBusy        = "phone_busy"
	ReasonUnreachable = "phone_unreachable"
	ReasonRemoved     = "removed"
)

func (s *State) agentSignedIn(in AgentSignedIn) {
	switch a := s.d.Agents[in.Agent]; {
	case a == nil || a.conf == nil:
	case a.State == LoggedOut:
		s.emit(AgentMoved{Agent: a.ID, State: NotReady, Reason: ReasonSignedIn})
	case a.After == LoggedOut:
		// He signed out in a talk and is back before its end.
		s.emit(AgentPlanned{Agent: a.ID, State: NotReady, Reason: ReasonSignedIn})
	}
}

func (s *State) agentSignedOut(in AgentSignedOut) {
	s.plan(in, in.Agent, LoggedOut, "")
}

func (s *State) agentReady(in AgentReady) {
	s.plan(in, in.Agent, Ready, "")
}

func (s *State) agentNotReady(in AgentNotReady) {
	s.plan(in, in.Agent, NotReady, in.Reason)
}

// plan moves a free agent at once, and one with a contact when he is done with it. A ready agent who becomes ready
// again keeps his idle time.
func (s *State) plan(in Input, id AgentID, to AgentState, reason string) {
	if s.Refuse(in) != nil {
		return
	}
	a := s.d.Agents[id]
	if a.Contact != "" {
		if a.After != to || a.AfterReason != reason {
			s.emit(AgentPlanned{Agent: id, State: to, Reason: reason})
		}
		return
	}
	if a.State == to && a.Reason == reason {
		return
	}
	moved := AgentMoved{Agent: id, State: to, Reason: reason}
	if to == Ready {
		moved.Idle = s.d.At
	}
	s.emit(moved)
	s.serve(a)
}

// settle makes an agent whom an offer or contact has left what he planned to be, else what is given. One who was
// offered a contact in vain keeps his place among the idle; see settleAnew.
func (s *State) settle(a *agent, to AgentState, reason string, misses int) {
	s.settleSince(a, to, reason, misses, a.Idle)
}

func (s *State) settleSince(a *agent, to AgentState, reason string, misses int, idle time.Time) {
	switch {
	case a.conf == nil:
		to, reason = LoggedOut, ReasonRemoved
	case a.After != "" && (to == Ready || a.After == LoggedOut):
		to, reason = a.After, a.AfterReason
	}
	moved := AgentMoved{Agent: a.ID, State: to, Reason: reason, Misses: misses}
	if to == Ready {
		if moved.Idle = idle; moved.Idle.IsZero() {
			moved.Idle = s.d.At
		}
	}
	s.emit(moved)
	s.serve(a)
}

func (s *State) wrapUpEnded(in WrapUpEnded) {
	if s.Refuse(in) == nil {
		s.finishWrapUp(s.d.Agents[in.Agent])
	}
}

func (s *State) wrapUpExtended(in WrapUpExtended) {
	if s.Refuse(in) != nil {
		return
	}
	a := s.d.Agents[in.Agent]
	q := s.queue(s.d.Contacts[a.Contact].Queue)
	s.emit(WrapUpMoved{Agent: a.ID, Until: a.WrapUpUntil.Add(q.WrapUpExtension)})
}

// finishWrapUp: the agent is done with the contact and idle from now on.
func (s *State) finishWrapUp(a *agent) {
	c := s.d.Contacts[a.Contact]
	s.emit(WrapUpOver{Contact: c.ID, Handled: s.d.At.Sub(c.Connected)})
	s.must(c.ID, CloseRoom{All: true})
	s.closeWhenDone(c)
	// He has had a contact, and is last among the idle now.
	s.settleSince(a, Ready, "", 0, s.d.At)
}
