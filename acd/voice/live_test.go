package voice_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"contactd/acd"
	"contactd/acd/voice"
	"contactd/ari"
	asteriskconf "contactd/asterisk-conf"
	"contactd/testbed/asterisk"
	"contactd/testbed/phones"
)

// liveBook knows the telephones of the live test.
type liveBook struct{ book }

func (*liveBook) AgentCall(agent acd.AgentID, _ acd.ContactID) (voice.Call, error) {
	return voice.Call{Dial: "PJSIP/" + string(agent), CallerID: "+4930555"}, nil
}

// The director's words, said to a real Asterisk: a caller comes in, an agent's telephone is called, they are joined, and what
// cannot be done is refused with its cause.
func TestLiveWords(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	pbx := asterisk.StartForTest(t, asterisk.Options{Files: func(s asterisk.Settings) (map[string][]byte, error) {
		return asteriskconf.Render(asteriskconf.Input{
			Name: "main",
			HTTP: asteriskconf.HTTP{Address: s.Address + ":" + strconv.Itoa(s.HTTP)}, SIP: asteriskconf.SIP{Address: s.Address + ":" + strconv.Itoa(s.SIP)},
			ARI: asteriskconf.ARI{Username: s.Username, Password: s.Password}, RTP: asteriskconf.RTP{From: s.RTPFirst, To: s.RTPLast},
			Phones: []asteriskconf.Phone{{Endpoint: "ann", Secret: "one"}, {Endpoint: "away", Secret: "two"}},
			Trunks: []asteriskconf.Trunk{{Name: "outside", Host: "127.0.0.1:9"}},
			Queues: []asteriskconf.Queue{{ID: "sales", Numbers: []string{"8001"}, Members: []string{"ann"}}},
		})
	}})
	phone, err := phones.New(phones.Options{PBX: pbx.SIP(), User: "ann", Password: "one", Tone: 440, Behaviour: phones.RingOnly(), AutoAnswer: true})
	if err != nil {
		t.Fatal(err)
	}
	defer phone.Close()
	if err := phone.Register(ctx); err != nil {
		t.Fatal(err)
	}
	caller, err := phones.New(phones.Options{PBX: pbx.SIP(), User: "030555", Tone: 600})
	if err != nil {
		t.Fatal(err)
	}
	defer caller.Close()

	client, err := ari.New(pbx.ARI("contactd"))
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, inputs: make(chan acd.Input, 1000), settled: make(chan acd.CommandSettled, 1000)}
	known := &liveBook{}
	s.voice, err = voice.New(voice.Options{PBX: "main", Client: client, Installation: "x", Directory: known, Tell: func(in acd.Input) { s.inputs <- in }})
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.voice.Run(running) }()
	defer func() {
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	}()
	expect(s, acd.PBXConnected{PBX: "main", Epoch: 1})

	// A telephone that is not there is refused, and no event follows.
	s.execute(1, acd.OriginateLeg{PBX: "main", Leg: "cd-x-1-1", Agent: "away", Timeout: 5 * time.Second})
	if got := s.outcome(); got.Outcome != acd.Refused || got.Cause != 20 {
		t.Errorf("settled %+v", got)
	}

	_, answered, err := caller.Dial(ctx, "8001")
	if err != nil {
		t.Fatal(err)
	}
	arrived := next[acd.CallArrived](s)
	if arrived.Queue != "sales" || arrived.Caller != "hash of 030555" {
		t.Errorf("told %+v", arrived)
	}
	s.execute(2, acd.OriginateLeg{PBX: "main", Leg: "cd-x-1-2", Agent: "ann", Timeout: 20 * time.Second, Originator: arrived.Leg})
	s.execute(3, acd.AnswerLeg{PBX: "main", Leg: arrived.Leg})
	s.execute(4, acd.StartMusic{PBX: "main", Leg: arrived.Leg, Class: "default"})
	s.execute(5, acd.CreateBridge{PBX: "main", Bridge: "cdb-x-1-1"})
	if got := s.outcome(); got.Command != 2 || got.Outcome != acd.Done {
		t.Errorf("settled %+v", got)
	}
	if err := <-answered; err != nil {
		t.Fatal(err)
	}
	expect(s, acd.LegRang{Leg: "cd-x-1-2"})
	ringing, err := phone.Await(ctx, phones.Invited)
	if err != nil {
		t.Fatal(err)
	}
	if ringing.Call.Header("Call-Info") != "" {
		t.Error("the telephone is asked to answer, and should ring")
	}

	// The ringing leg makes way for one that answers by itself.
	s.execute(6, acd.HangUpLeg{PBX: "main", Leg: "cd-x-1-2", Cause: 26})
	if end := next[acd.LegEnded](s); end.Leg != "cd-x-1-2" {
		t.Errorf("told %+v", end)
	}
	<-ringing.Call.Done()
	s.execute(7, acd.OriginateLeg{PBX: "main", Leg: "cd-x-1-3", Agent: "ann", Timeout: 20 * time.Second, AutoAnswer: true, Originator: arrived.Leg})
	if got := s.outcome(); got.Command != 7 || got.Outcome != acd.Done {
		t.Errorf("settled %+v", got)
	}
	lifted, err := phone.Await(ctx, phones.Invited)
	if err != nil {
		t.Fatal(err)
	}
	// A telephone that answers at once may not have rung before.
	in := <-s.inputs
	if in == (acd.LegRang{Leg: "cd-x-1-3"}) {
		in = <-s.inputs
	}
	if in != (acd.LegAnswered{PBX: "main", Leg: "cd-x-1-3"}) {
		t.Fatalf("told %#v", in)
	}
	s.execute(8, acd.StopSound{PBX: "main", Leg: arrived.Leg, Music: true})
	s.execute(9, acd.JoinLegs{PBX: "main", Bridge: "cdb-x-1-1", Legs: []acd.LegID{arrived.Leg, "cd-x-1-3"}})
	for _, err := range []error{lifted.Call.AwaitTone(ctx, 600), caller.Calls()[0].AwaitTone(ctx, 440)} {
		if err != nil {
			t.Error(err)
		}
	}

	// The caller hangs up.
	if err := caller.Calls()[0].HangUp(ctx); err != nil {
		t.Error(err)
	}
	expect(s, acd.LegEnded{Leg: arrived.Leg, Cause: 16})
	s.execute(10, acd.HangUpLeg{PBX: "main", Leg: "cd-x-1-3", Cause: 16})
	s.execute(11, acd.DestroyBridge{PBX: "main", Bridge: "cdb-x-1-1"})
	expect(s, acd.LegEnded{Leg: "cd-x-1-3", Cause: 16})
	pbx.AssertNothingLeft(t)
	select {
	case got := <-s.settled:
		t.Errorf("settled %+v", got)
	case in := <-s.inputs:
		t.Errorf("told %#v", in)
	default:
	}
}
