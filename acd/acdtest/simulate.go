package acdtest

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"

	"contactd/acd"
)

// Simulation runs a director against a PBX and people who do anything at any time. Everything follows from the seed.
type Simulation struct {
	rng   *rand.Rand
	state *acd.State
	// journal holds everything that was decided since the last snapshot.
	journal  [][]byte
	snapshot []byte
	now      time.Time
	boot     uint64
	contacts int
	conf     acd.Config
	pbx      world
	// pending inputs travel from the PBX to the director; they may be lost, doubled or overtake each other.
	pending []acd.Input
	trace   []string
	Records []acd.Record
}

// world is what the PBX has.
type world struct {
	up      bool
	epoch   uint64
	legs    map[acd.LegID]*channel
	bridges map[acd.BridgeID][]acd.LegID
}

type channel struct {
	up      bool
	inbound bool
}

// NewSimulation makes one from a seed.
func NewSimulation(seed uint64) *Simulation {
	s := &Simulation{
		rng: rand.New(rand.NewPCG(seed, 0x5eed)), state: acd.New(), now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC),
		pbx: world{legs: map[acd.LegID]*channel{}, bridges: map[acd.BridgeID][]acd.LegID{}},
	}
	s.conf = s.config(1)
	return s
}

func (s *Simulation) config(n int) acd.Config {
	c := acd.Config{Digest: fmt.Sprint("config ", n)}
	for q := range 3 {
		c.Queues = append(c.Queues, acd.Queue{
			ID: acd.QueueID(fmt.Sprint("q", q)), PBX: "main", Priority: q % 2, RingTimeout: 20 * time.Second,
			WrapUp: time.Duration(q) * 10 * time.Second, WrapUpExtension: 30 * time.Second, MaxWaiting: 20 * q,
			Needs:    []acd.Need{{Skill: acd.SkillID(fmt.Sprint("s", q%2)), Level: 1 + q}},
			CallBack: acd.CallBackPolicy{Attempts: 1 + q, Pause: time.Minute, RingTimeout: 25 * time.Second},
		})
	}
	agents := 4 + n%3
	for a := range agents {
		conf := acd.Agent{ID: acd.AgentID(fmt.Sprint("a", a)), PBX: "main", AutoAnswer: a%2 == 0, MaxMisses: 1 + a%2}
		for q := range 3 {
			if (a+q+n)%4 != 0 {
				conf.Queues = append(conf.Queues, acd.QueueID(fmt.Sprint("q", q)))
			}
		}
		conf.Skills = []acd.Need{{Skill: "s0", Level: 1 + a%5}, {Skill: "s1", Level: 1 + (a*3)%5}}
		c.Agents = append(c.Agents, conf)
	}
	return c
}

// Run makes n steps and returns the first broken promise.
func (s *Simulation) Run(n int) error {
	if err := s.restart(); err != nil {
		return err
	}
	for i := range n {
		in := s.next()
		if err := s.step(in); err != nil {
			return fmt.Errorf("step %d, %T: %w\nthe last steps were:\n%s", i, in, err, s.tail())
		}
	}
	return nil
}

func (s *Simulation) tail() string {
	out := ""
	for _, line := range s.trace[max(0, len(s.trace)-25):] {
		out += line + "\n"
	}
	return out
}

// step gives the director one input and holds it to its promises.
func (s *Simulation) step(in acd.Input) error {
	before, err := s.state.Snapshot()
	if err != nil {
		return err
	}
	facts, commands := s.state.Step(s.now, in)
	s.trace = append(s.trace, fmt.Sprintf("%s %T%+v -> %d facts, %d commands", s.now.Format("15:04:05"), in, in, len(facts), len(commands)))
	if err := s.state.Check(); err != nil {
		return err
	}
	raw, err := acd.AppendEntry(nil, s.now, in, facts)
	if err != nil {
		return err
	}
	entry, err := acd.DecodeEntry(raw)
	if err != nil {
		return err
	}
	if s.rng.IntN(20) == 0 {
		if err := s.agree(before, entry, facts); err != nil {
			return err
		}
	}
	if len(facts) > 0 {
		s.journal = append(s.journal, raw)
	}
	for _, c := range commands {
		s.execute(c)
	}
	return nil
}

