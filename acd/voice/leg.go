package voice

import (
	"sync"

	"contactd/acd"
)

// leg is what is known of a channel, so that each turn of its life is told once.
type leg struct {
	// contact is that of an inbound leg.
	contact acd.ContactID
	// rang and answered have been told.
	rang, answered bool
	// cause is what the first request to hang up has said, the other side's or ours.
	cause int
}

// legs are the channels that concern the director. Commands add to them on other goroutines than events.
type legs struct {
	mu  sync.Mutex
	all map[acd.LegID]*leg
}

// expect notes a leg that is about to be originated.
func (l *legs) expect(id acd.LegID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all[id] == nil {
		l.all[id] = &leg{}
	}
}

// forget removes a leg that never came to be.
func (l *legs) forget(id acd.LegID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, id)
}

// inbound notes a leg that came in and returns its contact, the same one each time.
func (l *legs) inbound(id acd.LegID) (contact acd.ContactID, fresh bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.all[id]
	if known == nil {
		known = &leg{}
		l.all[id] = known
	}
	if known.contact == "" {
		known.contact = newContact()
		return known.contact, true
	}
	return known.contact, false
}

// first marks a turn in a leg's life and tells whether it had not been marked before. A leg that is not known has none.
func (l *legs) first(id acd.LegID, mark func(*leg) *bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.all[id]
	if known == nil {
		return false
	}
	done := mark(known)
	if *done {
		return false
	}
	*done = true
	return true
}

// causeOf keeps the first cause that a request to hang up gives.
func (l *legs) causeOf(id acd.LegID, cause int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known := l.all[id]; known != nil && known.cause == 0 {
		known.cause = cause
	}
}

// wanted tells whether a leg is known and nobody has asked to hang it up.
func (l *legs) wanted(id acd.LegID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.all[id]
	return known != nil && known.cause == 0
}

// end removes a leg and tells whether it was there, with the cause that is known of it; cause is that of the event, if it has
// one.
func (l *legs) end(id acd.LegID, cause int) (int, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.all[id]
	if known == nil {
		return 0, false
	}
	delete(l.all, id)
	if cause == 0 {
		cause = known.cause
	}
	return cause, true
}

// ids returns the legs that are known now.
func (l *legs) ids() []acd.LegID {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := make([]acd.LegID, 0, len(l.all))
	for id := range l.all {
		ids = append(ids, id)
	}
	return ids
}
