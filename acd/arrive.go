package acd

// Q.850 causes that the core gives.
const (
	causeUnallocated = 1
	causeNormal      = 16
	causeBusy        = 17
	causeAbsent      = 20
	causeElsewhere   = 26
	causeCongestion  = 42
	causeNoTrunk     = 38
)

func (s *State) started(in Started) {
	if in.Installation == s.d.Installation && in.Boot == s.d.Boot {
		return
	}
	s.emit(BootStarted(in))
	// No PBX is connected until it says so, and rooms are told again what they may have missed.
	for _, id := range sortedKeys(s.d.PBXs) {
		if s.d.PBXs[id].Connected {
			s.emit(PBXDown{PBX: id})
		}
	}
	for _, c := range s.contactsByAge() {
		if c.State != Ended {
			s.showRoom(c)
		}
	}
}

// showRoom tells a room everything that it should know, as after a restart.
func (s *State) showRoom(c *contact) {
	s.may(c.ID, OpenRoom{})
	if c.Agent != "" {
		role := RoleAgent
		switch c.State {
		case Offered:
			role = RolePreview
		case WrappingUp:
			role = RoleReader
		}
		s.may(c.ID, SetRole{Agent: c.Agent, Role: role})
	}
	s.may(c.ID, ShowCallState{State: c.State})
	if c.State == WrappingUp {
		s.may(c.ID, CloseRoom{})
	}
}

func (s *State) callArrived(in CallArrived) {
	if s.d.Legs[in.Leg] != nil || s.d.Contacts[in.Contact] != nil {
		return // told twice
	}
	since := in.Since.UTC().Round(0)
	if since.IsZero() || since.After(s.d.At) {
		since = s.d.At
	}
	q := s.queue(in.Queue)
	full := q != nil && q.MaxWaiting > 0 && len(s.lines[in.Queue].contacts) >= q.MaxWaiting
	s.emit(ContactArrived{Contact: in.Contact, Kind: Inbound, Queue: in.Queue, PBX: in.PBX, Caller: in.Caller, Since: since})
	s.emit(LegStarted{Leg: in.Leg, PBX: in.PBX, Contact: in.Contact, Inbound: true})
	c := s.d.Contacts[in.Contact]
	switch {
	case q == nil:
		s.turnAway(c, QueueUnknown, causeUnallocated)
		return
	case full:
		s.turnAway(c, QueueFull, causeBusy)
		return
	}
	s.may(c.ID, OpenRoom{})
	// The agent's phone before all else on the PBX: it is the longest part of the way to a talk.
	s.route(c)
	s.may(c.ID, AnswerLeg{PBX: c.PBX, Leg: in.Leg})
	s.emit(LegUp{Leg: in.Leg})
	s.may(c.ID, StartMusic{PBX: c.PBX, Leg: in.Leg, Class: q.Music})
	s.may(c.ID, ShowCallState{State: c.State})
}

// turnAway ends a contact at the door, with a cause that the caller's network understands.
func (s *State) turnAway(c *contact, why Termination, cause int) {
	if l := s.d.Legs[c.Customer]; l != nil {
		s.release(l, cause)
	}
	s.end(c, why)
}

func (s *State) callBackRequested(in CallBackRequested) {
	if s.Refuse(in) != nil {
		return
	}
	q := s.queue(in.Queue)
	s.emit(ContactArrived{Contact: in.Contact, Kind: in.Kind, Queue: in.Queue, PBX: q.PBX, Caller: in.Caller, Trunks: in.Trunks, Since: s.d.At})
	c := s.d.Contacts[in.Contact]
	s.may(c.ID, OpenRoom{})
	s.may(c.ID, ShowCallState{State: c.State})
	s.route(c)
}

func (s *State) numberChanged(in NumberChanged) {
	if s.Refuse(in) == nil {
		s.emit(NumberReplaced(in))
	}
}

func (s *State) contactCancelled(in ContactCancelled) {
	if s.Refuse(in) != nil {
		return
	}
	c := s.d.Contacts[in.Contact]
	switch c.State {
	case Connected:
		s.endTalk(c, CustomerCancelled)
	case Calling:
		s.cancelCall(c, CustomerCancelled)
	case Offered:
		s.gone(c, CustomerCancelled)
	default:
		s.end(c, CustomerCancelled)
	}
}

func (s *State) contactDue(c *contact) {
	s.emit(ContactDue{Contact: c.ID})
	s.may(c.ID, ShowCallState{State: c.State})
	s.route(c)
}
