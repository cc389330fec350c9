package flows

import (
	"strings"
	"testing"

	"contactd/testbed/phones"
)

// Flow 1, the telephone half: the agent's telephone answers first, then the customer's is called through the trunk; they talk;
// either side, or the desk, hangs up.
func TestCallMeNow(t *testing.T) {
	for _, test := range []struct {
		name        string
		hangUp      func(s *story, ann *agent, contact string, customer, desk *phones.Call)
		termination string
	}{
		{"the customer hangs up", func(s *story, _ *agent, _ string, customer, _ *phones.Call) {
			s.check(customer.HangUp(s.ctx()))
		}, "customer_hung_up"},
		{"the agent hangs up", func(s *story, _ *agent, _ string, _, desk *phones.Call) {
			s.check(desk.HangUp(s.ctx()))
		}, "agent_hung_up"},
		{"the desk hangs up", func(_ *story, ann *agent, contact string, _, _ *phones.Call) {
			ann.desk.must("POST", "/v1/desk/contacts/"+contact+"/hang-up", nil, nil)
		}, "agent_hung_up"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := begin(t, world{})
			s.customer.Behave(phones.RingOnly())
			ann := s.agent("ann", annTone, phones.RingOnly())
			ann.ready()
			r := s.asks("callback_now", "030 5551234")
			if offer := ann.offered(); offer.Contact.Contact != r.id || offer.Contact.Kind != "callback_now" || offer.Contact.Caller != "+49305551234" {
				t.Errorf("ann is offered %+v", offer.Contact)
			}
			desk := ann.rings()
			// Nobody calls the customer before an agent is there.
			s.customerCalled(0)
			s.check(desk.Answer())
			customer := s.customersCall()
			if to := customer.Header("To"); !strings.Contains(to, "sip:49305551234@") || customer.Number != "+4930111111" {
				t.Errorf("%q was dialled from %q", to, customer.Number)
			}
			r.is("calling")
			s.check(customer.Answer())
			if c := r.is("connected"); c.AgentName != "ann" || c.ConnectedAt == "" || c.Attempt != 1 {
				t.Errorf("the customer's page says %+v", c)
			}
			ann.talking()
			s.hear(customer, desk, annTone)
			test.hangUp(s, ann, r.id, customer, desk)
			s.over(customer, desk)
			if d := ann.is("wrap_up", ""); d.Agent.WrapUpUntil == "" {
				t.Error("the desk does not say until when the wrap-up lasts")
			}
			ann.finish()
			got := ann.record(r.id)
			if got.Kind != "callback_now" || got.Agent != "ann" || got.Termination != test.termination || got.Connected == nil || got.WrappedUp == nil || got.outcomes() != "ann accepted" {
				t.Errorf("the record says %+v", got)
			}
			for _, l := range got.Legs {
				if l.Answered == nil || l.Ended == nil || l.Party == "agent" && l.Agent != "ann" || l.Party == "customer" && (l.Trunk != "outside" || l.Attempt != 1) {
					t.Errorf("the record has the leg %+v", l)
				}
			}
			if len(got.Legs) != 2 {
				t.Errorf("the record has the legs %+v", got.Legs)
			}
			if c := r.is("ended"); c.Termination != test.termination {
				t.Errorf("the customer's page says %+v", c)
			}
			s.customerCalled(1)
			s.nothingLeft()
		})
	}
}
