package flows

import (
	"context"
	"fmt"
	"testing"
	"time"

	"contactd/testbed/phones"
)

// story is one test's world: a contactd of its own before the shared Asterisk.
type story struct {
	t *testing.T
	*exchange
	daemon *daemon
	// called is how many calls the customer's telephone had had when the story began, taken how many it was asked for since.
	called, taken int
}

// begin starts a contactd and waits until it has its Asterisk. The customer's telephone answers unless it is told otherwise.
func begin(t *testing.T, w world) *story {
	t.Helper()
	w.exchange = theExchange(t)
	w.settings = w.pbx.Settings
	s := &story{t: t, exchange: w.exchange}
	s.customer.Behave(phones.Answer(0))
	s.called = len(s.invitations())
	s.daemon = startDaemon(t, w)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of Asterisk's log:\n%s", s.pbx.LogTail(40))
		}
	})
	return s
}

// ctx bounds a step that fails.
func (s *story) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s.t.Cleanup(cancel)
	return ctx
}

func (s *story) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// nothingLeft ends a story: Asterisk has no channel and no bridge, while contactd and all telephones are still there.
func (s *story) nothingLeft() {
	s.t.Helper()
	s.pbx.AssertNothingLeft(s.t)
}

// invitations are the calls to the customer's telephone, those of earlier stories included.
func (s *story) invitations() []*phones.Call {
	var calls []*phones.Call
	for _, ev := range s.customer.Events() {
		if ev.Kind == phones.Invited {
			calls = append(calls, ev.Call)
		}
	}
	return calls
}

// customerCalled asserts how often the customer was called in this story.
func (s *story) customerCalled(times int) {
	s.t.Helper()
	if got := len(s.invitations()) - s.called; got != times {
		s.t.Errorf("the customer's telephone was called %d times, want %d: %v", got, times, s.customer.Events())
	}
}

// customersCall waits for the next call to the customer in this story.
func (s *story) customersCall() *phones.Call {
	s.t.Helper()
	n := s.called + s.taken
	s.taken++
	calls := until(s.t, "the customer's telephone is called", func() ([]*phones.Call, error) { return s.invitations(), nil },
		func(calls []*phones.Call) bool { return len(calls) > n })
	return calls[n]
}

// agent is a person with a desk and a telephone.
type agent struct {
	s     *story
	id    string
	phone *phones.Phone
	desk  *browser
}

// agent signs an agent in; behaviour nil means that the telephone is not there.
func (s *story) agent(id string, tone float64, behaviour phones.Behaviour) *agent {
	s.t.Helper()
	a := &agent{s: s, id: id, desk: newBrowser(s.t, s.daemon.agentURL(), map[string]string{"X-Contactd": "1"})}
	var err error
	a.phone, err = phones.New(phones.Options{
		PBX: s.pbx.SIP(), User: id, Password: password, Tone: tone, Behaviour: behaviour, AutoAnswer: true,
	})
	s.check(err)
	s.t.Cleanup(func() { _ = a.phone.Close() })
	if behaviour != nil {
		s.check(a.phone.Register(s.ctx()))
		s.t.Cleanup(func() {
			if err := a.phone.Unregister(s.ctx()); err != nil {
				s.t.Error(err)
			}
		})
	}
	a.signIn()
	return a
}

func (a *agent) signIn() {
	a.s.t.Helper()
	a.desk.must("POST", "/v1/session", map[string]string{"user": a.id, "password": password}, nil)
}

// ready makes the agent ready, and waits until the desk says so or already has an offer.
func (a *agent) ready() {
	a.s.t.Helper()
	a.until("the PBX is connected", func(d deskState) bool { return d.PBX })
	a.desk.must("POST", "/v1/desk/ready", nil, nil)
	a.until("ready", func(d deskState) bool { return d.Agent.State != "not_ready" })
}

// until waits until the desk is as wanted.
func (a *agent) until(what string, wanted func(deskState) bool) deskState {
	a.s.t.Helper()
	return until(a.s.t, a.id+": "+what, func() (deskState, error) {
		var d deskState
		err := a.desk.snapshot("/v1/desk/events", &d)
		return d, err
	}, wanted)
}

// is waits until the agent has a state, and a reason unless it is empty.
func (a *agent) is(state, reason string) deskState {
	a.s.t.Helper()
	return a.until(state+" "+reason, func(d deskState) bool {
		return d.Agent.State == state && (reason == "" || d.Agent.Reason == reason)
	})
}

