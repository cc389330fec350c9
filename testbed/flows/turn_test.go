package flows

import (
	"strings"
	"testing"
	"time"

	"contactd/testbed/phones"
)

// availability is what a page is told before its customer asks.
type availability struct {
	Free    int `json:"free"`
	Waiting int `json:"waiting"`
}

func (s *story) availability(wanted func(availability) bool) {
	s.t.Helper()
	page := newBrowser(s.t, s.daemon.customerURL(), map[string]string{"Origin": origin})
	until(s.t, "availability", func() (availability, error) {
		var a availability
		err := page.ask("GET", "/v1/availability?queue=sales", nil, &a)
		return a, err
	}, wanted)
}

// Flow 3: nobody is free; two customers keep their places; the first one cancels and the second one moves up, changes the number,
// and is called when an agent comes: the agent's telephone answers first.
func TestCallMeWhenItIsMyTurn(t *testing.T) {
	s := begin(t, world{})
	s.availability(func(a availability) bool { return a.Free == 0 && a.Waiting == 0 })
	first, second := s.asks("callback_turn", "030 5551111"), s.asks("callback_turn", "030 5552222")
	if first.created.State != "waiting" || first.created.Place != 1 || second.created.Place != 2 || second.created.NumberHint != "…22" {
		t.Errorf("the pages are told %+v and %+v", first.created, second.created)
	}
	s.availability(func(a availability) bool { return a.Waiting == 2 })
	first.page.must("DELETE", "/v1/contacts/"+first.id, nil, nil)
	if c := first.is("ended"); c.Termination != "cancelled" {
		t.Errorf("the first page is told %+v", c)
	}
	second.until("moves up", func(c contactState) bool { return c.State == "waiting" && c.Place == 1 })
	second.page.must("PATCH", "/v1/contacts/"+second.id, map[string]string{"number": "030 5553333"}, nil)
	second.until("has the new number", func(c contactState) bool { return c.NumberHint == "…33" && c.Place == 1 })

	ann := s.agent("ann", annTone, phones.RingOnly())
	ann.ready()
	if offer := ann.offered(); offer.Contact.Contact != second.id || offer.Contact.Caller != "+49305553333" {
		t.Errorf("ann is offered %+v", offer.Contact)
	}
	second.is("offered")
	desk := ann.rings()
	s.customerCalled(0)
	s.check(desk.Answer())
	customer := s.customersCall()
	if to := customer.Header("To"); !strings.Contains(to, "sip:49305553333@") {
		t.Errorf("%q was dialled", to)
	}
	second.is("connected")
	ann.talking()
	s.hear(customer, desk, annTone)
	s.check(customer.HangUp(s.ctx()))
	s.over(desk)
	ann.finish()
	if r := ann.record(second.id); r.Kind != "callback_turn" || r.Termination != "customer_hung_up" || r.outcomes() != "ann accepted" {
		t.Errorf("the record says %+v", r)
	}
	if r := ann.record(first.id); r.Termination != "cancelled" || len(r.Offers) != 0 || len(r.Legs) != 0 {
		t.Errorf("the record of the cancelled one says %+v", r)
	}
	s.customerCalled(1)
	s.nothingLeft()
}

// The customer does not answer; after the pause comes the second attempt, then the final outcome: exactly one call an attempt.
func TestTheCustomerDoesNotAnswer(t *testing.T) {
	s := begin(t, world{CustomerRing: 2 * time.Second, Pause: 6 * time.Second})
	s.customer.Behave(phones.RingOnly())
	ann := s.agent("ann", annTone, phones.Answer(0))
	ann.ready()
	r := s.asks("callback_turn", "030 5551234")
	s.over(s.customersCall())
	if c := r.is("paused"); c.Attempt != 1 || c.NextAttempt == "" || c.LastOutcome != "no_answer" {
		t.Errorf("the page is told %+v", c)
	}
	// The agent has had no talk, and is free at once.
	ann.is("ready", "")
	s.over(s.customersCall())
	if c := r.is("ended"); c.Termination != "no_answer" {
		t.Errorf("the page is told %+v", c)
	}
	ann.is("ready", "")
	got := ann.record(r.id)
	if calls := got.calls(); got.Termination != "no_answer" || got.Connected != nil || len(calls) != 2 || calls[1] != 1 || calls[2] != 1 {
		t.Errorf("the record says %+v", got)
	}
	s.customerCalled(2)
	s.nothingLeft()
}

