package voice_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"contactd/acd"
	"contactd/ari"
	"contactd/ari/aritest"
)

func TestAnEpochBeginsWithAListing(t *testing.T) {
	created := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	s := newStage(t, func(pbx *aritest.Server) {
		pbx.SetChannels(
			ari.Channel{ID: "cd-x-1-1", State: ari.ChannelUp},
			ari.Channel{ID: "cd-x-1-2", State: ari.ChannelDown},
			ari.Channel{ID: "cd-y-1-3", State: ari.ChannelUp}, // another installation's
			ari.Channel{ID: "1.1", State: ari.ChannelUp, Caller: ari.CallerID{Number: "030"}, CreationTime: ari.Time{Time: created},
				Dialplan: ari.DialplanCEP{AppName: "Stasis", AppData: "contactd,inbound,sales"}},
			ari.Channel{ID: "1.2", State: ari.ChannelUp, Dialplan: ari.DialplanCEP{AppName: "Stasis", AppData: "other,inbound,sales"}},
			ari.Channel{ID: "1.3", State: ari.ChannelUp, Dialplan: ari.DialplanCEP{AppName: "Queue", AppData: "sales"}},
		)
		pbx.SetBridges(
			ari.Bridge{ID: "cdb-x-1-1", Channels: []string{"cd-x-1-1", "1.1"}},
			ari.Bridge{ID: "cdb-y-1-1"}, ari.Bridge{ID: "conference"},
		)
	})
	got := next[acd.PBXConnected](s)
	if len(got.Legs) != 3 || got.Legs[2].Arrival == nil {
		t.Fatalf("told %+v", got)
	}
	contact := got.Legs[2].Arrival.Contact
	want := acd.PBXConnected{
		PBX: "main", Epoch: 1,
		Legs: []acd.LegSeen{
			{Leg: "cd-x-1-1", Up: true}, {Leg: "cd-x-1-2"},
			{Leg: "1.1", Up: true, Arrival: &acd.CallArrived{Contact: contact, PBX: "main", Leg: "1.1", Queue: "sales", Caller: "hash of 030", Since: created}},
		},
		Bridges: []acd.BridgeSeen{{Bridge: "cdb-x-1-1", Legs: []acd.LegID{"cd-x-1-1", "1.1"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	// What the listing told is not told again, and what it knew is heard of.
	s.pbx.Emit(&ari.StasisStart{Meta: app, Args: []string{"inbound", "sales"}, Channel: ari.Channel{ID: "1.1"}})
	s.pbx.Emit(&ari.StasisStart{Meta: app, Args: []string{"leg"}, Channel: ari.Channel{ID: "cd-x-1-1"}})
	s.pbx.Emit(&ari.StasisStart{Meta: app, Args: []string{"leg"}, Channel: ari.Channel{ID: "cd-x-1-2"}})
	expect(s, acd.LegAnswered{PBX: "main", Leg: "cd-x-1-2"})
	s.pbx.Emit(&ari.StasisEnd{Meta: app, Channel: ari.Channel{ID: "1.1"}})
	expect(s, acd.LegEnded{Leg: "1.1"})

	// One leg is lost while nobody listens; in the next epoch it is not there, and its late end is not told.
	s.pbx.SetChannels(ari.Channel{ID: "cd-x-1-1", State: ari.ChannelUp})
	s.pbx.SetBridges()
	s.pbx.Drop()
	expect(s, acd.PBXDisconnected{PBX: "main", Epoch: 1})
	expect(s, acd.PBXConnected{PBX: "main", Epoch: 2, Legs: []acd.LegSeen{{Leg: "cd-x-1-1", Up: true}}})
	s.pbx.Emit(&ari.ChannelDestroyed{Meta: app, Cause: 16, Channel: ari.Channel{ID: "cd-x-1-2"}})
	s.nothingElse()
}

// A listing that fails is asked for again, and no event goes before it.
func TestAListingThatFails(t *testing.T) {
	failures := 2
	var mu sync.Mutex
	s := newStage(t, func(pbx *aritest.Server) {
		pbx.On("GET bridges", func(aritest.Request) aritest.Response {
			mu.Lock()
			defer mu.Unlock()
			if failures--; failures >= 0 {
				pbx.Emit(&ari.StasisStart{Meta: app, Args: []string{"inbound", "sales"}, Channel: ari.Channel{ID: fmt.Sprint("1.", failures)}})
				return aritest.Refuse(500, "not now")
			}
			return aritest.OK([]ari.Bridge{})
		})
	})
	expect(s, acd.PBXConnected{PBX: "main", Epoch: 1})
	for _, leg := range []acd.LegID{"1.1", "1.0"} {
		if got := next[acd.CallArrived](s); got.Leg != leg {
			t.Errorf("told %+v, want %s", got, leg)
		}
	}
}
