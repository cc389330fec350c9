package acd

import (
	"cmp"
	"container/heap"
	"time"
)

// dueKind says what a deadline is for.
type dueKind uint8

const (
	dueOffer   dueKind = iota + 1 // an offer ends; id is the agent's
	dueWrapUp                     // wrap-up ends; id is the agent's
	dueContact                    // a paused contact waits again
	dueCall                       // a call to the customer ends
	dueBarred                     // a contact may be offered again to one who rejected it
	dueLeg                        // a leg that was hung up is still there
)

// due is a deadline that was set; it counts only while what it is for still has that deadline.
type due struct {
	at   time.Time
	kind dueKind
	id   string
}

type dueHeap []due

func (h dueHeap) Len() int { return len(h) }
func (h dueHeap) Less(i, j int) bool {
	return cmp.Or(h[i].at.Compare(h[j].at), cmp.Compare(h[i].kind, h[j].kind), cmp.Compare(h[i].id, h[j].id)) < 0
}
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)   { *h = append(*h, x.(due)) }
func (h *dueHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// due notes a deadline; the zero time is none.
func (s *State) due(at time.Time, kind dueKind, id string) {
	if !at.IsZero() {
		heap.Push(&s.dues, due{at: at, kind: kind, id: id})
	}
}

// counts says whether the deadline is still meant.
func (s *State) counts(d due) bool {
	switch d.kind {
	case dueOffer:
		a := s.d.Agents[AgentID(d.id)]
		return a != nil && a.Offer != nil && a.Offer.Until.Equal(d.at)
	case dueWrapUp:
		a := s.d.Agents[AgentID(d.id)]
		return a != nil && a.State == WrapUp && a.WrapUpUntil.Equal(d.at)
	case dueContact:
		c := s.d.Contacts[ContactID(d.id)]
		return c != nil && c.State == Paused && c.NextAttempt.Equal(d.at)
	case dueCall:
		c := s.d.Contacts[ContactID(d.id)]
		return c != nil && c.State == Calling && c.CallUntil.Equal(d.at)
	case dueBarred:
		c := s.d.Contacts[ContactID(d.id)]
		// It counts also while the contact does not wait, which it may do again before the bar is over.
		return c != nil && c.Ended.IsZero()
	default:
		l := s.d.Legs[LegID(d.id)]
		return l != nil && l.Again.Equal(d.at)
	}
}

// NextDeadline is when [DeadlineReached] must be stepped; false when nothing is due.
func (s *State) NextDeadline() (time.Time, bool) {
	for len(s.dues) > 0 {
		if s.counts(s.dues[0]) {
			return s.dues[0].at, true
		}
		heap.Pop(&s.dues)
	}
	return time.Time{}, false
}

// deadlineReached does all that is due.
func (s *State) deadlineReached() {
	for {
		at, some := s.NextDeadline()
		if !some || at.After(s.d.At) {
			return
		}
		d := heap.Pop(&s.dues).(due)
		switch d.kind {
		case dueOffer:
			s.offerExpired(s.d.Agents[AgentID(d.id)])
		case dueWrapUp:
			s.finishWrapUp(s.d.Agents[AgentID(d.id)])
		case dueContact:
			s.contactDue(s.d.Contacts[ContactID(d.id)])
		case dueCall:
			s.callExpired(s.d.Contacts[ContactID(d.id)])
		case dueBarred:
			s.route(s.d.Contacts[ContactID(d.id)])
		case dueLeg:
			s.release(s.d.Legs[LegID(d.id)], causeNormal)
		}
	}
}
