package acd

import "time"

// lives says whether the leg is there and is not being hung up.
func (s *State) lives(id LegID) bool {
	l := s.d.Legs[id]
	return l != nil && l.Again.IsZero()
}

// checkLeg: a leg that is not being hung up is one of its contact's two, and the contact is one that has such a leg;
// so no channel is left behind.
func (s *State) checkLeg(l *leg, note func(string, ...any)) {
	c := s.d.Contacts[l.Contact]
	if c == nil {
		note("leg %s belongs to contact %s, which is closed", l.ID, l.Contact)
		return
	}
	if !l.Again.IsZero() {
		return
	}
	wanted := false
	switch c.State {
	case Waiting:
		wanted = l.ID == c.Customer && l.Inbound
	case Offered:
		wanted = l.ID == c.Customer && l.Inbound || l.ID == c.Desk
	case Calling, Connected:
		wanted = l.ID == c.Customer || l.ID == c.Desk
	}
	if !wanted {
		note("leg %s of contact %s, which is %s, is left behind", l.ID, c.ID, c.State)
	}
}

// checkGroups: the groups count and order their agents rightly, and each stands in one; no two open call-backs have the
// same number.
func (s *State) checkGroups(note func(string, ...any)) {
	counted, idle := map[*group]staff{}, map[*group]int{}
	first := map[*group]*agent{}
	for _, a := range s.agentsInOrder() {
		if a.group == nil {
			continue
		}
		have := counted[a.group]
		switch a.State {
		case Ready:
			have.ready++
		case AgentOffered, Talking:
			have.busy++
		case WrapUp:
			have.wrapUp++
		case NotReady:
			have.notReady++
		}
		counted[a.group] = have
		if a.slot >= 0 {
			idle[a.group]++
			if first[a.group] == nil || idler(a, first[a.group]) {
				first[a.group] = a
			}
		}
		if a.slot >= 0 && (a.slot >= len(a.group.idle) || a.group.idle[a.slot] != a) {
			note("agent %s is not at his place %d of the heap", a.ID, a.slot)
		}
	}
	for _, key := range sortedKeys(s.groups) {
		g := s.groups[key]
		if g.staff != counted[g] || len(g.idle) != idle[g] {
			note("group %q counts %+v and %d idle, there are %+v and %d", key, g.staff, len(g.idle), counted[g], idle[g])
		}
		if len(g.idle) > 0 && (g.idle[0] != first[g] || g.first != first[g].Idle.UnixNano()) || len(g.idle) == 0 && g.first != never {
			note("group %q does not begin with its longest idle", key)
		}
	}
	numbers := map[string]ContactID{}
	for _, c := range s.contactsByAge() {
		if c.Kind == Inbound || c.Caller == "" || !c.Ended.IsZero() {
			continue
		}
		if other, twice := numbers[c.Caller]; twice {
			note("contacts %s and %s are open call-backs to one number", other, c.ID)
		}
		if numbers[c.Caller] = c.ID; s.numbers[c.Caller] != c.ID {
			note("the number of contact %s is known as that of %q", c.ID, s.numbers[c.Caller])
		}
	}
	if len(numbers) != len(s.numbers) {
		note("%d numbers are known, %d are open", len(s.numbers), len(numbers))
	}
}

// checkDues: whatever has a deadline is found by it.
func (s *State) checkDues(note func(string, ...any)) {
	next, some := s.NextDeadline()
	must := func(at time.Time, what string, id string) {
		switch {
		case at.IsZero():
		case !some || at.Before(next):
			note("the deadline of %s %s at %s is not noted", what, id, at)
		case at.Before(s.d.At):
			note("the deadline of %s %s at %s has passed", what, id, at)
		}
	}
	for _, c := range s.contactsByAge() {
		must(c.NextAttempt, "contact", string(c.ID))
		must(c.CallUntil, "call to", string(c.ID))
		for _, b := range c.Barred {
			if c.State == Waiting && b.Until.After(s.d.At) {
				must(b.Until, "the bar of "+string(b.Agent)+" from", string(c.ID))
			}
		}
	}
	for _, a := range s.agentsInOrder() {
		must(a.WrapUpUntil, "wrap-up of", string(a.ID))
		if a.Offer != nil {
			must(a.Offer.Until, "the offer to", string(a.ID))
		}
	}
	for _, id := range sortedKeys(s.d.Legs) {
		must(s.d.Legs[id].Again, "leg", string(id))
	}
}
