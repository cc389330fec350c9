package phones

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Kind is what happened to a telephone.
type Kind string

// The kinds of events.
const (
	Registered Kind = "registered"
	// Invited: a call came in.
	Invited Kind = "invited"
	// Dialled: a call was sent out.
	Dialled Kind = "dialled"
	// Progressed: the other side rings or sends early media; Status is 180 or 183.
	Progressed Kind = "progressed"
	// Answered: the call stands, for either side.
	Answered Kind = "answered"
	// Heard: the first packet of sound arrived.
	Heard Kind = "heard"
	// Keyed: the other side pressed a key; Detail is the key.
	Keyed Kind = "keyed"
	// Renegotiated: the other side changed the call's media (hold, another address).
	Renegotiated Kind = "renegotiated"
	// Refused: the call was refused, by whichever side; Status is the SIP status.
	Refused Kind = "refused"
	// Cancelled: the caller gave up before the answer.
	Cancelled Kind = "cancelled"
	// Ended: an answered call is over; Detail is "us" or "them".
	Ended Kind = "ended"
	// Failed: something went wrong that is no part of a call's life; Detail says what.
	Failed Kind = "failed"
)

// Event is something that happened.
type Event struct {
	At     time.Time
	Kind   Kind
	Call   *Call // nil for Registered
	Status int
	Detail string
}

func (e Event) String() string {
	text := string(e.Kind)
	if e.Call != nil {
		text += " " + e.Call.Number
	}
	if e.Status != 0 {
		text += fmt.Sprintf(" %d", e.Status)
	}
	return strings.TrimSpace(text + " " + e.Detail)
}

func (p *Phone) tell(ev Event) {
	ev.At = time.Now()
	p.mu.Lock()
	p.events = append(p.events, ev)
	close(p.changed)
	p.changed = make(chan struct{})
	p.mu.Unlock()
	if p.options.OnEvent != nil {
		p.options.OnEvent(ev)
	}
}

// Events returns all that has happened so far.
func (p *Phone) Events() []Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Event(nil), p.events...)
}

// Await waits for the next event of a kind that no earlier Await has returned or passed over: events between are skipped.
func (p *Phone) Await(ctx context.Context, kind Kind) (Event, error) {
	for {
		p.mu.Lock()
		changed := p.changed
		for i := p.awaited; i < len(p.events); i++ {
			if p.events[i].Kind == kind {
				p.awaited = i + 1
				found := p.events[i]
				p.mu.Unlock()
				return found, nil
			}
		}
		p.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return Event{}, fmt.Errorf("phones: %s was not %s: %w; what happened: %v", p.options.User, kind, ctx.Err(), p.Events())
		}
	}
}