// agree: applying the facts gives an equal state, and deciding again gives the same facts.
func (s *Simulation) agree(before []byte, entry acd.Entry, facts []acd.Fact) error {
	applied, err := acd.Restore(before)
	if err != nil {
		return err
	}
	applied.Recover(entry)
	if len(facts) > 0 {
		if err := s.same(applied, "applying the facts"); err != nil {
			return err
		}
	}
	again, err := acd.Restore(before)
	if err != nil {
		return err
	}
	decided, _ := again.Step(entry.At, entry.Input)
	if len(decided) != len(facts) {
		return fmt.Errorf("deciding again gives %d facts, not %d", len(decided), len(facts))
	}
	for i := range facts {
		if reflect.TypeOf(facts[i]) != reflect.TypeOf(decided[i]) {
			return fmt.Errorf("deciding again gives %T, not %T", decided[i], facts[i])
		}
	}
	return s.same(again, "deciding again")
}

func (s *Simulation) same(other *acd.State, how string) error {
	mine, err := s.state.Hash()
	if err != nil {
		return err
	}
	theirs, err := other.Hash()
	if err != nil {
		return err
	}
	if mine != theirs {
		a, _ := s.state.Snapshot()
		b, _ := other.Snapshot()
		return fmt.Errorf("%s gives another state:\n%s\n%s", how, a, b)
	}
	return nil
}

// restart kills the director and recovers it from snapshot and journal.
func (s *Simulation) restart() error {
	recovered := acd.New()
	if s.snapshot != nil {
		var err error
		if recovered, err = acd.Restore(s.snapshot); err != nil {
			return err
		}
	}
	for _, raw := range s.journal {
		entry, err := acd.DecodeEntry(raw)
		if err != nil {
			return err
		}
		recovered.Recover(entry)
	}
	if s.boot > 0 {
		// The clock of a step without facts is not kept, which is no difference that anything depends on.
		s.state.Step(s.now, acd.DeadlineReached{})
		recovered.Step(s.now, acd.DeadlineReached{})
		if err := s.same(recovered, "recovery"); err != nil {
			return err
		}
	}
	s.state, s.pending, s.journal = recovered, nil, nil
	var err error
	if s.snapshot, err = recovered.Snapshot(); err != nil {
		return err
	}
	s.boot++
	if err := s.step(acd.Started{Installation: "sim", Boot: s.boot}); err != nil {
		return err
	}
	if err := s.step(acd.ConfigurationApplied{Config: s.conf}); err != nil {
		return err
	}
	s.pbx.up = true
	return s.step(s.listing())
}

// listing is what the PBX has, as told at the begin of an epoch.
func (s *Simulation) listing() acd.PBXConnected {
	s.pbx.epoch++
	in := acd.PBXConnected{PBX: "main", Epoch: s.pbx.epoch}
	for _, id := range s.legs(nil) {
		seen := acd.LegSeen{Leg: id, Up: s.pbx.legs[id].up}
		if s.pbx.legs[id].inbound && s.rng.IntN(2) == 0 {
			s.contacts++
			seen.Arrival = &acd.CallArrived{Contact: acd.ContactID(fmt.Sprintf("%032d", s.contacts)), PBX: "main", Leg: id, Queue: "q0"}
		}
		in.Legs = append(in.Legs, seen)
	}
	ids := make([]acd.BridgeID, 0)
	for id := range s.pbx.bridges {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		in.Bridges = append(in.Bridges, acd.BridgeSeen{Bridge: id, Legs: slices.Clone(s.pbx.bridges[id])})
	}
	return in
}

func (s *Simulation) legs(which func(*channel) bool) []acd.LegID {
	var ids []acd.LegID
	for id, c := range s.pbx.legs {
		if which == nil || which(c) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
