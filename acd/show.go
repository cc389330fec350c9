package acd

import (
	"maps"
	"slices"
)

// View is a picture of the state for readers. What did not change since prev is taken from it; prev may be nil.
// It belongs to the state's owner to call it; the view itself may be read by anyone.
func (s *State) View(prev *View) *View {
	v := &View{At: s.d.At}
	for _, g := range s.dirty.groups {
		g.dirty = false
		for _, l := range g.serves {
			s.dirty.lines[l.queue.ID] = true
		}
	}
	s.dirty.groups = s.dirty.groups[:0]
	if prev == nil || s.dirty.all {
		v.Contacts, v.Agents = map[ContactID]*ContactView{}, map[AgentID]*AgentView{}
		v.Queues, v.PBXs = map[QueueID]*QueueView{}, map[PBXID]bool{}
		for _, l := range s.lines {
			s.number(l, v)
		}
		for id, c := range s.d.Contacts {
			v.Contacts[id] = s.viewContact(c)
		}
		for id, a := range s.d.Agents {
			v.Agents[id] = s.viewAgent(a)
		}
		for id, l := range s.lines {
			v.Queues[id] = s.viewQueue(l)
		}
		for id, p := range s.d.PBXs {
			v.PBXs[id] = p.Connected
		}
	} else {
		v.Contacts, v.Agents, v.Queues, v.PBXs = prev.Contacts, prev.Agents, prev.Queues, prev.PBXs
		s.renew(v)
	}
	if prev != nil {
		v.Seq = prev.Seq + 1
	}
	s.dirty.all = false
	clear(s.dirty.contacts)
	clear(s.dirty.agents)
	clear(s.dirty.lines)
	return v
}

// renew replaces what changed, in copies of the maps that hold it.
func (s *State) renew(v *View) {
	for id := range s.dirty.lines {
		if l := s.lines[id]; l != nil {
			s.number(l, v)
		}
	}
	if len(s.dirty.contacts) > 0 {
		v.Contacts = maps.Clone(v.Contacts)
		for id := range s.dirty.contacts {
			if c := s.d.Contacts[id]; c != nil {
				v.Contacts[id] = s.viewContact(c)
			} else {
				delete(v.Contacts, id)
			}
		}
	}
	if len(s.dirty.agents) > 0 {
		v.Agents = maps.Clone(v.Agents)
		for id := range s.dirty.agents {
			if a := s.d.Agents[id]; a != nil {
				v.Agents[id] = s.viewAgent(a)
			} else {
				delete(v.Agents, id)
			}
		}
	}
	if len(s.dirty.lines) > 0 {
		v.Queues = maps.Clone(v.Queues)
		for id := range s.dirty.lines {
			if l := s.lines[id]; l != nil {
				v.Queues[id] = s.viewQueue(l)
			}
		}
	}
}

// number gives the contacts of a line their places and marks those that moved, or whose estimate did.
func (s *State) number(l *line, v *View) {
	for i, c := range l.contacts {
		c.place = i + 1
		if old := v.Contacts[c.ID]; old == nil || old.Place != c.place || old.Estimate != s.estimate(l, c.place) {
			s.dirty.contacts[c.ID] = true
		}
	}
}

func (s *State) viewContact(c *contact) *ContactView {
	cv := &ContactView{
		ID: c.ID, Kind: c.Kind, Queue: c.Queue, State: c.State, Arrived: c.Since, Agent: c.Agent, Caller: c.Caller,
		Attempt: c.Attempt, NextAttempt: c.NextAttempt, ConnectedAt: c.Connected, EndedAt: c.Ended,
		Termination: c.Termination, LastOutcome: c.LastOutcome,
	}
	if l := s.lines[c.Queue]; l != nil && c.State == Waiting {
		cv.Place = c.place
		cv.Estimate = s.estimate(l, max(c.place, 1))
	}
	return cv
}

func (s *State) viewAgent(a *agent) *AgentView {
	av := &AgentView{
		ID: a.ID, State: a.State, Reason: a.Reason, Since: a.Since, After: a.After, AfterReason: a.AfterReason,
		Contact: a.Contact, WrapUpUntil: a.WrapUpUntil,
	}
	if a.conf != nil {
		av.Queues = slices.Clone(a.conf.Queues)
	}
	if o := a.Offer; o != nil {
		av.Offer = &OfferView{ID: o.ID, Contact: o.Contact, Made: o.Made, Until: o.Until, Accepted: o.Accepted, Rule: o.Rule}
		if c := s.d.Contacts[o.Contact]; c != nil {
			av.Offer.Queue, av.Offer.Kind = c.Queue, c.Kind
		}
	}
	return av
}

func (s *State) viewQueue(l *line) *QueueView {
	have := l.staff()
	return &QueueView{
		ID: l.queue.ID, Waiting: len(l.contacts), Free: have.ready, Busy: have.busy, WrapUp: have.wrapUp, NotReady: have.notReady,
		Estimate: s.estimate(l, len(l.contacts)+1),
	}
}