// offered waits for an offer.
func (a *agent) offered() deskState {
	a.s.t.Helper()
	return a.until("offered", func(d deskState) bool { return d.Agent.State == "offered" && d.Offer != nil && d.Contact != nil })
}

// talking waits until the agent talks with the customer.
func (a *agent) talking() deskState {
	a.s.t.Helper()
	return a.until("talks", func(d deskState) bool {
		return d.Agent.State == "talking" && d.Contact != nil && d.Contact.State == "connected"
	})
}

// rings waits until the agent's telephone is called.
func (a *agent) rings() *phones.Call {
	a.s.t.Helper()
	ev, err := a.phone.Await(a.s.ctx(), phones.Invited)
	a.s.check(err)
	return ev.Call
}

// record waits until a contact's story is complete.
func (a *agent) record(contact string) record {
	a.s.t.Helper()
	return until(a.s.t, "the record of "+contact, func() (record, error) {
		var r record
		err := a.desk.ask("GET", "/v1/records/"+contact, nil, &r)
		return r, err
	}, func(r record) bool { return r.Contact == contact })
}

// finish ends the agent's wrap-up and waits until he is ready again.
func (a *agent) finish() {
	a.s.t.Helper()
	a.is("wrap_up", "")
	a.desk.must("POST", "/v1/desk/wrap-up/end", nil, nil)
	a.is("ready", "")
}

// caller is a telephone outside.
func (s *story) caller() *phones.Phone {
	s.t.Helper()
	p, err := phones.New(phones.Options{PBX: s.pbx.SIP(), User: "030555123", Tone: customerTone})
	s.check(err)
	s.t.Cleanup(func() { _ = p.Close() })
	return p
}

// calls dials the queue, and waits until Asterisk answers and something is heard.
func (s *story) calls(p *phones.Phone) *phones.Call {
	s.t.Helper()
	call, err := p.Call(s.ctx(), "8001")
	s.check(err)
	_, err = p.Await(s.ctx(), phones.Heard)
	s.check(err)
	return call
}

// hear asserts that each hears the other.
func (s *story) hear(customer *phones.Call, agent *phones.Call, tone float64) {
	s.t.Helper()
	if err := customer.AwaitTone(s.ctx(), tone); err != nil {
		s.t.Fatalf("the customer does not hear the agent: %v", err)
	}
	if err := agent.AwaitTone(s.ctx(), customerTone); err != nil {
		s.t.Fatalf("the agent does not hear the customer: %v", err)
	}
}

// over waits until a call is over.
func (s *story) over(calls ...*phones.Call) {
	s.t.Helper()
	for i, call := range calls {
		select {
		case <-call.Done():
		case <-time.After(patience):
			s.t.Fatalf("call %d is not over within %v", i+1, patience)
		}
	}
}

// request is a customer's wish to be called.
type request struct {
	s       *story
	page    *browser
	id      string
	created contactState
}

// asks has a customer ask to be called: kind is callback_now or callback_turn.
func (s *story) asks(kind, number string) *request {
	s.t.Helper()
	r := &request{s: s, page: newBrowser(s.t, s.daemon.customerURL(), map[string]string{"Origin": origin})}
	var made struct {
		Contact string       `json:"contact"`
		Token   string       `json:"token"`
		State   contactState `json:"state"`
	}
	r.page.must("POST", "/v1/contacts", map[string]any{
		"queue": "sales", "kind": kind, "number": number, "page": origin + "/", "consent": true, "language": "en", "site": "shop",
	}, &made)
	r.id, r.created = made.Contact, made.State
	r.page.header["Authorization"] = "Bearer " + made.Token
	return r
}

// until waits until the contact is as wanted.
func (r *request) until(what string, wanted func(contactState) bool) contactState {
	r.s.t.Helper()
	return until(r.s.t, fmt.Sprintf("contact %s: %s", r.id, what), func() (contactState, error) {
		var c contactState
		err := r.page.ask("GET", "/v1/contacts/"+r.id, nil, &c)
		return c, err
	}, wanted)
}

// is waits until the contact has a state.
func (r *request) is(state string) contactState {
	r.s.t.Helper()
	return r.until(state, func(c contactState) bool { return c.State == state })
}
