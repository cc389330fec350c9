package acd

import "time"

// makeOffer reserves the contact for the agent and makes his phone ring.
func (s *State) makeOffer(c *contact, a *agent, rule, tie string) {
	q := s.queue(c.Queue)
	bridge, fresh := c.Bridge, c.Bridge == ""
	if fresh {
		bridge = s.mintBridge()
	}
	s.emit(OfferMade{
		Offer: s.d.LastOffer + 1, Contact: c.ID, Agent: a.ID, Bridge: bridge,
		Until: s.d.At.Add(q.RingTimeout + offerGrace), Rule: rule, Tie: tie,
	})
	s.ringAgent(c, a, false)
	if fresh {
		s.may(c.ID, CreateBridge{PBX: c.PBX, Bridge: bridge})
	}
	s.may(c.ID, SetRole{Agent: a.ID, Role: RolePreview})
	s.may(c.ID, ShowCallState{State: Offered})
}

func (s *State) ringAgent(c *contact, a *agent, lift bool) {
	ring := s.settings(c.Queue).RingTimeout
	if lift {
		ring = max(a.Offer.Until.Sub(s.d.At)-offerGrace, time.Second)
	}
	id := s.mintLeg()
	s.emit(LegStarted{Leg: id, PBX: c.PBX, Contact: c.ID, Agent: a.ID})
	s.must(c.ID, OriginateLeg{PBX: c.PBX, Leg: id, Agent: a.ID, Timeout: ring, AutoAnswer: lift, Originator: c.Customer})
}

// offerAccepted: on the desk. A phone that can is made to answer: its ringing leg is ended and one that answers by
// itself takes its place, within the same offer.
func (s *State) offerAccepted(in OfferAccepted) {
	if s.Refuse(in) != nil {
		return
	}
	a := s.d.Agents[in.Agent]
	if a.Offer.Accepted {
		return
	}
	c := s.d.Contacts[a.Offer.Contact]
	l := s.d.Legs[c.Desk]
	lift := a.conf != nil && a.conf.AutoAnswer && l != nil
	s.emit(OfferTakenUp{Offer: in.Offer, Agent: in.Agent, Lift: lift})
	if lift {
		s.release(l, causeElsewhere)
	}
}

func (s *State) offerRejected(in OfferRejected) {
	if s.Refuse(in) != nil {
		return
	}
	a := s.d.Agents[in.Agent]
	c := s.d.Contacts[a.Offer.Contact]
	s.withdraw(c, OfferRefused, causeNormal)
	s.route(c)
}

// offerExpired: neither phone nor PBX said anything until the deadline.
func (s *State) offerExpired(a *agent) {
	c := s.d.Contacts[a.Offer.Contact]
	outcome := OfferNoAnswer
	if !s.connected(c.PBX) {
		outcome = OfferRescinded // nobody saw whether he answered
	}
	s.withdraw(c, outcome, causeNormal)
	s.route(c)
}

// withdraw ends the contact's live offer: the phone stops ringing, the contact waits, the agent becomes what he must.
func (s *State) withdraw(c *contact, outcome OfferOutcome, cause int) {
	if l := s.d.Legs[c.Desk]; l != nil && l.Again.IsZero() {
		s.release(l, cause)
	}
	s.afterOffer(s.endOffer(c, outcome, 0), outcome, 0)
}

// gone ends a contact whose customer went away, or was turned away, while an agent's phone rang.
func (s *State) gone(c *contact, why Termination) {
	if l := s.d.Legs[c.Desk]; l != nil && l.Again.IsZero() {
		s.release(l, causeNormal)
	}
	a := s.endOffer(c, OfferCustomerGone, 0)
	s.end(c, why)
	s.afterOffer(a, OfferCustomerGone, 0)
}

// endOffer ends the live offer of a contact, whose leg is gone or hung up. The contact waits again; the agent is
// returned, for afterOffer to settle.
func (s *State) endOffer(c *contact, outcome OfferOutcome, cause int) *agent {
	a := s.d.Agents[c.Agent]
	ended := OfferEnded{Offer: c.Offer, Contact: c.ID, Agent: a.ID, Outcome: outcome, Cause: cause}
	if outcome == OfferRefused || outcome == OfferNoAnswer {
		ended.NotBefore = s.d.At.Add(rejectedPause)
	}
	s.emit(ended)
	s.may(c.ID, SetRole{Agent: a.ID, Role: RoleNone})
	s.may(c.ID, ShowCallState{State: c.State})
	return a
}

// afterOffer settles an agent whose offer came to nothing. Who missed one, or whose phone cannot be reached, is made
// not-ready and told so; everybody else keeps his place among the idle.
func (s *State) afterOffer(a *agent, outcome OfferOutcome, cause int) {
	switch outcome {
	case OfferNoAnswer:
		misses := a.Misses + 1
		if a.conf == nil || misses >= max(a.conf.MaxMisses, 1) {
			s.settle(a, NotReady, ReasonMissed, misses)
			return
		}
		s.settle(a, Ready, "", misses)
	case OfferFailed:
		reason := ReasonUnreachable
		if cause == causeBusy {
			reason = ReasonBusy
		}
		s.settle(a, NotReady, reason, a.Misses)
	default:
		s.settle(a, Ready, "", a.Misses)
	}
}

// offerOutcome tells the outcomes apart by the cause with which the agent's phone ended its leg.
func offerOutcome(cause int) OfferOutcome {
	switch cause {
	case 18, 19: // no user responding; no answer
		return OfferNoAnswer
	case 21: // call rejected: the agent declined on the phone
		return OfferRefused
	default:
		return OfferFailed
	}
}
