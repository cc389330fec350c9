package phones_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"contactd/ari"
	"contactd/testbed/asterisk"
	"contactd/testbed/phones"
)

// switchboard is an application that the test plays itself.
type switchboard struct {
	t      *testing.T
	pbx    *asterisk.Asterisk
	client *ari.Client
	events chan ari.Event
}

func newSwitchboard(t *testing.T) *switchboard {
	t.Helper()
	pbx := asterisk.StartForTest(t, asterisk.Options{})
	client, err := ari.New(pbx.ARI("test"))
	if err != nil {
		t.Fatal(err)
	}
	s := &switchboard{t: t, pbx: pbx, client: client, events: make(chan ari.Event, 1024)}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = client.Run(ctx, func(ev ari.Event) { s.events <- ev })
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	awaitARI(s, func(*ari.EpochBegan) bool { return true })
	return s
}

func awaitARI[E ari.Event](s *switchboard, wanted func(E) bool) E {
	s.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		select {
		case ev := <-s.events:
			if e, is := ev.(E); is && wanted(e) {
				return e
			}
		case <-limit:
			var zero E
			s.t.Fatalf("no such %T within 30 s", zero)
			return zero
		}
	}
}

func request[T any](s *switchboard, r ari.Request[T]) T {
	s.t.Helper()
	value, err := ari.Do(s.t.Context(), s.client, r)
	if err != nil {
		s.t.Fatal(err)
	}
	return value
}

// phone makes a telephone that is registered.
func (s *switchboard) phone(options phones.Options) *phones.Phone {
	s.t.Helper()
	options.PBX = s.pbx.SIP()
	p := newPhone(s.t, options)
	if err := p.Register(patience(s.t)); err != nil {
		s.t.Fatal(err)
	}
	return p
}

func TestLiveTwoTelephonesThroughABridge(t *testing.T) {
	s := newSwitchboard(t)
	ann := s.phone(phones.Options{User: "ann", Tone: 440, Behaviour: phones.Answer(0)})
	caller := newPhone(t, phones.Options{PBX: s.pbx.SIP(), User: "0301234", Tone: 660})
	ctx := patience(t)

	call, answer, err := caller.Dial(ctx, "8001")
	if err != nil {
		t.Fatal(err)
	}
	start := awaitARI(s, func(ev *ari.StasisStart) bool { return true })
	if fmt.Sprint(start.Args) != "[outside 8001]" || start.Channel.Caller.Number != "0301234" || start.Channel.ProtocolID != call.ID {
		t.Errorf("got %+v", start)
	}
	in := start.Channel.ID
	request(s, ari.Originate{ID: "agent", Endpoint: "PJSIP/ann", App: "test", Originator: in, Timeout: 20 * time.Second}.Request())
	request(s, ari.AnswerChannel(in))
	if err := <-answer; err != nil {
		t.Fatal(err)
	}
	awaitARI(s, func(ev *ari.StasisStart) bool { return ev.Channel.ID == "agent" })
	request(s, ari.CreateBridge("b", "", ari.AttributeMixing, ari.BridgeDTMFEvents))
	request(s, ari.AddChannels("b", in, "agent"))
	taken := await(t, ann, phones.Answered).Call
	if err := call.AwaitTone(ctx, 440); err != nil {
		t.Error(err)
	}
	if err := taken.AwaitTone(ctx, 660); err != nil {
		t.Error(err)
	}
	if err := call.Press("5"); err != nil {
		t.Fatal(err)
	}
	awaitARI(s, func(ev *ari.ChannelDtmfReceived) bool { return ev.Digit == "5" && ev.Channel.ID == in })

	if err := call.HangUp(ctx); err != nil {
		t.Fatal(err)
	}
	awaitARI(s, func(ev *ari.StasisEnd) bool { return ev.Channel.ID == in })
	request(s, ari.HangUp("agent", 16))
	request(s, ari.DestroyBridge("b"))
	if got := await(t, ann, phones.Ended).Detail; got != "them" {
		t.Errorf("the agent's call was ended by %s", got)
	}
	s.pbx.AssertNothingLeft(t)
}

func TestLiveRegistrationWithAndWithoutPassword(t *testing.T) {
	s := newSwitchboard(t)
	s.phone(phones.Options{User: "carl", Password: "carl"})
	if err := s.pbx.AwaitOnline(patience(t), "carl"); err != nil {
		t.Error(err)
	}
	wrong := newPhone(t, phones.Options{PBX: s.pbx.SIP(), User: "carl", Password: "wrong"})
	if err := wrong.Register(patience(t)); err == nil {
		t.Error("a wrong password was accepted")
	}
	// A call of a telephone with a password is challenged too, and comes from its own context.
	carl := s.phone(phones.Options{User: "carl", Password: "carl"})
	_, answer, err := carl.Dial(patience(t), "77")
	if err != nil {
		t.Fatal(err)
	}
	start := awaitARI(s, func(*ari.StasisStart) bool { return true })
	if fmt.Sprint(start.Args) != "[phones 77]" {
		t.Errorf("got %+v", start)
	}
	request(s, ari.HangUp(start.Channel.ID, 17))
	var refused *phones.RefusedError
	if err := <-answer; !errors.As(err, &refused) || refused.Status != 486 {
		t.Errorf("got %v, want 486", err)
	}
	if err := carl.Unregister(patience(t)); err != nil {
		t.Fatal(err)
	}
	s.pbx.AssertNothingLeft(t)
}

func TestLiveOutcomesOfAnOriginate(t *testing.T) {
	s := newSwitchboard(t)
	bob := s.phone(phones.Options{User: "bob", AutoAnswer: true})
	for _, c := range []struct {
		behaviour phones.Behaviour
		cause     int
	}{{phones.Reject(486), 17}, {phones.Reject(603), 21}, {phones.Reject(480), 19}, {phones.RingOnly(), 19}} {
		bob.Behave(c.behaviour)
		request(s, ari.Originate{ID: "x", Endpoint: "PJSIP/bob", App: "test", Timeout: time.Second}.Request())
		if got := awaitARI(s, func(ev *ari.ChannelDestroyed) bool { return ev.Channel.ID == "x" }).Cause; got != c.cause {
			t.Errorf("got cause %d, want %d", got, c.cause)
		}
	}
	await(t, bob, phones.Cancelled)

	// It still only rings, unless the call asks it to answer.
	request(s, ari.Originate{
		ID: "auto", Endpoint: "PJSIP/bob", App: "test", Variables: map[string]string{"PJSIP_HEADER(add,Call-Info)": "<sip:x>;answer-after=0"},
	}.Request())
	awaitARI(s, func(ev *ari.StasisStart) bool { return ev.Channel.ID == "auto" })
	if got := await(t, bob, phones.Answered).Call.Header("Call-Info"); got == "" {
		t.Error("the header is not there")
	}
	if err := bob.Calls()[0].HangUp(patience(t)); err != nil {
		t.Fatal(err)
	}
	awaitARI(s, func(ev *ari.StasisEnd) bool { return ev.Channel.ID == "auto" })
	s.pbx.AssertNothingLeft(t)
}
