package voice_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"contactd/acd"
	"contactd/acd/voice"
	"contactd/ari"
	"contactd/ari/aritest"
)

// patience bounds a test that fails.
const patience = 30 * time.Second

// book is a directory with one agent and one customer.
type book struct {
	mu      sync.Mutex
	arrived []string
}

func (*book) AgentCall(agent acd.AgentID, _ acd.ContactID) (voice.Call, error) {
	switch agent {
	case "ann":
		return voice.Call{Dial: "PJSIP/ann", CallerID: "+4930555"}, nil
	case "local":
		return voice.Call{Dial: "Local/ann@phones"}, nil
	}
	return voice.Call{}, errors.New("secret number +49 unknown")
}

func (*book) CustomerCall(_ acd.ContactID, trunk string) (voice.Call, error) {
	if trunk != "home" {
		return voice.Call{}, &voice.Refusal{Cause: 38, Reason: "the trunk is full"}
	}
	return voice.Call{Dial: "PJSIP/4930123456@home", CallerID: "+4930111"}, nil
}

func (b *book) CallerArrived(contact acd.ContactID, number string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.arrived = append(b.arrived, number)
	if number == "" {
		return ""
	}
	return "hash of " + number
}

// stage is a voice before a scripted Asterisk.
type stage struct {
	t       *testing.T
	pbx     *aritest.Server
	voice   *voice.Voice
	book    *book
	inputs  chan acd.Input
	settled chan acd.CommandSettled
}

