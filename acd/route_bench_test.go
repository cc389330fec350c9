package acd

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// The bench's call centre: 10,000 agents of 200 profiles over 64 skills with levels, 30 % of them free, 64 queues.
const (
	benchAgents   = 10000
	benchSkills   = 64
	benchProfiles = 200
	benchFree     = 30 // per cent
)

func benchConfig() Config {
	rng := rand.New(rand.NewPCG(1, 2))
	var c Config
	c.Digest = "bench"
	var all []QueueID
	for q := range benchSkills {
		id := QueueID(fmt.Sprint("q", q))
		all = append(all, id)
		c.Queues = append(c.Queues, Queue{ID: id, PBX: "main", RingTimeout: 20 * time.Second, Needs: []Need{
			{Skill: SkillID(fmt.Sprint("s", q)), Level: 1 + rng.IntN(5)}, {Skill: SkillID(fmt.Sprint("s", (q+7)%benchSkills)), Level: 1 + rng.IntN(3)},
		}})
	}
	profiles := make([][]Need, benchProfiles)
	for p := range profiles {
		for s := range benchSkills {
			if rng.IntN(3) > 0 {
				profiles[p] = append(profiles[p], Need{Skill: SkillID(fmt.Sprint("s", s)), Level: 1 + rng.IntN(10)})
			}
		}
	}
	for a := range benchAgents {
		c.Agents = append(c.Agents, Agent{ID: AgentID(fmt.Sprint("a", a)), PBX: "main", Queues: all, Skills: profiles[rng.IntN(benchProfiles)]})
	}
	return c
}

func benchState(tb testing.TB) *State {
	s := New()
	at := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	rng := rand.New(rand.NewPCG(3, 4))
	s.Step(at, Started{Installation: "b", Boot: 1})
	s.Step(at, ConfigurationApplied{Config: benchConfig()})
	s.Step(at, PBXConnected{PBX: "main", Epoch: 1})
	for a := range benchAgents {
		id := AgentID(fmt.Sprint("a", a))
		s.Step(at, AgentSignedIn{Agent: id})
		if rng.IntN(100) < benchFree {
			at = at.Add(time.Second)
			s.Step(at, AgentReady{Agent: id})
		}
	}
	if err := s.Check(); err != nil {
		tb.Fatal(err)
	}
	return s
}

// BenchmarkRoute is one decision with its index updates: the winner leaves the idle, and comes back as the last of them.
func BenchmarkRoute(b *testing.B) {
	s := benchState(b)
	contacts := make([]*contact, benchSkills)
	for q := range contacts {
		contacts[q] = &contact{ID: "c", Queue: QueueID(fmt.Sprint("q", q)), PBX: "main", State: Waiting}
	}
	at := s.d.At
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		a, _, _ := s.choose(contacts[i%benchSkills])
		s.unidle(a)
		a.State = AgentOffered
		s.count(a, +1)
		at = at.Add(time.Second)
		s.count(a, -1)
		a.State, a.Idle = Ready, at
		s.count(a, +1)
		s.idle(a)
	}
}

// naive is how one writes it first: a slice of structs with a skill map each, looked through for every contact.
type naive struct {
	ready  bool
	skills map[SkillID]int
	idle   time.Time
}

// BenchmarkRouteNaive is the floor that BenchmarkRoute is compared with.
func BenchmarkRouteNaive(b *testing.B) {
	s := benchState(b)
	var agents []naive
	for _, a := range s.agentsInOrder() {
		n := naive{ready: a.State == Ready, skills: map[SkillID]int{}, idle: a.Idle}
		for _, has := range a.conf.Skills {
			n.skills[has.Skill] = has.Level
		}
		agents = append(agents, n)
	}
	at := s.d.At
	b.ResetTimer()
	for i := range b.N {
		q := &s.d.Config.Queues[i%benchSkills]
		best := -1
		for j := range agents {
			a := &agents[j]
			if !a.ready {
				continue
			}
			met := true
			for _, need := range q.Needs {
				met = met && a.skills[need.Skill] >= need.Level
			}
			if met && (best < 0 || a.idle.Before(agents[best].idle)) {
				best = j
			}
		}
		at = at.Add(time.Second)
		agents[best].idle = at
	}
}

// BenchmarkRouteMask is the flat scan that a careful programmer writes next: one bit for each queue that an agent may serve.
func BenchmarkRouteMask(b *testing.B) {
	s := benchState(b)
	type masked struct {
		queues uint64
		idle   int64
	}
	var agents []masked
	for _, a := range s.agentsInOrder() {
		m := masked{idle: a.Idle.UnixNano()}
		for q := range s.d.Config.Queues {
			if a.State == Ready && qualified(&s.d.Config.Queues[q], a.conf) {
				m.queues |= 1 << q
			}
		}
		agents = append(agents, m)
	}
	at := s.d.At.UnixNano()
	b.ResetTimer()
	for i := range b.N {
		bit := uint64(1) << (i % benchSkills)
		best := -1
		for j := range agents {
			if agents[j].queues&bit != 0 && (best < 0 || agents[j].idle < agents[best].idle) {
				best = j
			}
		}
		at += 1e9
		agents[best].idle = at
	}
}

// TestRouterAgreesWithTheNaiveScan: index and obvious scan choose the same agent, whatever happened before.
func TestRouterAgreesWithTheNaiveScan(t *testing.T) {
	s := benchState(t)
	rng := rand.New(rand.NewPCG(5, 6))
	at := s.d.At
	for i := range 300 {
		at = at.Add(time.Second)
		id := AgentID(fmt.Sprint("a", rng.IntN(benchAgents)))
		switch rng.IntN(3) {
		case 0:
			s.Step(at, AgentReady{Agent: id})
		case 1:
			s.Step(at, AgentNotReady{Agent: id, Reason: "break"})
		default:
			c := ContactID(fmt.Sprint("c", i))
			queue := QueueID(fmt.Sprint("q", rng.IntN(benchSkills)))
			s.Step(at, DeadlineReached{}) // what is due now comes first
			var want *agent
			for _, a := range s.agentsInOrder() {
				if a.State == Ready && qualified(s.queue(queue), a.conf) && (want == nil || idler(a, want)) {
					want = a
				}
			}
			s.Step(at, CallArrived{Contact: c, PBX: "main", Leg: LegID(c), Queue: queue})
			if got := s.d.Contacts[c].Agent; want == nil && got != "" || want != nil && got != want.ID {
				t.Fatalf("contact %s for %s went to %q, want %v", c, queue, got, want)
			}
		}
	}
}
