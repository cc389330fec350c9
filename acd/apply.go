package acd

import (
	"fmt"
	"slices"
	"time"
)

// handledKept is how many handling times a queue remembers for its estimate.
const handledKept = 20

// Apply changes the state by one fact, at the time of the step or entry it belongs to. Nothing else changes a state.
func (s *State) Apply(f Fact) {
	switch f := f.(type) {
	case BootStarted:
		s.d.Installation, s.d.Boot, s.d.LastLeg, s.d.LastBridge = f.Installation, f.Boot, 0, 0
	case ConfigurationAdopted:
		s.d.Config = f.Config
		s.configure()
	case PBXUp:
		s.d.PBXs[f.PBX] = &pbx{Connected: true, Epoch: f.Epoch}
		s.touchAll()
	case PBXDown:
		s.pbx(f.PBX).Connected = false
		s.touchAll()
	case ContactArrived:
		s.applyArrived(f)
	case NumberReplaced:
		c := s.changed(f.Contact)
		s.forgetNumber(c)
		c.Caller, c.Trunks = f.Caller, f.Trunks
		s.noteNumber(c)
	case OfferMade:
		s.applyOfferMade(f)
	case OfferTakenUp:
		a := s.changedAgent(f.Agent)
		a.Offer.Accepted, a.Offer.Lift = true, f.Lift
	case OfferEnded:
		s.applyOfferEnded(f)
	case LegStarted, LegRinging, LegUp, LegReleased, LegDown:
		s.applyLeg(f)
	case CustomerCalled:
		c := s.changed(f.Contact)
		c.Trunk, c.Attempt, c.CallUntil = f.Trunk, f.Attempt, f.Until
		s.setState(c, Calling)
		s.due(f.Until, dueCall, string(c.ID))
	case AttemptEnded:
		s.applyAttemptEnded(f)
	case ContactDue:
		s.changed(f.Contact).NextAttempt = time.Time{}
		s.setState(s.d.Contacts[f.Contact], Waiting)
	case ContactConnected:
		c := s.changed(f.Contact)
		c.Connected, c.CallUntil = s.d.At, time.Time{}
		s.setState(c, Connected)
	case ContactEnded:
		s.applyEnded(f)
	case WrapUpMoved:
		a := s.changedAgent(f.Agent)
		a.WrapUpUntil = f.Until
		s.due(f.Until, dueWrapUp, string(f.Agent))
	case WrapUpOver:
		s.applyWrapUpOver(f)
	case ContactClosed:
		c := s.changed(f.Contact)
		s.d.Closed++
		delete(s.d.Contacts, c.ID)
	case AgentMoved:
		s.applyAgentMoved(f)
	case AgentPlanned:
		a := s.changedAgent(f.Agent)
		a.After, a.AfterReason = f.State, f.Reason
	case CommandsIssued:
		s.d.LastCommand = f.Last
		for _, c := range f.Kept {
			s.d.Outbox[c.ID] = kept{c}
		}
	case CommandClosed:
		delete(s.d.Outbox, f.Command)
	default:
		panic(fmt.Sprintf("acd: no application of %T", f))
	}
}

func (s *State) applyArrived(f ContactArrived) {
	s.d.Arrived++
	s.d.LastContact++
	c := &contact{
		ID: f.Contact, Kind: f.Kind, Queue: f.Queue, PBX: f.PBX, Caller: f.Caller, Trunks: f.Trunks,
		Arrived: s.d.At, Since: f.Since, Seq: s.d.LastContact,
	}
	s.d.Contacts[c.ID] = c
	s.noteNumber(c)
	s.setState(c, Waiting)
}

func (s *State) applyOfferMade(f OfferMade) {
	c, a := s.changed(f.Contact), s.changedAgent(f.Agent)
	s.d.LastOffer = f.Offer
	if c.Bridge != f.Bridge {
		c.Bridge = f.Bridge
		s.d.LastBridge++
	}
	c.Offer, c.Agent = f.Offer, f.Agent
	c.Offers = append(c.Offers, OfferRecord{Offer: f.Offer, Agent: f.Agent, Rule: f.Rule, Made: s.d.At})
	a.Offer = &offer{ID: f.Offer, Contact: f.Contact, Made: s.d.At, Until: f.Until, Rule: f.Rule}
	a.Contact = f.Contact
	s.setState(c, Offered)
	s.setAgentState(a, AgentOffered, "")
	s.due(f.Until, dueOffer, string(a.ID))
}

func (s *State) applyOfferEnded(f OfferEnded) {
	c, a := s.changed(f.Contact), s.changedAgent(f.Agent)
	o := &c.Offers[len(c.Offers)-1]
	o.Ended, o.Outcome, o.Cause = s.d.At, f.Outcome, f.Cause
	a.Offer = nil
	if f.Outcome == OfferTaken {
		a.Misses = 0
		s.setAgentState(a, Talking, "")
		return
	}
	c.Offer, c.Agent, c.Desk = 0, "", ""
	a.Contact = ""
	c.Barred = slices.DeleteFunc(c.Barred, func(b barred) bool { return !b.Until.After(s.d.At) })
	if f.NotBefore.After(s.d.At) {
		c.Barred = append(c.Barred, barred{Agent: f.Agent, Until: f.NotBefore})
		s.due(f.NotBefore, dueBarred, string(c.ID))
	}
	s.setState(c, Waiting)
}