func newStage(t *testing.T, prepare func(*aritest.Server)) *stage {
	t.Helper()
	s := &stage{t: t, pbx: aritest.New(t), book: &book{}, inputs: make(chan acd.Input, 1000), settled: make(chan acd.CommandSettled, 1000)}
	if prepare != nil {
		prepare(s.pbx)
	}
	config := s.pbx.Config("contactd")
	config.BackoffMax = 100 * time.Millisecond
	client, err := ari.New(config)
	if err != nil {
		t.Fatal(err)
	}
	s.voice, err = voice.New(voice.Options{
		PBX: "main", Client: client, Installation: "x", Directory: s.book, Tell: func(in acd.Input) { s.inputs <- in },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.voice.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
	return s
}

// next waits for the next input of a type; one of another type fails the test.
func next[T acd.Input](s *stage) T {
	s.t.Helper()
	select {
	case in := <-s.inputs:
		got, ok := in.(T)
		if !ok {
			s.t.Fatalf("told %#v, want a %T", in, got)
		}
		return got
	case <-time.After(patience):
		var want T
		s.t.Fatalf("nothing was told within %v, want a %T", patience, want)
		return want
	}
}

func expect[T acd.Input](s *stage, want T) {
	s.t.Helper()
	if diff := cmp.Diff(want, next[T](s), cmpopts.EquateEmpty()); diff != "" {
		s.t.Fatalf("told (-want +got):\n%s", diff)
	}
}

// nothingElse ends a story: what is told next is what an event at the end causes.
func (s *stage) nothingElse() {
	s.t.Helper()
	s.pbx.Emit(&ari.StasisStart{Meta: app, Args: []string{"inbound", "end"}, Channel: ari.Channel{ID: "end"}})
	if in := next[acd.CallArrived](s); in.Leg != "end" {
		s.t.Fatalf("told %+v", in)
	}
}

func (s *stage) outcome() acd.CommandSettled {
	s.t.Helper()
	select {
	case got := <-s.settled:
		return got
	case <-time.After(patience):
		s.t.Fatalf("nothing was settled within %v", patience)
		return acd.CommandSettled{}
	}
}

func (s *stage) execute(id acd.CommandID, do acd.Action) {
	_, irreversible := do.(acd.OriginateLeg)
	s.voice.Execute(s.t.Context(), acd.Command{ID: id, Contact: "c1", Irreversible: irreversible, Do: do},
		func(in acd.CommandSettled) { s.settled <- in })
}

var app = ari.Meta{Application: "contactd"}

func TestACallerIsToldOnce(t *testing.T) {
	s := newStage(t, nil)
	expect(s, acd.PBXConnected{PBX: "main", Epoch: 1})
	caller := ari.Channel{ID: "1.1", State: ari.ChannelRing, Caller: ari.CallerID{Number: "030555"}}
	start := &ari.StasisStart{Meta: app, Args: []string{"inbound", "sales"}, Channel: caller}
	s.pbx.Emit(start)
	s.pbx.Emit(start)
	arrived := next[acd.CallArrived](s)
	if len(arrived.Contact) != 32 || strings.Trim(string(arrived.Contact), "0123456789abcdef") != "" {
		t.Errorf("contact %q is no 128 bits", arrived.Contact)
	}
	want := acd.CallArrived{Contact: arrived.Contact, PBX: "main", Leg: "1.1", Queue: "sales", Caller: "hash of 030555"}
	if diff := cmp.Diff(want, arrived); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	s.pbx.Emit(&ari.ChannelHangupRequest{Meta: app, Cause: 16, Channel: caller})
	s.pbx.Emit(&ari.StasisEnd{Meta: app, Channel: caller})
	s.pbx.Emit(&ari.ChannelDestroyed{Meta: app, Cause: 16, Channel: caller})
	expect(s, acd.LegEnded{Leg: "1.1", Cause: 16})

	s.pbx.Emit(&ari.StasisStart{Meta: app, Args: []string{"inbound"}, Channel: ari.Channel{ID: "1.2"}})
	if withheld := next[acd.CallArrived](s); withheld.Caller != "" || withheld.Queue != "" || withheld.Contact == arrived.Contact {
		t.Errorf("told %+v", withheld)
	}
	s.nothingElse()
}

func TestTheLifeOfAnOriginatedLeg(t *testing.T) {
	const id = "cd-x-1-7"
	leg := ari.Channel{ID: id}
	ringing := ari.Channel{ID: id, State: ari.ChannelRinging}
	for _, test := range []struct {
		name   string
		events []ari.Event
		want   []acd.Input
	}{
		{
			"rings, answers, hangs up",
			[]ari.Event{
				&ari.ChannelCreated{Meta: app, Channel: leg}, &ari.Dial{Meta: app, Peer: leg},
				&ari.ChannelStateChange{Meta: app, Channel: ringing}, &ari.Dial{Meta: app, Peer: ringing, DialStatus: "RINGING"},
				&ari.Dial{Meta: app, Peer: ringing, DialStatus: "ANSWER"},
				&ari.StasisStart{Meta: app, Args: []string{"leg"}, Channel: leg},
				&ari.ChannelHangupRequest{Meta: app, Cause: 16, Channel: leg}, &ari.StasisEnd{Meta: app, Channel: leg},
				&ari.ChannelDestroyed{Meta: app, Cause: 16, Channel: leg},
			},
			[]acd.Input{acd.LegRang{Leg: id}, acd.LegAnswered{PBX: "main", Leg: id}, acd.LegEnded{Leg: id, Cause: 16}},
		},
		{
			"is busy",
			[]ari.Event{&ari.ChannelDestroyed{Meta: app, Cause: 17, Channel: leg}},
			[]acd.Input{acd.LegEnded{Leg: id, Cause: 17}},
		},
		{
			"is cancelled while it rings",
			[]ari.Event{&ari.ChannelStateChange{Meta: app, Channel: ringing}, &ari.ChannelDestroyed{Meta: app, Cause: 26, Channel: leg}},
			[]acd.Input{acd.LegRang{Leg: id}, acd.LegEnded{Leg: id, Cause: 26}},
		},
		{
			"hangs up in a bridge",
			[]ari.Event{
				&ari.StasisStart{Meta: app, Channel: leg}, &ari.ChannelHangupRequest{Meta: app, Channel: leg},
				&ari.StasisEnd{Meta: app, Channel: leg},
			},
			[]acd.Input{acd.LegAnswered{PBX: "main", Leg: id}, acd.LegEnded{Leg: id, Cause: 16}},
		},
		{
			"ends without a word",
			[]ari.Event{
				&ari.StasisStart{Meta: app, Channel: leg}, &ari.ChannelHangupRequest{Meta: app, Soft: true, Cause: 32, Channel: leg},
				&ari.StasisEnd{Meta: app, Channel: leg},
			},
			[]acd.Input{acd.LegAnswered{PBX: "main", Leg: id}, acd.LegEnded{Leg: id}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, nil)
			next[acd.PBXConnected](s)
			s.execute(1, acd.OriginateLeg{PBX: "main", Leg: id, Agent: "ann", Timeout: 20 * time.Second})
			if got := s.outcome(); got.Outcome != acd.Done {
				t.Fatalf("settled %+v", got)
			}
			for _, ev := range test.events {
				s.pbx.Emit(ev)
			}
			for _, want := range test.want {
				select {
				case got := <-s.inputs:
					if diff := cmp.Diff(want, got); diff != "" {
						t.Fatalf("told (-want +got):\n%s", diff)
					}
				case <-time.After(patience):
					t.Fatalf("nothing was told, want %#v", want)
				}
			}
			s.nothingElse()
		})
	}
}

func TestWhatIsDialled(t *testing.T) {
	s := newStage(t, nil)
	next[acd.PBXConnected](s)
	const transfer = `{"variables":{"PJSIP_TRANSFER_HANDLING()":"ari-only"}}`
	const answering = `{"variables":{"PJSIP_HEADER(add,Alert-Info)":"\u003chttp://contactd\u003e;info=alert-autoanswer;delay=0",` +
		`"PJSIP_HEADER(add,Call-Info)":"\u003csip:contactd\u003e;answer-after=0","PJSIP_TRANSFER_HANDLING()":"ari-only"}}`
	for _, test := range []struct {
		do    acd.OriginateLeg
		query string
		body  string
	}{
		{
			acd.OriginateLeg{Leg: "cd-x-1-1", Agent: "ann", Timeout: 20 * time.Second, Originator: "1.1"},
			"app=contactd&appArgs=leg&callerId=%2B4930555&endpoint=PJSIP%2Fann&originator=1.1&timeout=20", transfer,
		},
		{
			acd.OriginateLeg{Leg: "cd-x-1-2", Agent: "ann", Timeout: 1500 * time.Millisecond, AutoAnswer: true},
			"app=contactd&appArgs=leg&callerId=%2B4930555&endpoint=PJSIP%2Fann&timeout=2", answering,
		},
		{
			acd.OriginateLeg{Leg: "cd-x-1-3", Trunk: "home", Timeout: 30 * time.Second, AutoAnswer: true},
			"app=contactd&appArgs=leg&callerId=%2B4930111&endpoint=PJSIP%2F4930123456%40home&timeout=30", "",
		},
		{
			acd.OriginateLeg{Leg: "cd-x-1-4", Agent: "local", AutoAnswer: true},
			"app=contactd&appArgs=leg&endpoint=Local%2Fann%40phones", "",
		},
	} {
		test.do.PBX = "main"
		s.execute(1, test.do)
		r := s.pbx.Await("POST channels/" + string(test.do.Leg))
		if r.Query.Encode() != test.query || string(r.Body) != test.body || r.App != "contactd" {
			t.Errorf("%s over %q with %s\nwant %s with %s", r, r.App, r.Body, test.query, test.body)
		}
		if got := s.outcome(); got != (acd.CommandSettled{Command: 1, Outcome: acd.Done}) {
			t.Errorf("settled %+v", got)
		}
	}
}

func TestWhatBecomesOfAnOriginate(t *testing.T) {
	refuse := func(status int) func(aritest.Request) aritest.Response {
		return func(aritest.Request) aritest.Response { return aritest.Refuse(status, "Allocation failed") }
	}
	for _, test := range []struct {
		name   string
		answer func(aritest.Request) aritest.Response
		do     acd.OriginateLeg
		want   acd.CommandSettled
	}{
		{"the phone is not there", refuse(500), acd.OriginateLeg{Agent: "ann"}, acd.CommandSettled{Outcome: acd.Refused, Cause: 20, Detail: "ari: POST channels/cd-x-1-1: 500 Internal Server Error: Allocation failed"}},
		{"the dial string is wrong", refuse(400), acd.OriginateLeg{Agent: "ann"}, acd.CommandSettled{Outcome: acd.Refused, Cause: 28, Detail: "ari: POST channels/cd-x-1-1: 400 Bad Request: Allocation failed"}},
		{"asterisk has not booted", refuse(503), acd.OriginateLeg{Agent: "ann"}, acd.CommandSettled{Outcome: acd.Refused, Cause: 41, Detail: "ari: POST channels/cd-x-1-1: 503 Service Unavailable: Allocation failed"}},
		{"the leg is there already", refuse(409), acd.OriginateLeg{Agent: "ann"}, acd.CommandSettled{Outcome: acd.Unknown, Detail: "ari: POST channels/cd-x-1-1: 409 Conflict: Allocation failed"}},
		{"nobody knows the agent", nil, acd.OriginateLeg{Agent: "nobody"}, acd.CommandSettled{Outcome: acd.Refused, Cause: 41, Detail: "the directory does not know how to call"}},
		{"the trunk is full", nil, acd.OriginateLeg{Trunk: "other"}, acd.CommandSettled{Outcome: acd.Refused, Cause: 38, Detail: "the trunk is full"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, nil)
			next[acd.PBXConnected](s)
			if test.answer != nil {
				s.pbx.On("POST channels/*", test.answer)
			}
			test.do.PBX, test.do.Leg, test.want.Command = "main", "cd-x-1-1", 9
			s.execute(9, test.do)
			if diff := cmp.Diff(test.want, s.outcome()); diff != "" {
				t.Errorf("settled (-want +got):\n%s", diff)
			}
			if test.want.Outcome == acd.Refused {
				// A leg that was never made does not end either.
				s.pbx.Emit(&ari.ChannelDestroyed{Meta: app, Cause: 16, Channel: ari.Channel{ID: "cd-x-1-1"}})
				s.nothingElse()
			}
		})
	}
}

