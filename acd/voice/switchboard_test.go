package voice_test

import (
	"testing"

	"contactd/acd"
	"contactd/acd/voice"
)

func TestTheSwitchboardGivesEachCommandToItsPBX(t *testing.T) {
	one, two := newStage(t, nil), newStage(t, nil)
	next[acd.PBXConnected](one)
	next[acd.PBXConnected](two)
	board := voice.Switchboard{"main": one.voice, "far": two.voice}
	settled := make(chan acd.CommandSettled, 100) // never full: settle must not block
	settle := func(in acd.CommandSettled) { settled <- in }
	for i, do := range []acd.Action{
		acd.OriginateLeg{PBX: "far", Leg: "cd-x-1-1", Agent: "ann"}, acd.AnswerLeg{PBX: "far", Leg: "1.1"}, acd.HangUpLeg{PBX: "far", Leg: "1.1"},
		acd.StartMusic{PBX: "far", Leg: "1.1"}, acd.StartRingback{PBX: "far", Leg: "1.1"}, acd.StopSound{PBX: "far", Leg: "1.1"},
		acd.CreateBridge{PBX: "far", Bridge: "b"}, acd.JoinLegs{PBX: "far", Bridge: "b"}, acd.DestroyBridge{PBX: "far", Bridge: "last"},
	} {
		board.Execute(t.Context(), acd.Command{ID: acd.CommandID(i), Do: do}, settle)
	}
	two.pbx.Await("DELETE bridges/last")
	if len(settled) > 0 {
		t.Errorf("settled %+v", <-settled)
	}
	for _, r := range one.pbx.Requests() {
		if r.App != "" {
			t.Errorf("the wrong Asterisk was asked: %s", r)
		}
	}
	board.Execute(t.Context(), acd.Command{ID: 7, Irreversible: true, Do: acd.OriginateLeg{PBX: "none"}}, settle)
	if got := <-settled; got.Command != 7 || got.Outcome != acd.Refused || got.Detail == "" {
		t.Errorf("settled %+v", got)
	}
}
