package flows

import (
	"testing"
	"time"

	"contactd/testbed/phones"
)

// Flow 2: a caller hears music; the longest idle agent does not answer and is made not-ready; the next one answers; they talk;
// the caller hangs up.
func TestACallComesIn(t *testing.T) {
	s := begin(t, world{Ring: 6 * time.Second})
	ann, bob := s.agent("ann", annTone, phones.RingOnly()), s.agent("bob", bobTone, phones.Answer(0))
	ann.ready()
	bob.ready()
	caller := s.calls(s.caller())
	if offer := ann.offered(); offer.Offer.Kind != "inbound" || offer.Contact.State != "offered" || offer.Contact.Caller != "030555123" {
		t.Errorf("ann is offered %+v of %+v", offer.Offer, offer.Contact)
	}
	missed := ann.rings()
	ann.is("not_ready", "missed")
	s.over(missed)
	contact := bob.talking().Contact.Contact
	answered := bob.rings()
	s.hear(caller, answered, bobTone)
	s.check(caller.HangUp(s.ctx()))
	s.over(answered)
	bob.finish()
	r := bob.record(contact)
	if r.Kind != "inbound" || r.Queue != "sales" || r.Agent != "bob" || r.Termination != "customer_hung_up" || r.Connected == nil || r.WrappedUp == nil {
		t.Errorf("the record says %+v", r)
	}
	if got, want := r.outcomes(), "ann ring_no_answer, bob accepted"; got != want {
		t.Errorf("the offers were %s, want %s", got, want)
	}
	s.nothingLeft()
}

func TestTheCallerHangsUpWhileWaiting(t *testing.T) {
	s := begin(t, world{})
	ann := s.agent("ann", annTone, phones.Answer(0))
	caller := s.calls(s.caller())
	ann.until("a caller waits", func(d deskState) bool { return len(d.Queues) == 1 && d.Queues[0].Waiting == 1 })
	s.check(caller.HangUp(s.ctx()))
	ann.until("nobody waits", func(d deskState) bool { return d.Queues[0].Waiting == 0 })
	r := s.only(ann)
	if r.Termination != "abandoned" || len(r.Offers) != 0 || r.Connected != nil {
		t.Errorf("the record says %+v", r)
	}
	s.nothingLeft()
}

func TestTheCallerHangsUpWhileThePhoneRings(t *testing.T) {
	s := begin(t, world{})
	ann := s.agent("ann", annTone, phones.RingOnly())
	ann.ready()
	caller := s.calls(s.caller())
	contact := ann.offered().Contact.Contact
	ringing := ann.rings()
	s.check(caller.HangUp(s.ctx()))
	s.over(ringing)
	// It was not his fault.
	ann.is("ready", "")
	r := ann.record(contact)
	if r.Termination != "abandoned" || r.outcomes() != "ann customer_gone" {
		t.Errorf("the record says %+v", r)
	}
	s.nothingLeft()
}

// What an agent's telephone, or the agent at the desk, can do with an offer; the next agent gets the call each time.
func TestAnOfferComesToNothing(t *testing.T) {
	for _, test := range []struct {
		name   string
		phone  phones.Behaviour
		reject bool
		// outcome and cause of the offer; state and reason of the agent after it.
		outcome       string
		cause         int
		state, reason string
	}{
		{name: "rejected on the desk", phone: phones.RingOnly(), reject: true, outcome: "rejected", state: "ready"},
		{name: "declined on the phone", phone: phones.Reject(603), outcome: "rejected", cause: 21, state: "ready"},
		{name: "the phone is busy", phone: phones.Reject(486), outcome: "failed", cause: 17, state: "not_ready", reason: "phone_busy"},
		{name: "the phone is not there", phone: nil, outcome: "failed", cause: 20, state: "not_ready", reason: "phone_unreachable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := begin(t, world{})
			ann, bob := s.agent("ann", annTone, test.phone), s.agent("bob", bobTone, phones.Answer(0))
			ann.ready()
			bob.ready()
			caller := s.calls(s.caller())
			if test.reject {
				offer := ann.offered().Offer.Offer
				ann.rings()
				ann.desk.must("POST", "/v1/desk/offers/"+offer+"/reject", nil, nil)
			}
			ann.is(test.state, test.reason)
			contact := bob.talking().Contact.Contact
			answered := bob.rings()
			s.hear(caller, answered, bobTone)
			s.check(answered.HangUp(s.ctx()))
			s.over(caller)
			bob.finish()
			r := bob.record(contact)
			if r.Termination != "agent_hung_up" || r.outcomes() != "ann "+test.outcome+", bob accepted" || r.Offers[0].Cause != test.cause {
				t.Errorf("the record says %+v", r)
			}
			s.nothingLeft()
		})
	}
}

// Accepting on the desk lifts a telephone that can answer by itself; the agent ends the talk on the desk.
func TestTheDeskAnswersThePhone(t *testing.T) {
	s := begin(t, world{})
	ann := s.agent("ann", annTone, phones.RingOnly())
	ann.ready()
	caller := s.calls(s.caller())
	offer := ann.offered()
	ringing := ann.rings()
	ann.desk.must("POST", "/v1/desk/offers/"+offer.Offer.Offer+"/accept", nil, nil)
	s.over(ringing)
	lifted := ann.rings()
	if lifted.Header("Call-Info") == "" || lifted.Header("Alert-Info") == "" {
		t.Errorf("nothing asks the telephone to answer: Call-Info %q, Alert-Info %q", lifted.Header("Call-Info"), lifted.Header("Alert-Info"))
	}
	contact := ann.talking().Contact.Contact
	s.hear(caller, lifted, annTone)
	ann.desk.must("POST", "/v1/desk/contacts/"+contact+"/hang-up", nil, nil)
	s.over(caller, lifted)
	ann.finish()
	r := ann.record(contact)
	if r.Termination != "agent_hung_up" || r.outcomes() != "ann accepted" {
		t.Errorf("the record says %+v", r)
	}
	s.nothingLeft()
}

// only waits for the only record that there is.
func (s *story) only(a *agent) record {
	s.t.Helper()
	type page struct {
		Records []record `json:"records"`
	}
	return until(s.t, "a record", func() (page, error) {
		var p page
		err := a.desk.ask("GET", "/v1/records", nil, &p)
		return p, err
	}, func(p page) bool { return len(p.Records) == 1 }).Records[0]
}