// The caller hung up just when the agent's phone was to be called on his behalf: that is not the phone's fault.
func TestAnOriginatorThatIsGone(t *testing.T) {
	s := newStage(t, nil)
	next[acd.PBXConnected](s)
	s.pbx.On("POST channels/*", func(r aritest.Request) aritest.Response {
		if r.Query.Get("originator") != "" {
			return aritest.Refuse(http.StatusBadRequest, "Provided originator channel was not found")
		}
		return aritest.OK(ari.Channel{ID: r.Part(1)})
	})
	s.execute(1, acd.OriginateLeg{PBX: "main", Leg: "cd-x-1-1", Agent: "ann", Originator: "1.1"})
	if got := s.outcome(); got.Outcome != acd.Done {
		t.Errorf("settled %+v", got)
	}
	s.pbx.Await("POST channels/cd-x-1-1")
	if again := s.pbx.Await("POST channels/cd-x-1-1"); again.Query.Has("originator") {
		t.Errorf("%s", again)
	}
}

// The same caller's end has already made the director hang the phone up: it does not ring for nobody afterwards.
func TestAnOriginatorThatIsGoneAndALegThatWasHungUp(t *testing.T) {
	s := newStage(t, nil)
	next[acd.PBXConnected](s)
	arrived, hungUp := make(chan struct{}, 2), make(chan struct{})
	s.pbx.On("POST channels/*", func(aritest.Request) aritest.Response {
		arrived <- struct{}{}
		<-hungUp
		return aritest.Refuse(http.StatusBadRequest, "Provided originator channel was not found")
	})
	s.pbx.On("DELETE channels/*", func(aritest.Request) aritest.Response { return aritest.Refuse(http.StatusNotFound, "not found") })
	s.execute(1, acd.OriginateLeg{PBX: "main", Leg: "cd-x-1-1", Agent: "ann", Originator: "1.1"})
	<-arrived
	s.execute(2, acd.HangUpLeg{PBX: "main", Leg: "cd-x-1-1", Cause: 16})
	close(hungUp)
	if got := s.outcome(); got.Command != 1 || got.Outcome != acd.Refused {
		t.Errorf("settled %+v", got)
	}
	next[acd.LegEnded](s)
	s.nothingElse()
	for _, r := range s.pbx.Requests() {
		if strings.HasPrefix(r.String(), "POST channels/cd-x-1-1") && !r.Query.Has("originator") {
			t.Errorf("dialled once more: %s", r)
		}
	}
}

