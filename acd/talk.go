package acd

import "time"

// connect joins the customer, who is there, with the agent.
func (s *State) connect(c *contact, music bool) {
	waits := c.Customer
	if !music {
		waits = c.Desk
	}
	s.emit(ContactConnected{Contact: c.ID})
	s.may(c.ID, StopSound{PBX: c.PBX, Leg: waits, Music: music})
	s.may(c.ID, JoinLegs{PBX: c.PBX, Bridge: c.Bridge, Legs: []LegID{c.Customer, c.Desk}})
	s.may(c.ID, SetRole{Agent: c.Agent, Role: RoleAgent})
	s.may(c.ID, ShowCallState{State: Connected})
}

// callCustomer dials the customer over the trunk with the given index; the agent hears ringing.
func (s *State) callCustomer(c *contact, trunk, attempt int) {
	ring := s.settings(c.Queue).CallBack.RingTimeout
	s.emit(CustomerCalled{Contact: c.ID, Trunk: trunk, Attempt: attempt, Until: s.d.At.Add(ring + offerGrace)})
	id := s.mintLeg()
	s.emit(LegStarted{Leg: id, PBX: c.PBX, Contact: c.ID, Trunk: c.Trunks[trunk], Attempt: attempt})
	s.must(c.ID, OriginateLeg{PBX: c.PBX, Leg: id, Trunk: c.Trunks[trunk], Timeout: ring, Originator: c.Desk})
}

// customerNotReached: the attempt came to nothing. A trunk's own failure is followed by the next trunk.
func (s *State) customerNotReached(c *contact, cause int, lost bool) {
	if !lost && trunkFailure(cause) && c.Trunk+1 < len(c.Trunks) {
		s.callCustomer(c, c.Trunk+1, c.Attempt)
		return
	}
	s.endAttempt(c, because(lost, attemptOutcome(cause)))
}

func (s *State) callExpired(c *contact) {
	if l := s.d.Legs[c.Customer]; l != nil {
		s.release(l, causeNormal)
	}
	// While the PBX is away nobody saw whether there was an answer.
	s.endAttempt(c, because(!s.connected(c.PBX), CustomerNoAnswer))
}

// endAttempt frees the agent and lets the contact pause, or ends it after its last attempt.
func (s *State) endAttempt(c *contact, outcome Termination) {
	policy := s.settings(c.Queue).CallBack
	last := c.Attempt >= max(policy.Attempts, 1)
	ended := AttemptEnded{Contact: c.ID, Outcome: outcome}
	if !last {
		ended.Next = s.d.At.Add(policy.Pause)
	}
	s.attemptOver(c, ended, last)
}

// postpone: a limit on calls is reached before the customer was dialled. It was no attempt, and is soon tried again.
func (s *State) postpone(c *contact) {
	s.attemptOver(c, AttemptEnded{Contact: c.ID, Outcome: CallsLimited, Next: s.d.At.Add(limitedPause), Uncounted: true}, false)
}

func (s *State) attemptOver(c *contact, ended AttemptEnded, last bool) {
	a, outcome := s.d.Agents[c.Agent], ended.Outcome
	s.releaseBoth(c)
	s.may(c.ID, SetRole{Agent: a.ID, Role: RoleNone})
	s.emit(ended)
	if last {
		s.end(c, outcome)
	} else {
		s.may(c.ID, ShowCallState{State: c.State})
	}
	s.settle(a, Ready, "", a.Misses)
}

// trunkFailure: the call did not reach the customer's network, so that another trunk may.
func trunkFailure(cause int) bool {
	switch cause {
	case 3, 27, 34, 38, 41, 42, 43, 44, 47, 58, 63, 69, 79, 88, 102, 111, 127:
		return true
	}
	return false
}

// attemptOutcome tells by the cause what came of a call to the customer.
func attemptOutcome(cause int) Termination {
	switch {
	case cause == 18 || cause == 19:
		return CustomerNoAnswer
	case cause == 17:
		return CustomerBusy
	case cause == 21:
		return CustomerRejected
	case cause == 1 || cause == 28:
		return NumberInvalid
	case trunkFailure(cause):
		return TrunkFailed
	default:
		return CustomerUnreachable
	}
}

func (s *State) hangUpRequested(in HangUpRequested) {
	if s.Refuse(in) != nil {
		return
	}
	// While the customer is still being called it means what hanging up the phone means: the call counts as an attempt.
	if c := s.d.Contacts[in.Contact]; c.State == Calling {
		s.endAttempt(c, AgentHungUp)
	} else {
		s.endTalk(c, AgentHungUp)
	}
}

// cancelCall ends a contact whose customer was being called, and calls no more. Nobody talked: there is no wrap-up.
func (s *State) cancelCall(c *contact, why Termination) {
	a := s.d.Agents[c.Agent]
	s.releaseBoth(c)
	s.may(c.ID, SetRole{Agent: a.ID, Role: RoleNone})
	s.emit(AttemptEnded{Contact: c.ID, Outcome: why})
	s.end(c, why)
	s.settle(a, Ready, "", a.Misses)
}

// releaseBoth hangs both parties up and lets go of their bridge.
func (s *State) releaseBoth(c *contact) {
	for _, id := range []LegID{c.Customer, c.Desk} {
		if l := s.d.Legs[id]; l != nil && l.Again.IsZero() {
			s.release(l, causeNormal)
		}
	}
	s.may(c.ID, DestroyBridge{PBX: c.PBX, Bridge: c.Bridge})
}

// endTalk ends a contact whose parties talked: both legs end and wrap-up begins.
func (s *State) endTalk(c *contact, why Termination) {
	s.releaseBoth(c)
	var until time.Time
	if q := s.queue(c.Queue); q != nil {
		until = s.d.At.Add(q.WrapUp)
	} else {
		until = s.d.At
	}
	s.emit(ContactEnded{Contact: c.ID, Termination: why, WrapUp: true, Until: until})
	s.may(c.ID, SetRole{Agent: c.Agent, Role: RoleReader})
	s.may(c.ID, ShowCallState{State: c.State})
	s.may(c.ID, CloseRoom{})
	if !until.After(s.d.At) {
		s.finishWrapUp(s.d.Agents[c.Agent])
	}
}

// end ends a contact that no agent has.
func (s *State) end(c *contact, why Termination) {
	if l := s.d.Legs[c.Customer]; l != nil && l.Again.IsZero() {
		s.release(l, causeNormal)
	}
	if c.Bridge != "" {
		s.may(c.ID, DestroyBridge{PBX: c.PBX, Bridge: c.Bridge})
	}
	s.emit(ContactEnded{Contact: c.ID, Termination: why})
	s.may(c.ID, ShowCallState{State: Ended})
	s.must(c.ID, CloseRoom{All: true})
	s.closeWhenDone(c)
}

// closeWhenDone keeps the record once the last leg has ended, so that it holds them all.
func (s *State) closeWhenDone(c *contact) {
	if c.State == Ended && c.Open == 0 {
		s.must(c.ID, KeepRecord{Record: s.record(c)})
		s.emit(ContactClosed{Contact: c.ID})
	}
}

func (s *State) record(c *contact) Record {
	r := Record{
		Contact: c.ID, Kind: c.Kind, Queue: c.Queue, Arrived: c.Since, Connected: c.Connected, Ended: c.Ended,
		WrappedUp: c.WrappedUp, Termination: c.Termination, Offers: c.Offers, Legs: c.Ends,
	}
	if !c.Connected.IsZero() {
		r.Agent = c.Agent
	}
	return r
}
