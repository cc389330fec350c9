package acd

import "slices"

// Rules and tie-breaks of a choice, kept in the fact.
const (
	RuleOnly        = "only"          // one eligible agent was free
	RuleLongestIdle = "longest_idle"  // the longest idle of several
	RuleFirstInLine = "first_in_line" // an agent became free and took the first contact that he is eligible for

	TieNone          = ""
	TieConfiguration = "configuration_order"
)

// eligible says whether the contact may be offered to the agent now. Router and [State.Check] share it.
func (s *State) eligible(c *contact, a *agent) bool {
	if c.State != Waiting || a.State != Ready || a.legs > 0 || a.conf == nil || a.conf.PBX != c.PBX || !s.connected(c.PBX) {
		return false
	}
	q := s.queue(c.Queue)
	return q != nil && qualified(q, a.conf) && !s.isBarred(c, a.ID)
}

func (s *State) isBarred(c *contact, a AgentID) bool {
	for i := range c.Barred {
		if c.Barred[i].Agent == a && c.Barred[i].Until.After(s.d.At) {
			return true
		}
	}
	return false
}

func (s *State) connected(id PBXID) bool {
	p := s.d.PBXs[id]
	return p != nil && p.Connected
}

// route offers a waiting contact to the longest idle eligible agent, if there is one.
func (s *State) route(c *contact) {
	if c.State != Waiting || s.holding {
		return
	}
	if a, rule, tie := s.choose(c); a != nil {
		s.makeOffer(c, a, rule, tie)
	}
}

// choose looks at the heads of the groups that serve the contact's queue.
func (s *State) choose(c *contact) (best *agent, rule, tie string) {
	l := s.lines[c.Queue]
	if l == nil || !s.connected(c.PBX) {
		return nil, "", ""
	}
	if len(c.Barred) > 0 {
		return s.chooseAllowed(c, l)
	}
	var from *group
	free, tied, first := 0, false, int64(never)
	for _, g := range l.byPBX[c.PBX] {
		if g.first == never {
			continue
		}
		free++
		switch {
		case g.first < first:
			first, from, tied = g.first, g, false
		case g.first == first:
			tied = true
			if longer(g.idle[0], from.idle[0]) {
				from = g
			}
		}
	}
	if from == nil {
		return nil, "", ""
	}
	if rule = RuleOnly; free > 1 || len(from.idle) > 1 {
		rule = RuleLongestIdle
	}
	if tied || from.tied() {
		tie = TieConfiguration
	}
	return from.idle[0], rule, tie
}

// chooseAllowed is choose for a contact that somebody declined just now: it looks at every idle agent.
func (s *State) chooseAllowed(c *contact, l *line) (best *agent, rule, tie string) {
	rule = RuleOnly
	for _, g := range l.byPBX[c.PBX] {
		for _, a := range g.idle {
			if s.isBarred(c, a.ID) {
				continue
			}
			switch {
			case best == nil:
				best = a
				continue
			case a.since == best.since:
				tie = TieConfiguration
			case a.since < best.since:
				tie = TieNone
			}
			rule = RuleLongestIdle
			if longer(a, best) {
				best = a
			}
		}
	}
	if best == nil {
		return nil, "", ""
	}
	return best, rule, tie
}

// tied says whether another of the group has been idle exactly as long as its first.
func (g *group) tied() bool {
	for child := 1; child <= 2 && child < len(g.idle); child++ {
		if g.idle[child].since == g.first {
			return true
		}
	}
	return false
}

// serve gives an idle agent the first contact in line that he is eligible for.
func (s *State) serve(a *agent) {
	if s.holding || a.slot < 0 || !s.connected(a.group.pbx) {
		return
	}
	var best *contact
	for _, l := range a.group.serves {
		for _, c := range l.contacts {
			if !s.eligible(c, a) {
				continue
			}
			if best == nil || s.before(c, best) {
				best = c
			}
			break // the rest of the line is younger
		}
	}
	if best != nil {
		s.makeOffer(best, a, RuleFirstInLine, TieNone)
	}
}

// before is the one order of contacts: the queue's priority, the age, the number of arrival.
func (s *State) before(a, b *contact) bool {
	if pa, pb := s.priority(a), s.priority(b); pa != pb {
		return pa > pb
	}
	return older(a, b) < 0
}

func (s *State) priority(c *contact) int {
	if q := s.queue(c.Queue); q != nil {
		return q.Priority
	}
	return 0
}

// held does something that ends and frees many, and routes only when all of it is known: else a freed agent would be
// offered a contact whose end comes next.
func (s *State) held(do func()) {
	s.holding = true
	do()
	s.holding = false
	s.routeAll()
}

// routeAll tries every waiting contact in their order; after a PBX came, or the configuration changed.
func (s *State) routeAll() {
	waiting := slices.DeleteFunc(s.contactsByAge(), func(c *contact) bool { return c.State != Waiting })
	slices.SortStableFunc(waiting, func(a, b *contact) int {
		if s.before(a, b) {
			return -1
		}
		return 1
	})
	for _, c := range waiting {
		s.route(c)
	}
}