// The connection breaks while an originate is under way, and nobody knows whether it was carried out.
func TestAnOriginateWithoutAnAnswerIsUnknown(t *testing.T) {
	s := newStage(t, nil)
	next[acd.PBXConnected](s)
	s.pbx.On("POST channels/*", func(aritest.Request) aritest.Response { return aritest.Response{Never: true} })
	s.execute(1, acd.OriginateLeg{PBX: "main", Leg: "cd-x-1-1", Agent: "ann"})
	s.pbx.Await("POST channels/cd-x-1-1")
	s.pbx.SetChannels(ari.Channel{ID: "cd-x-1-1", State: ari.ChannelUp})
	s.pbx.Drop()
	if got := s.outcome(); got.Command != 1 || got.Outcome != acd.Unknown {
		t.Errorf("settled %+v", got)
	}
	expect(s, acd.PBXDisconnected{PBX: "main", Epoch: 1})
	expect(s, acd.PBXConnected{PBX: "main", Epoch: 2, Legs: []acd.LegSeen{{Leg: "cd-x-1-1", Up: true}}})
	s.pbx.Emit(&ari.ChannelDestroyed{Meta: app, Cause: 16, Channel: ari.Channel{ID: "cd-x-1-1"}})
	expect(s, acd.LegEnded{Leg: "cd-x-1-1", Cause: 16})
	s.nothingElse()
}