func (s *State) applyLeg(f Fact) {
	switch f := f.(type) {
	case LegStarted:
		l := &leg{ID: f.Leg, PBX: f.PBX, Contact: f.Contact, Agent: f.Agent, Trunk: f.Trunk, Attempt: f.Attempt, Inbound: f.Inbound, Started: s.d.At}
		s.d.Legs[l.ID] = l
		c := s.changed(f.Contact)
		c.Open++
		if !f.Inbound {
			s.d.LastLeg++
		}
		if f.Agent != "" {
			c.Desk = l.ID
			s.phoneInUse(f.Agent, +1)
		} else {
			c.Customer = l.ID
		}
	case LegRinging:
		s.d.Legs[f.Leg].Rang = s.d.At
	case LegUp:
		s.d.Legs[f.Leg].Answered = s.d.At
	case LegReleased:
		s.d.Legs[f.Leg].Again = f.Again
		s.due(f.Again, dueLeg, string(f.Leg))
	case LegDown:
		l := s.d.Legs[f.Leg]
		delete(s.d.Legs, f.Leg)
		c := s.changed(l.Contact)
		c.Open--
		party := "customer"
		if l.Agent != "" {
			party = "agent"
			s.phoneInUse(l.Agent, -1)
		}
		c.Ends = append(c.Ends, LegRecord{Leg: l.ID, Party: party, Agent: l.Agent, Trunk: l.Trunk, Attempt: l.Attempt, Started: l.Started, Rang: l.Rang, Answered: l.Answered, Ended: s.d.At, Cause: f.Cause})
		if c.Customer == l.ID {
			c.Customer = ""
		}
		if c.Desk == l.ID {
			c.Desk = ""
		}
	}
}

func (s *State) applyAttemptEnded(f AttemptEnded) {
	c := s.changed(f.Contact)
	c.LastOutcome, c.CallUntil, c.Trunk, c.Bridge = f.Outcome, time.Time{}, 0, ""
	c.Agent, c.Offer, c.Desk, c.Customer = "", 0, "", ""
	c.NextAttempt = f.Next
	if f.Uncounted {
		c.Attempt--
	}
	s.setState(c, Paused)
	if !f.Next.IsZero() {
		s.due(f.Next, dueContact, string(c.ID))
	}
}

func (s *State) applyEnded(f ContactEnded) {
	c := s.changed(f.Contact)
	c.Ended, c.Termination, c.CallUntil, c.NextAttempt = s.d.At, f.Termination, time.Time{}, time.Time{}
	s.forgetNumber(c)
	if !f.WrapUp {
		s.setState(c, Ended)
		return
	}
	s.setState(c, WrappingUp)
	a := s.changedAgent(c.Agent)
	a.WrapUpUntil = f.Until
	s.setAgentState(a, WrapUp, "")
	s.due(f.Until, dueWrapUp, string(a.ID))
}

func (s *State) applyWrapUpOver(f WrapUpOver) {
	c := s.changed(f.Contact)
	c.WrappedUp = s.d.At
	s.setState(c, Ended)
	times := append(s.d.Handled[c.Queue], f.Handled)
	if len(times) > handledKept {
		times = slices.Clone(times[len(times)-handledKept:])
	}
	s.d.Handled[c.Queue] = times
	a := s.changedAgent(c.Agent)
	a.Contact, a.WrapUpUntil = "", time.Time{}
}

func (s *State) applyAgentMoved(f AgentMoved) {
	a := s.changedAgent(f.Agent)
	a.Idle, a.Misses = f.Idle, f.Misses
	a.After, a.AfterReason = "", ""
	a.Contact = ""
	s.setAgentState(a, f.State, f.Reason)
	if a.conf == nil && f.State == LoggedOut {
		delete(s.d.Agents, a.ID)
	}
}

// setState moves a contact between states and in and out of its line.
func (s *State) setState(c *contact, to ContactState) {
	if c.State == Waiting {
		s.leaveLine(c)
	}
	c.State = to
	if to == Waiting {
		s.joinLine(c)
	}
}

// setAgentState moves an agent between states and in and out of the idle.
func (s *State) setAgentState(a *agent, to AgentState, reason string) {
	s.unidle(a)
	if a.State != to || a.Reason != reason {
		a.Since = s.d.At
	}
	a.State, a.Reason = to, reason
	s.count(a, +1)
	s.idle(a)
}

// phoneInUse counts the legs of an agent's phone. Until the last has ended he is offered nothing: a new call would
// find his phone busy.
func (s *State) phoneInUse(id AgentID, n int) {
	if a := s.d.Agents[id]; a != nil {
		a.legs += n
		s.idle(a)
	}
}

func (s *State) pbx(id PBXID) *pbx {
	p := s.d.PBXs[id]
	if p == nil {
		p = &pbx{}
		s.d.PBXs[id] = p
	}
	return p
}
