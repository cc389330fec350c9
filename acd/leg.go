package acd

// release hangs a leg up. It stays the contact's until its end is told, and is hung up again when that takes too long.
func (s *State) release(l *leg, cause int) {
	s.emit(LegReleased{Leg: l.ID, Again: s.d.At.Add(hangUpAgain)})
	s.may(l.Contact, HangUpLeg{PBX: l.PBX, Leg: l.ID, Cause: cause})
}

func (s *State) legRang(in LegRang) {
	if l := s.d.Legs[in.Leg]; l != nil && l.Rang.IsZero() && l.Answered.IsZero() {
		s.emit(LegRinging(in))
	}
}

func (s *State) legAnswered(in LegAnswered) {
	l := s.d.Legs[in.Leg]
	if l == nil {
		// Its attempt was given up, in a listing that was taken before the channel was made.
		if in.PBX != "" {
			s.may("", HangUpLeg{PBX: in.PBX, Leg: in.Leg, Cause: causeNormal})
		}
		return
	}
	if !l.Answered.IsZero() {
		return
	}
	s.emit(LegUp{Leg: in.Leg})
	c := s.d.Contacts[l.Contact]
	switch {
	case !l.Again.IsZero():
		// Late: it was hung up already, and an answer to an old offer is never bridged.
	case l.ID == c.Desk && c.State == Offered:
		s.agentAnswered(c)
	case l.ID == c.Customer && c.State == Calling:
		s.connect(c, false)
	default:
		s.release(l, causeElsewhere)
	}
}

// agentAnswered: the offer is accepted. A caller who waits is joined at once; a call-back's customer is called now.
func (s *State) agentAnswered(c *contact) {
	s.emit(OfferEnded{Offer: c.Offer, Contact: c.ID, Agent: c.Agent, Outcome: OfferTaken})
	if c.Kind == Inbound {
		s.connect(c, true)
		return
	}
	s.callCustomer(c, 0, c.Attempt+1)
	s.may(c.ID, StartRingback{PBX: c.PBX, Leg: c.Desk})
	s.may(c.ID, SetRole{Agent: c.Agent, Role: RoleAgent})
	s.may(c.ID, ShowCallState{State: Calling})
}

func (s *State) legEnded(in LegEnded) {
	s.legOver(in.Leg, in.Cause, false)
}

// legOver: a leg is gone. lost says that nobody saw how, so that neither side is blamed.
func (s *State) legOver(id LegID, cause int, lost bool) {
	l := s.d.Legs[id]
	if l == nil {
		return
	}
	c := s.d.Contacts[l.Contact]
	released := !l.Again.IsZero()
	customer, desk := c.Customer == id, c.Desk == id
	s.emit(LegDown{Leg: id, Cause: cause})
	defer s.phoneFree(l.Agent)
	switch {
	case c.State == Ended:
		s.closeWhenDone(c)
	case c.State == Offered && desk:
		s.deskGone(c, cause, released, lost)
	case released, !customer && !desk:
		// Hung up by us; what it meant was decided then.
	case c.State == Offered && customer:
		s.gone(c, because(lost, CustomerAbandoned))
	case c.State == Waiting && customer:
		s.end(c, because(lost, CustomerAbandoned))
	case c.State == Calling && customer:
		s.customerNotReached(c, cause, lost)
	case c.State == Calling && desk:
		s.agentLeftCall(c, lost)
	case c.State == Connected && customer:
		s.endTalk(c, because(lost, CustomerHungUp))
	case c.State == Connected && desk:
		s.endTalk(c, because(lost, AgentHungUp))
	}
}

// phoneFree serves an agent who is ready and whose phone was in use until now.
func (s *State) phoneFree(id AgentID) {
	if a := s.d.Agents[id]; a != nil {
		s.serve(a)
	}
}

func because(lost bool, why Termination) Termination {
	if lost {
		return PBXLost
	}
	return why
}

// deskGone: the leg of the offered agent's phone is gone before an answer.
func (s *State) deskGone(c *contact, cause int, released, lost bool) {
	a := s.d.Agents[c.Agent]
	switch {
	case a.Offer.Lift && released:
		// The ringing leg made way for one that answers by itself.
		s.ringAgent(c, a, true)
		return
	case released:
		return
	}
	outcome := offerOutcome(cause)
	if lost {
		outcome = OfferRescinded
	}
	s.afterOffer(s.endOffer(c, outcome, cause), outcome, cause)
	s.route(c)
}

// agentLeftCall: the agent hung up while the customer was being called. The call counts as an attempt.
func (s *State) agentLeftCall(c *contact, lost bool) {
	s.endAttempt(c, because(lost, AgentHungUp))
}

func (s *State) commandSettled(in CommandSettled) {
	k, open := s.d.Outbox[in.Command]
	if !open {
		return
	}
	switch do := k.Do.(type) {
	case OriginateLeg:
		s.emit(CommandClosed{Command: in.Command})
		if in.Outcome == Postponed {
			s.legPostponed(do.Leg)
		}
		if in.Outcome == Refused {
			cause := in.Cause
			if do.Trunk != "" && cause == causeAbsent {
				cause = causeNoTrunk // no call was made: it is the trunk that is not there, not the customer
			}
			s.legOver(do.Leg, cause, false)
		}
		// Unknown: never originated again. The leg's events, the next listing or the deadline tell what came of it.
	default:
		if in.Outcome != Unknown {
			s.emit(CommandClosed{Command: in.Command})
		}
	}
}

// legPostponed: the leg was not dialled, because a limit of contactd's own is reached. Its cause in the record is 42,
// switching equipment congestion.
func (s *State) legPostponed(id LegID) {
	l := s.d.Legs[id]
	if l == nil {
		return
	}
	c := s.d.Contacts[l.Contact]
	if c.State != Calling || c.Customer != id || !l.Again.IsZero() {
		s.legOver(id, causeCongestion, false)
		return
	}
	s.emit(LegDown{Leg: id, Cause: causeCongestion})
	s.postpone(c)
}

// Outbox is the irreversible commands without an outcome, in their order. After a restart all but originates may be
// sent again; what came of an originate is seen in the PBX's listing.
func (s *State) Outbox() []Command {
	var open []Command
	for _, id := range sortedKeys(s.d.Outbox) {
		open = append(open, s.d.Outbox[id].Command)
	}
	return open
}
