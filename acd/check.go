package acd

import (
	"errors"
	"fmt"
)

// Check says which invariants are broken. It is run after every step of every test.
func (s *State) Check() error {
	var broken []error
	note := func(format string, args ...any) { broken = append(broken, fmt.Errorf("acd: "+format, args...)) }

	if s.d.Arrived != s.d.Closed+uint64(len(s.d.Contacts)) {
		note("%d contacts arrived, %d closed, %d are open", s.d.Arrived, s.d.Closed, len(s.d.Contacts))
	}
	held := map[AgentID]ContactID{}
	for _, c := range s.contactsByAge() {
		s.checkContact(c, note)
		if c.Agent != "" && c.State != Ended {
			if other, twice := held[c.Agent]; twice {
				note("agent %s has contacts %s and %s", c.Agent, other, c.ID)
			}
			held[c.Agent] = c.ID
		}
	}
	for _, a := range s.agentsInOrder() {
		s.checkAgent(a, held[a.ID], note)
	}
	phones := map[AgentID]int{}
	for _, id := range sortedKeys(s.d.Legs) {
		l := s.d.Legs[id]
		phones[l.Agent]++
		s.checkLeg(l, note)
	}
	for _, a := range s.agentsInOrder() {
		if a.legs != phones[a.ID] {
			note("agent %s counts %d legs, there are %d", a.ID, a.legs, phones[a.ID])
		}
	}
	s.checkLines(note)
	s.checkGroups(note)
	s.checkDues(note)
	return errors.Join(broken...)
}

func (s *State) checkContact(c *contact, note func(string, ...any)) {
	open := 0
	for _, l := range s.d.Legs {
		if l.Contact == c.ID {
			open++
		}
	}
	if open != c.Open {
		note("contact %s counts %d open legs, there are %d", c.ID, c.Open, open)
	}
	switch c.State {
	case Waiting, Paused:
		if c.Kind == Inbound && !s.lives(c.Customer) {
			note("contact %s is %s without its caller", c.ID, c.State)
		}
		if c.Agent != "" || c.Offer != 0 {
			note("contact %s is %s and has agent %q, offer %d", c.ID, c.State, c.Agent, c.Offer)
		}
		if c.State == Paused && c.NextAttempt.IsZero() {
			note("contact %s is paused for ever", c.ID)
		}
	case Offered:
		a := s.d.Agents[c.Agent]
		if a == nil || a.Offer == nil || a.Offer.ID != c.Offer || a.Offer.Contact != c.ID {
			note("contact %s is offered to %q, who does not have offer %d", c.ID, c.Agent, c.Offer)
		} else if a.Offer.Until.Before(s.d.At) {
			note("offer %d should have ended at %s", c.Offer, a.Offer.Until)
		} else if l := s.d.Legs[c.Desk]; l == nil || l.Agent != c.Agent || !l.Again.IsZero() && !a.Offer.Lift {
			note("contact %s is offered to %s, whose phone does not ring", c.ID, c.Agent)
		}
		if c.Kind == Inbound && !s.lives(c.Customer) {
			note("contact %s is offered without its caller", c.ID)
		}
	case Calling:
		if !s.lives(c.Customer) || !s.lives(c.Desk) {
			note("contact %s is calling without two legs", c.ID)
		}
		if c.CallUntil.Before(s.d.At) {
			note("the call to the customer of %s should have ended at %s", c.ID, c.CallUntil)
		}
	case Connected:
		if !s.lives(c.Customer) || !s.lives(c.Desk) || c.Bridge == "" {
			note("contact %s is connected without a leg or bridge", c.ID)
		}
	case Ended:
		if c.Open == 0 {
			note("contact %s has ended and is not closed", c.ID)
		}
	}
}

func (s *State) checkAgent(a *agent, holds ContactID, note func(string, ...any)) {
	busy := a.State == AgentOffered || a.State == Talking || a.State == WrapUp
	if busy != (a.Contact != "") || a.Contact != holds {
		note("agent %s is %s with contact %q, and contacts say %q", a.ID, a.State, a.Contact, holds)
	}
	if (a.State == AgentOffered) != (a.Offer != nil) {
		note("agent %s is %s, offer %v", a.ID, a.State, a.Offer)
	}
	if a.State == WrapUp && a.WrapUpUntil.Before(s.d.At) {
		note("wrap-up of %s should have ended at %s", a.ID, a.WrapUpUntil)
	}
	if idle := a.slot >= 0; idle != (a.State == Ready && a.group != nil && a.legs == 0) {
		note("agent %s is %s, in the idle heap: %t", a.ID, a.State, idle)
	}
}

// checkLines: nobody idle who could serve a waiting contact, and the index agrees with the state.
func (s *State) checkLines(note func(string, ...any)) {
	for _, c := range s.contactsByAge() {
		if c.State != Waiting {
			continue
		}
		for _, a := range s.agentsInOrder() {
			if s.eligible(c, a) {
				note("agent %s is idle while contact %s waits", a.ID, c.ID)
			}
		}
	}
	for _, id := range sortedKeys(s.lines) {
		l := s.lines[id]
		for i, c := range l.contacts {
			if c.State != Waiting || c.Queue != id {
				note("contact %s is %s and stands in the line of %s", c.ID, c.State, id)
			}
			if i > 0 && older(l.contacts[i-1], c) >= 0 {
				note("the line of %s is out of order at %d", id, i)
			}
		}
	}
}