func TestCommandsOfAContactKeepTheirOrder(t *testing.T) {
	s := newStage(t, nil)
	next[acd.PBXConnected](s)
	const legs = 200
	for i := range legs {
		leg := acd.LegID(fmt.Sprintf("1.%d", i))
		s.execute(0, acd.AnswerLeg{PBX: "main", Leg: leg})
		s.execute(0, acd.StartMusic{PBX: "main", Leg: leg, Class: "calm"})
		s.execute(0, acd.CreateBridge{PBX: "main", Bridge: "cdb-x-1-1"})
		s.execute(0, acd.StopSound{PBX: "main", Leg: leg, Music: true})
		s.execute(0, acd.JoinLegs{PBX: "main", Bridge: "cdb-x-1-1", Legs: []acd.LegID{leg, "cd-x-1-1"}})
		s.execute(0, acd.HangUpLeg{PBX: "main", Leg: leg, Cause: 17})
		s.execute(0, acd.DestroyBridge{PBX: "main", Bridge: "cdb-x-1-1"})
	}
	s.execute(0, acd.StartRingback{PBX: "main", Leg: "last"})
	s.execute(0, acd.StopSound{PBX: "main", Leg: "last"})
	s.pbx.Await("DELETE playbacks/ringback-last")
	var got []string
	for _, r := range s.pbx.Requests() {
		if r.App != "" {
			got = append(got, r.String())
		}
	}
	var want []string
	for i := range legs {
		leg := fmt.Sprintf("1.%d", i)
		want = append(want, "POST channels/"+leg+"/answer", "POST channels/"+leg+"/moh?mohClass=calm",
			"POST bridges/cdb-x-1-1?name=contactd&type=mixing%2Cdtmf_events", "DELETE channels/"+leg+"/moh",
			"POST bridges/cdb-x-1-1/addChannel?channel="+leg+"%2Ccd-x-1-1", "DELETE channels/"+leg+"?reason_code=17",
			"DELETE bridges/cdb-x-1-1")
	}
	want = append(want, "POST channels/last/play/ringback-last?media=tone%3Aring", "DELETE playbacks/ringback-last")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

func TestOfRepeatableCommandsOnlyFailureIsTold(t *testing.T) {
	s := newStage(t, nil)
	next[acd.PBXConnected](s)
	gone := func(aritest.Request) aritest.Response { return aritest.Refuse(404, "not found") }
	s.pbx.On("DELETE channels/*", gone)
	s.pbx.On("DELETE channels/*/moh", gone)
	s.pbx.On("DELETE bridges/*", gone)
	s.pbx.On("POST channels/*/answer", gone)
	s.execute(1, acd.HangUpLeg{PBX: "main", Leg: "1.1"})
	s.execute(2, acd.StopSound{PBX: "main", Leg: "1.1", Music: true})
	s.execute(3, acd.DestroyBridge{PBX: "main", Bridge: "cdb-x-1-1"})
	s.execute(4, acd.StartMusic{PBX: "main", Leg: "1.1", Class: "default"})
	s.execute(5, acd.AnswerLeg{PBX: "main", Leg: "1.1"})
	if got := s.outcome(); got.Command != 5 || got.Outcome != acd.Refused {
		t.Errorf("settled %+v", got)
	}
	// Asterisk will never tell the end of a leg that it does not have.
	expect(s, acd.LegEnded{Leg: "1.1"})
}

func TestAStrangerGoesOnInTheDialplan(t *testing.T) {
	s := newStage(t, nil)
	next[acd.PBXConnected](s)
	s.pbx.Emit(&ari.StasisStart{Meta: app, Channel: ari.Channel{ID: "1.1"}})
	s.pbx.Await("POST channels/1.1/continue")
	s.nothingElse()
}

func TestATransferByAPhoneIsDeclined(t *testing.T) {
	s := newStage(t, nil)
	next[acd.PBXConnected](s)
	s.pbx.Emit(&ari.ChannelTransfer{Meta: app, ReferredBy: ari.ReferredBy{SourceChannel: ari.Channel{ID: "cd-x-1-1"}}})
	if r := s.pbx.Await("POST channels/cd-x-1-1/transfer_progress"); r.Query.Get("states") != "channel_declined" {
		t.Errorf("%s", r)
	}
}
