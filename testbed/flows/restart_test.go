package flows

import (
	"context"
	"testing"

	"contactd/testbed/phones"
)

// contactd is killed in the middle of a talk: they go on talking, and the new contactd knows whose talk it is.
func TestATalkSurvivesAKillOfContactd(t *testing.T) {
	s := begin(t, world{})
	ann := s.agent("ann", annTone, phones.Answer(0))
	ann.ready()
	r := s.asks("callback_now", "030 5551234")
	customer, desk := s.customersCall(), ann.rings()
	r.is("connected")
	ann.talking()
	s.hear(customer, desk, annTone)

	s.daemon.kill()
	s.hear(customer, desk, annTone)
	s.daemon.start()

	// The same page and the same desk, without signing in anew.
	ann.until("the PBX is connected", func(d deskState) bool { return d.PBX })
	if d := ann.talking(); d.Contact.Contact != r.id {
		t.Errorf("ann's desk shows %+v", d.Contact)
	}
	r.is("connected")
	s.hear(customer, desk, annTone)
	s.check(customer.HangUp(s.ctx()))
	s.over(desk)
	ann.finish()
	if got := ann.record(r.id); got.Agent != "ann" || got.Termination != "customer_hung_up" || got.Connected == nil || len(got.Legs) != 2 {
		t.Errorf("the record says %+v", got)
	}
	s.customerCalled(1)
	s.nothingLeft()
}

// A talk that ends while contactd is dead is ended honestly, and both telephones are free.
func TestATalkThatEndsWhileContactdIsDead(t *testing.T) {
	s := begin(t, world{})
	ann := s.agent("ann", annTone, phones.Answer(0))
	ann.ready()
	r := s.asks("callback_now", "030 5551234")
	customer, desk := s.customersCall(), ann.rings()
	r.is("connected")
	ann.talking()
	s.daemon.kill()
	s.check(customer.HangUp(s.ctx()))
	s.daemon.start()
	s.over(desk)
	ann.finish()
	if got := ann.record(r.id); got.Termination != "pbx_lost" || got.Connected == nil {
		t.Errorf("the record says %+v", got)
	}
	s.nothingLeft()
}

// contactd is killed while customers wait for their turn: they keep their places, and are called once each.
func TestPlacesSurviveAKillOfContactd(t *testing.T) {
	s := begin(t, world{})
	first, second := s.asks("callback_turn", "030 5551111"), s.asks("callback_turn", "030 5552222")
	s.daemon.kill()
	s.daemon.start()
	first.until("keeps its place", func(c contactState) bool { return c.State == "waiting" && c.Place == 1 })
	second.until("keeps its place", func(c contactState) bool { return c.State == "waiting" && c.Place == 2 })
	ann := s.agent("ann", annTone, phones.Answer(0))
	ann.ready()
	for i, r := range []*request{first, second} {
		customer, desk := s.customersCall(), ann.rings()
		r.is("connected")
		ann.talking()
		s.hear(customer, desk, annTone)
		if i == 0 {
			second.until("moves up", func(c contactState) bool { return c.State == "waiting" && c.Place == 1 })
		}
		s.check(desk.HangUp(s.ctx()))
		s.over(customer)
		ann.is("wrap_up", "")
		ann.desk.must("POST", "/v1/desk/wrap-up/end", nil, nil)
		if got := ann.record(r.id); got.Termination != "agent_hung_up" || got.outcomes() != "ann accepted" {
			t.Errorf("the record says %+v", got)
		}
	}
	s.customerCalled(2)
	s.nothingLeft()
}

// contactd is killed while the agent's telephone rings for a caller: the caller keeps the music and the place, and gets an agent.
func TestACallerSurvivesAKillOfContactd(t *testing.T) {
	s := begin(t, world{})
	ann := s.agent("ann", annTone, phones.RingOnly())
	ann.ready()
	caller := s.calls(s.caller())
	contact := ann.offered().Contact.Contact
	ringing := ann.rings()
	s.daemon.kill()
	s.daemon.start()
	ann.until("the PBX is connected", func(d deskState) bool { return d.PBX })
	s.check(ringing.Answer())
	if d := ann.talking(); d.Contact.Contact != contact {
		t.Errorf("ann talks with %+v", d.Contact)
	}
	s.hear(caller, ringing, annTone)
	s.check(caller.HangUp(s.ctx()))
	s.over(ringing)
	ann.finish()
	if got := ann.record(contact); got.Termination != "customer_hung_up" || got.outcomes() != "ann accepted" {
		t.Errorf("the record says %+v", got)
	}
	s.nothingLeft()
}

// While contactd is away the PBX's own queue rings the same agents; when it is back it takes the next caller.
func TestTheQueueTakesOverWhileContactdIsAway(t *testing.T) {
	s := begin(t, world{})
	ann := s.agent("ann", annTone, phones.Answer(0))
	ann.ready()
	s.daemon.kill()
	caller := s.calls(s.caller())
	desk := ann.rings()
	s.hear(caller, desk, annTone)
	s.check(caller.HangUp(s.ctx()))
	s.over(desk)
	s.pbx.AssertNothingLeft(t)

	s.daemon.start()
	ann.until("the PBX is connected", func(d deskState) bool { return d.PBX })
	caller = s.calls(s.caller())
	contact := ann.talking().Contact.Contact
	desk = ann.rings()
	s.hear(caller, desk, annTone)
	s.check(caller.HangUp(s.ctx()))
	s.over(desk)
	ann.finish()
	if got := ann.record(contact); got.Termination != "customer_hung_up" {
		t.Errorf("the record says %+v", got)
	}
	s.nothingLeft()
}

// Asterisk dies in the middle of a talk: the contact's end says so, nothing stays reserved, and with the new Asterisk calls go on.
func TestAsteriskDies(t *testing.T) {
	s := begin(t, world{})
	ann := s.agent("ann", annTone, phones.Answer(0))
	ann.ready()
	r := s.asks("callback_now", "030 5551234")
	customer, desk := s.customersCall(), ann.rings()
	r.is("connected")
	ann.talking()
	s.hear(customer, desk, annTone)

	s.check(s.pbx.Kill())
	ann.until("the PBX is gone", func(d deskState) bool { return !d.PBX })
	restart, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	s.check(s.pbx.Restart(restart))
	ann.is("wrap_up", "")
	if c := r.until("is over", func(c contactState) bool { return c.Termination != "" }); c.Termination != "pbx_lost" {
		t.Errorf("the page is told %+v", c)
	}
	ann.desk.must("POST", "/v1/desk/wrap-up/end", nil, nil)
	if got := ann.record(r.id); got.Termination != "pbx_lost" || got.Connected == nil {
		t.Errorf("the record says %+v", got)
	}
	// The telephones do not know that their call is over: nobody told them.
	_ = customer.HangUp(s.ctx())
	_ = desk.HangUp(s.ctx())
	s.over(customer, desk)
	s.customerCalled(1)

	ann.ready()
	again := s.asks("callback_now", "030 5551234")
	customer, desk = s.customersCall(), ann.rings()
	again.is("connected")
	ann.talking()
	s.hear(customer, desk, annTone)
	s.check(customer.HangUp(s.ctx()))
	s.over(desk)
	ann.finish()
	s.nothingLeft()
}
