package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"contactd/acd"
	"contactd/acd/engine"
)

// crashed is what a kill leaves of a disk: the entries and snapshots that it had.
func crashed(d *disk) *disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := newDisk(d.latency)
	left.entries = slices.Clone(d.entries)
	for seq, state := range d.snapshots {
		left.snapshots[seq] = state
	}
	return left
}

// An originate whose outcome was not told before the crash is never made again; the other irreversible commands are
// executed once more.
func TestAfterACrashNoOriginateIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hands{} // settles nothing
		d := open(t, newDisk(time.Millisecond), h, nil)
		d.ready()
		d.tell(arrived())
		time.Sleep(time.Second)
		if noted := h.take(); !slices.Contains(noted, "OriginateLeg") {
			t.Fatalf("executed %v", noted)
		}
		offer := d.View().Agents["ann"].Offer
		left := crashed(d.disk)
		d.end()

		again := open(t, left, h, nil)
		time.Sleep(time.Second)
		h.take()
		v := again.View()
		if v.Contacts[contact] == nil || v.Agents["ann"].Offer == nil || v.Agents["ann"].Offer.ID != offer.ID || v.PBXs["main"] {
			t.Errorf("after the restart: %+v, offer %+v, pbx %v", v.Contacts[contact], v.Agents["ann"].Offer, v.PBXs)
		}
		// The PBX has the caller and not the agent's leg: the attempt counts as made, and a new one is not the old one.
		again.tell(acd.PBXConnected{PBX: "main", Epoch: 2, Legs: []acd.LegSeen{{Leg: "leg-1", Up: true}}})
		time.Sleep(time.Second)
		if err := again.Look(t.Context(), func(s *acd.State) {
			if err := s.Check(); err != nil {
				t.Error(err)
			}
		}); err != nil {
			t.Error(err)
		}
		if v := again.View(); v.Contacts[contact] == nil {
			t.Error("the caller was lost")
		} else if o := v.Agents["ann"].Offer; o != nil && o.ID == offer.ID {
			t.Errorf("the old offer goes on: %+v", o)
		}
		again.end()
	})
}

func TestCommandsWithoutOutcomeAreExecutedOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := make(chan acd.Record, 10)
		lost := func(o *engine.Options) {
			o.Executors = engine.Executors{}
			o.Executors.Register(engine.ExecutorFunc(func(_ context.Context, c acd.Command, settle func(acd.CommandSettled)) {
				if keep, is := c.Do.(acd.KeepRecord); is {
					kept <- keep.Record // and the crash comes before the outcome
					return
				}
				settle(acd.CommandSettled{Outcome: acd.Done})
			}), acd.OriginateLeg{}, acd.AnswerLeg{}, acd.HangUpLeg{}, acd.StartMusic{}, acd.StartRingback{}, acd.StopSound{},
				acd.CreateBridge{}, acd.JoinLegs{}, acd.DestroyBridge{}, acd.OpenRoom{}, acd.SetRole{}, acd.ShowCallState{},
				acd.CloseRoom{}, acd.KeepRecord{})
		}
		d := open(t, newDisk(time.Millisecond), &hands{}, lost)
		d.tell(acd.PBXConnected{PBX: "main", Epoch: 1}, arrived())
		time.Sleep(time.Second)
		d.tell(acd.LegEnded{Leg: "leg-1", Cause: 16})
		first := <-kept
		left := crashed(d.disk)
		d.end()

		again := open(t, left, &hands{}, lost)
		if second := <-kept; fmt.Sprint(second) != fmt.Sprint(first) || first.Termination != acd.CustomerAbandoned {
			t.Errorf("first %+v\nthen %+v", first, second)
		}
		again.end()
	})
}