// What else can become of the call to the customer, in a queue that tries once.
func TestTheCustomerIsNotReached(t *testing.T) {
	for _, test := range []struct {
		name        string
		phone       phones.Behaviour
		termination string
		cause       int
	}{
		{"busy", phones.Reject(486), "busy", 17},
		{"refuses", phones.Reject(603), "customer_rejected", 21},
		{"no such number", phones.Reject(404), "number_invalid", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := begin(t, world{Attempts: 1})
			s.customer.Behave(test.phone)
			ann := s.agent("ann", annTone, phones.Answer(0))
			ann.ready()
			r := s.asks("callback_now", "030 5551234")
			if c := r.is("ended"); c.Termination != test.termination {
				t.Errorf("the page is told %+v", c)
			}
			ann.is("ready", "")
			got := ann.record(r.id)
			if got.Termination != test.termination || got.outcomes() != "ann accepted" {
				t.Errorf("the record says %+v", got)
			}
			for _, l := range got.Legs {
				if l.Party == "customer" && l.Cause != test.cause {
					t.Errorf("the customer's leg ended with cause %d, want %d", l.Cause, test.cause)
				}
			}
			s.customerCalled(1)
			s.nothingLeft()
		})
	}
}

// The customer cancels on the page while the telephone rings: it stops.
func TestTheCustomerCancelsWhileBeingCalled(t *testing.T) {
	s := begin(t, world{})
	s.customer.Behave(phones.RingOnly())
	ann := s.agent("ann", annTone, phones.Answer(0))
	ann.ready()
	r := s.asks("callback_now", "030 5551234")
	ringing := s.customersCall()
	r.is("calling")
	r.page.must("DELETE", "/v1/contacts/"+r.id, nil, nil)
	s.over(ringing)
	if c := r.until("is over", func(c contactState) bool { return c.Termination != "" }); c.Termination != "cancelled" {
		t.Errorf("the page is told %+v", c)
	}
	// There was no talk, and so there is nothing to wrap up.
	ann.is("ready", "")
	if got := ann.record(r.id); got.Termination != "cancelled" || got.Connected != nil {
		t.Errorf("the record says %+v", got)
	}
	s.customerCalled(1)
	s.nothingLeft()
}

// A trunk that has no line free is followed by the next one within the same attempt.
func TestAFullTrunkIsFollowedByTheNext(t *testing.T) {
	s := begin(t, world{})
	ann := s.agent("ann", annTone, phones.Answer(0))
	ann.ready()
	r := s.asks("callback_now", "040 5551234")
	if ev, err := s.full.Await(s.ctx(), phones.Invited); err != nil || !strings.Contains(ev.Call.Header("To"), "sip:49405551234@") {
		t.Errorf("the first trunk was not tried: %v, %v", ev, err)
	}
	customer, desk := s.customersCall(), ann.rings()
	if customer.Number != "+4940111111" {
		t.Errorf("the customer sees %q", customer.Number)
	}
	r.is("connected")
	ann.talking()
	s.hear(customer, desk, annTone)
	s.check(customer.HangUp(s.ctx()))
	s.over(desk)
	ann.finish()
	got := ann.record(r.id)
	var trunks []string
	for _, l := range got.Legs {
		if l.Party == "customer" && l.Attempt == 1 {
			trunks = append(trunks, l.Trunk)
		}
	}
	if got.Termination != "customer_hung_up" || strings.Join(trunks, " ") != "full outside" {
		t.Errorf("the record says %+v", got)
	}
	s.customerCalled(1)
	s.nothingLeft()
}
