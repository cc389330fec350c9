package acdtest

import (
	"flag"
	"testing"
	"time"
)

var steps = flag.Int("steps", 20000, "random steps in all, over ten seeds")
var seed = flag.Uint64("seed", 1, "the first seed")

// TestSimulation runs ten seeds; a failing one prints its seed and its last steps.
func TestSimulation(t *testing.T) {
	for n := range uint64(10) {
		s := NewSimulation(*seed + n)
		if err := s.Run(*steps / 10); err != nil {
			t.Fatalf("seed %d: %v", *seed+n, err)
		}
		for _, r := range s.Records {
			if r.Ended.IsZero() || r.Termination == "" || r.Ended.Before(r.Arrived) {
				t.Fatalf("seed %d: the record of %s is not whole: %+v", *seed+n, r.Contact, r)
			}
			for _, l := range r.Legs {
				if l.Ended.IsZero() {
					t.Fatalf("seed %d: leg %s in the record of %s has no end", *seed+n, l.Leg, r.Contact)
				}
			}
		}
		if len(s.Records) < *steps/500 {
			t.Fatalf("seed %d: only %d contacts came to an end", *seed+n, len(s.Records))
		}
	}
}

// TestSettles lets a random history come to rest: when nobody does anything any more and the PBX hangs everything up,
// no leg and no offer is left.
func TestSettles(t *testing.T) {
	s := NewSimulation(99)
	if err := s.Run(2000); err != nil {
		t.Fatal(err)
	}
	clear(s.pbx.legs)
	clear(s.pbx.bridges)
	if err := s.restart(); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		s.now = s.now.Add(10 * time.Second)
		if err := s.step(s.arrive()); err != nil {
			t.Fatal(err)
		}
		clear(s.pbx.legs)
	}
	for id, c := range s.state.View(nil).Contacts {
		if c.State != "waiting" && c.State != "paused" && c.State != "offered" {
			t.Errorf("contact %s is still %s", id, c.State)
		}
	}
}