// Snapshot and journal give the same state as the journal alone, also when the newest snapshot cannot be read.
func TestRecoveryFromSnapshotsAndFromTheJournalAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, newDisk(time.Millisecond), &hands{settle: acd.Done}, func(o *engine.Options) { o.SnapshotEvery = 3 })
		d.ready()
		for i := range 10 {
			d.tell(acd.CallArrived{Contact: acd.ContactID(fmt.Sprintf("%032x", i)), PBX: "main", Leg: acd.LegID(fmt.Sprint("l", i)), Queue: "sales"})
			time.Sleep(time.Second)
		}
		left := crashed(d.disk)
		d.end()
		if len(left.snapshots) < 2 || strings.Contains(d.log.String(), "differs") {
			t.Fatalf("%d snapshots, log %s", len(left.snapshots), d.log)
		}
		// All are opened in the same instant, so that their times agree.
		whole, alone, torn := crashed(left), crashed(left), crashed(left)
		clear(alone.snapshots)
		newest, _, _ := torn.SnapshotBefore(1 << 60)
		torn.snapshots[newest] = []byte("{torn")
		var engines []*desk
		for _, disk := range []*disk{whole, alone, torn} {
			engines = append(engines, open(t, disk, &hands{}, nil))
		}
		time.Sleep(time.Second)
		var hashes [3][32]byte
		for i, e := range engines {
			if err := e.Look(t.Context(), func(s *acd.State) { hashes[i], _ = s.Hash() }); err != nil {
				t.Error(err)
			}
		}
		if hashes[0] == ([32]byte{}) || len(engines[0].View().Contacts) != 10 {
			t.Error("nothing was recovered")
		}
		if hashes[1] != hashes[0] {
			t.Error("the journal alone gives another state")
		}
		if hashes[2] != hashes[0] {
			t.Error("the snapshot before gives another state")
		}
		for _, e := range engines {
			if err := e.end(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestADivergedFollowerIsLoudAndWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, newDisk(time.Millisecond), &hands{settle: acd.Done}, func(o *engine.Options) { o.SnapshotEvery = 5 })
		d.ask(acd.AgentSignedIn{Agent: "ann"})
		// A fault of the core, made up: the owner's state changes without a fact.
		if err := d.Look(t.Context(), func(s *acd.State) { s.Apply(acd.CommandsIssued{Last: 1000}) }); err != nil {
			t.Fatal(err)
		}
		d.tell(acd.PBXConnected{PBX: "main", Epoch: 1})
		d.ask(acd.AgentReady{Agent: "ann"})
		d.ask(acd.AgentNotReady{Agent: "ann", Reason: "lunch"})
		time.Sleep(time.Second)
		synctest.Wait()
		stats, snapshots := d.Stats(), len(crashed(d.disk).snapshots)
		d.end()
		if stats.Divergences != 1 || snapshots != 0 || !strings.Contains(d.log.String(), "differs from the owner's") {
			t.Errorf("divergences %d, snapshots %d, log %s", stats.Divergences, snapshots, d.log)
		}
	})
}

func TestReplayDecidesAgainAndListsDifferences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, newDisk(time.Millisecond), &hands{settle: acd.Done}, nil)
		d.ready()
		d.tell(arrived())
		time.Sleep(time.Minute)
		d.tell(acd.LegEnded{Leg: "leg-1", Cause: 16})
		time.Sleep(time.Minute)
		d.end()

		replay := func(from uint64) (decided int, differences []engine.Difference) {
			decided, err := engine.Replay(t.Context(), d.disk, d.disk, from, func(one engine.Difference) { differences = append(differences, one) })
			if err != nil {
				t.Fatal(err)
			}
			return decided, differences
		}
		all := len(d.disk.entries)
		if decided, differences := replay(1); decided != all || len(differences) != 0 {
			t.Errorf("%d of %d decided, differences %+v", decided, all, differences)
		}
		if decided, differences := replay(3); decided != all-2 || len(differences) != 0 {
			t.Errorf("from 3: %d of %d decided, differences %+v", decided, all, differences)
		}

		// An entry of other rules: the agent's reason was another. What follows is judged by the journal's facts.
		for i, raw := range d.disk.entries {
			entry, err := acd.DecodeEntry(raw)
			if err != nil {
				t.Fatal(err)
			}
			for j, fact := range entry.Facts {
				if moved, is := fact.(acd.AgentMoved); is && moved.State == acd.Ready {
					moved.Reason = "of other rules"
					entry.Facts[j] = moved
					if d.disk.entries[i], err = acd.AppendEntry(nil, entry.At, entry.Input, entry.Facts); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		_, differences := replay(1)
		if len(differences) != 1 || fmt.Sprintf("%T", differences[0].Input) != "acd.AgentReady" || len(differences[0].Was) == 0 || len(differences[0].Now) == 0 {
			t.Errorf("differences %+v", differences)
		}
	})
}

// The machine's clock was set back while contactd was down: time goes on from where the journal is, and deadlines are met.
func TestAClockSetBackStopsNoDeadline(t *testing.T) {
	var left *disk
	var until time.Time
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(24 * time.Hour)
		d := open(t, newDisk(time.Millisecond), &hands{settle: acd.Done}, nil)
		d.ready()
		d.tell(arrived())
		time.Sleep(time.Second)
		until = d.View().Agents["ann"].Offer.Until
		left = crashed(d.disk)
		d.end()
	})
	synctest.Test(t, func(t *testing.T) { // a day earlier
		if !time.Now().Before(until.Add(-20 * time.Hour)) {
			t.Fatal("the clock was not set back")
		}
		d := open(t, left, &hands{settle: acd.Done}, nil)
		time.Sleep(time.Second)
		if d.View().Agents["ann"].Offer == nil {
			t.Fatal("the offer was lost")
		}
		time.Sleep(30 * time.Second)
		if a := d.View().Agents["ann"]; a.Offer != nil {
			t.Errorf("the offer did not end: %+v", a.Offer)
		}
		if v := d.View(); v.At.Before(until) || v.At.After(until.Add(time.Minute)) {
			t.Errorf("the time is %v, the deadline was %v", v.At, until)
		}
		if err := d.end(); err != nil {
			t.Error(err)
		}
	})
}
