package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"contactd/acd"
	"contactd/acd/engine"
)

func TestAskedIsPublishedAndOnTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, newDisk(time.Second), &hands{}, nil)
		changed := d.Changed()
		d.ready()
		<-changed
		if v := d.View(); v.Agents["ann"].State != acd.Ready || !v.PBXs["main"] {
			t.Errorf("view %+v", v.Agents["ann"])
		}
		if kinds := d.disk.inputs(t); !slices.Contains(kinds, "AgentReady") {
			t.Errorf("journal %v", kinds)
		}
		entries := len(d.disk.entries)
		d.ask(acd.AgentReady{Agent: "ann"}) // changes nothing
		if len(d.disk.entries) != entries {
			t.Error("an input that changes nothing was journalled")
		}
		var refusal *acd.Refusal
		if err := d.Ask(t.Context(), acd.AgentReady{Agent: "bob"}); !errors.As(err, &refusal) || refusal.Code != acd.RefusedAgent {
			t.Errorf("unknown agent: %v", err)
		}
		if err := d.end(); err != nil {
			t.Error(err)
		}
		if err := d.Ask(t.Context(), acd.AgentReady{Agent: "ann"}); !errors.Is(err, engine.ErrStopped) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// Nothing changes while nothing is on the disk: the view is the old one, and an answer that rests on a commit in flight
// waits for it.
func TestNothingIsToldBeforeTheCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, newDisk(time.Second), &hands{}, nil)
		d.ready()
		d.tell(arrived())
		answered := make(chan time.Time, 1)
		begin := time.Now()
		synctest.Wait()
		go func() {
			d.ask(acd.AgentSignedIn{Agent: "ann"}) // changes nothing, but the agent is offered the call by now
			answered <- time.Now()
		}()
		synctest.Wait()
		if d.View().Contacts[contact] != nil {
			t.Error("a contact is shown that is not on the disk")
		}
		if at := <-answered; at.Sub(begin) != time.Second {
			t.Errorf("answered after %v", at.Sub(begin))
		}
		if d.View().Contacts[contact] == nil {
			t.Error("the contact is not shown after the commit")
		}
		d.end()
	})
}

func TestIrreversibleCommandsWaitForTheCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := newDisk(time.Second)
		h := &hands{durable: func() int { disk.mu.Lock(); defer disk.mu.Unlock(); return len(disk.entries) }}
		d := open(t, disk, h, nil)
		d.ready()
		before := len(disk.entries)
		d.tell(arrived())
		synctest.Wait()
		early := h.take()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		late := h.take()
		for _, note := range early {
			if !strings.HasSuffix(note, fmt.Sprintf("@%d", before)) || strings.HasPrefix(note, "OriginateLeg") {
				t.Errorf("before the commit: %v", early)
			}
		}
		if !slices.Contains(late, fmt.Sprintf("OriginateLeg@%d", before+1)) {
			t.Errorf("before the commit %v, after it %v", early, late)
		}
		d.end()
	})
}

// The caller hangs up while the originate of the agent's leg still waits for the disk: the hang-up must come behind it.
func TestAHangUpNeverOvertakesItsOriginate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hands{}
		d := open(t, newDisk(time.Second), h, nil)
		d.ready()
		h.take()
		d.tell(arrived())
		synctest.Wait()
		d.tell(acd.LegEnded{Leg: "leg-1", Cause: 16})
		time.Sleep(5 * time.Second)
		synctest.Wait()
		noted := h.take()
		originate, hangUp := slices.Index(noted, "OriginateLeg"), slices.Index(noted, "HangUpLeg")
		if originate < 0 || hangUp < originate {
			t.Errorf("executed %v", noted)
		}
		d.end()
	})
}

func TestWhatWaitsSharesACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, newDisk(time.Second), &hands{}, nil)
		d.ready()
		if err := d.Look(t.Context(), func(*acd.State) { // while the owner looks, ten calls arrive
			for i := range 10 {
				d.tell(acd.CallArrived{Contact: acd.ContactID(fmt.Sprintf("%032x", i)), PBX: "main", Leg: acd.LegID(fmt.Sprint("l", i)), Queue: "sales"})
			}
		}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		d.end()
		if d.disk.group < 10 || len(d.View().Contacts) != 10 {
			t.Errorf("largest group %d, contacts %d", d.disk.group, len(d.View().Contacts))
		}
	})
}

func TestDeadlinesAreMet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, newDisk(time.Millisecond), &hands{settle: acd.Done}, nil)
		d.ready()
		d.tell(arrived())
		time.Sleep(time.Second)
		until := d.View().Agents["ann"].Offer.Until
		time.Sleep(time.Until(until) + 10*time.Millisecond)
		synctest.Wait()
		if a := d.View().Agents["ann"]; a.Offer != nil || a.State != acd.NotReady {
			t.Errorf("after the deadline: %+v", a)
		}
		if kinds := d.disk.inputs(t); !slices.Contains(kinds, "DeadlineReached") {
			t.Errorf("journal %v", kinds)
		}
		d.end()
	})
}

func TestOutcomesComeBackAsInputs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, newDisk(time.Millisecond), &hands{settle: acd.Refused}, nil) // the agent's phone is busy, cause 17
		d.ready()
		d.tell(arrived())
		time.Sleep(time.Second)
		synctest.Wait()
		if a := d.View().Agents["ann"]; a.Offer != nil {
			t.Errorf("the offer goes on: %+v", a)
		}
		if err := d.Look(t.Context(), func(s *acd.State) {
			if left := s.Outbox(); len(left) != 0 {
				t.Errorf("outbox %+v", left)
			}
			if err := s.Check(); err != nil {
				t.Error(err)
			}
		}); err != nil {
			t.Error(err)
		}
		d.end()
	})
}

func TestACommandWithoutExecutorIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hands{}
		d := open(t, newDisk(time.Millisecond), h, func(o *engine.Options) { o.Executors = nil })
		d.ready()
		d.tell(arrived())
		time.Sleep(time.Second)
		synctest.Wait()
		if kinds := d.disk.inputs(t); !slices.Contains(kinds, "CommandSettled") {
			t.Errorf("journal %v", kinds)
		}
		d.end()
		if !strings.Contains(d.log.String(), "no executor for command") {
			t.Error("nobody was told")
		}
	})
}

func TestACommitErrorEndsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := newDisk(time.Second)
		h := &hands{}
		d := open(t, disk, h, nil)
		d.ready()
		h.take()
		view := d.View()
		broken := errors.New("input/output error")
		disk.mu.Lock()
		disk.fail = broken
		disk.mu.Unlock()
		d.tell(arrived())
		if err := d.Ask(t.Context(), acd.AgentNotReady{Agent: "ann", Reason: "lunch"}); !errors.Is(err, broken) {
			t.Errorf("who waited got %v", err)
		}
		if err := <-d.ended; !errors.Is(err, broken) {
			t.Errorf("run: %v", err)
		}
		if slices.Contains(h.take(), "OriginateLeg") || d.View() != view {
			t.Error("something was done on the strength of what is not on the disk")
		}
		if err := d.Tell(arrived()); !errors.Is(err, engine.ErrStopped) {
			t.Errorf("tell: %v", err)
		}
	})
}

func TestOverloadIsRefusedAndPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := newDisk(time.Millisecond)
		d := open(t, disk, &hands{}, func(o *engine.Options) { o.InboxInputs = 10 })
		d.ready()
		look := make(chan struct{})
		go d.Look(context.Background(), func(*acd.State) { <-look }) // the owner is busy
		synctest.Wait()
		told, asked := 0, 0
		for range 20 {
			if err := d.Tell(acd.LegRang{Leg: "x"}); err == nil {
				told++
			} else if !errors.Is(err, engine.ErrOverloaded) {
				t.Error(err)
			}
			if told == 6 { // half full: no more requests
				if err := d.Ask(t.Context(), acd.AgentReady{Agent: "ann"}); errors.Is(err, engine.ErrOverloaded) {
					asked++
				}
			}
		}
		close(look)
		synctest.Wait()
		if told != 10 || asked == 0 {
			t.Errorf("told %d, refused %d requests", told, asked)
		}
		d.ask(acd.AgentNotReady{Agent: "ann"})

		hold := make(chan struct{})
		disk.mu.Lock()
		disk.hold = hold
		disk.mu.Unlock()
		d.tell(arrived())
		time.Sleep(3 * time.Second)
		if err := d.Ask(t.Context(), acd.AgentReady{Agent: "ann"}); !errors.Is(err, engine.ErrOverloaded) {
			t.Errorf("while a commit stalls: %v", err)
		}
		if stats := d.Stats(); stats.InFlight != 1 || stats.Oldest != 3*time.Second {
			t.Errorf("stats %+v", stats)
		}
		disk.mu.Lock()
		disk.hold = nil
		disk.mu.Unlock()
		close(hold)
		synctest.Wait()
		time.Sleep(time.Second)
		d.ask(acd.AgentReady{Agent: "ann"})
		if err := d.end(); err != nil {
			t.Error(err)
		}
	})
}

func TestOptionsAreChecked(t *testing.T) {
	if _, err := engine.New(engine.Options{}); err == nil {
		t.Error("no journal, and no error")
	}
	defer func() {
		if recover() == nil {
			t.Error("an action with two executors was taken")
		}
	}()
	executors := (&hands{}).executors()
	executors.Register(&hands{}, acd.AnswerLeg{})
}

func TestASnapshotIsWrittenAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, newDisk(time.Millisecond), &hands{settle: acd.Done}, nil)
		d.ready()
		if err := d.end(); err != nil {
			t.Fatal(err)
		}
		seq, raw, _ := d.disk.SnapshotBefore(math.MaxUint64)
		if seq != uint64(len(d.disk.entries)) {
			t.Errorf("snapshot at %d of %d", seq, len(d.disk.entries))
		}
		if _, err := acd.Restore(raw); err != nil {
			t.Error(err)
		}
	})
}

// When the disk is behind by very much the owner stops stepping, the inbox fills, and nothing is lost.
func TestTheOwnerWaitsForTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := newDisk(time.Millisecond)
		d := open(t, disk, &hands{settle: acd.Done}, func(o *engine.Options) { o.Executors = nil })
		d.ready()
		hold := make(chan struct{})
		disk.mu.Lock()
		disk.hold = hold
		disk.mu.Unlock()
		const calls = 1200
		for i := range calls {
			d.tell(acd.CallArrived{Contact: acd.ContactID(fmt.Sprintf("%032x", i)), PBX: "main", Leg: acd.LegID(fmt.Sprint("l", i)), Queue: "sales"})
			synctest.Wait() // each is a batch of its own
		}
		if stats := d.Stats(); stats.InFlight != 1024 || stats.Inbox == 0 {
			t.Errorf("stats %+v", stats)
		}
		disk.mu.Lock()
		disk.hold = nil
		disk.mu.Unlock()
		close(hold)
		time.Sleep(time.Second)
		synctest.Wait()
		if n := len(d.View().Contacts); n != calls {
			t.Errorf("%d of %d contacts", n, calls)
		}
		if err := d.end(); err != nil {
			t.Error(err)
		}
	})
}
