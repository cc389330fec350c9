package acd

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// model is the director's choice as one explains it to a person: it looks at every agent and every contact each time.
// The router must choose the same, for the same reason.
type model struct {
	now      time.Time
	conf     Config
	up       map[PBXID]bool
	agents   []*modelAgent // in the order of the configuration
	contacts []*modelContact
	want     []choice
}

type modelAgent struct {
	conf  Agent
	ready bool
	idle  time.Time
	has   *modelContact
	// phone holds the legs of his phone that have not ended.
	phone []LegID
}

type modelContact struct {
	id      ContactID
	queue   Queue
	pbx     PBXID
	since   time.Time
	waiting bool
	bars    map[AgentID]time.Time
}

type choice struct {
	contact   ContactID
	agent     AgentID
	rule, tie string
}

func (m *model) can(c *modelContact, a *modelAgent) bool {
	if !c.waiting || !a.ready || a.has != nil || len(a.phone) > 0 || c.pbx != a.conf.PBX || !m.up[c.pbx] || c.bars[a.conf.ID].After(m.now) {
		return false
	}
	levels := map[SkillID]int{}
	for _, s := range a.conf.Skills {
		levels[s.Skill] = s.Level
	}
	for _, n := range c.queue.Needs {
		if levels[n.Skill] < n.Level {
			return false
		}
	}
	return slices.Contains(a.conf.Queues, c.queue.ID)
}

// give gives a waiting contact to the longest idle who can take it.
func (m *model) give(c *modelContact) {
	var all []*modelAgent
	for _, a := range m.agents {
		if m.can(c, a) {
			all = append(all, a)
		}
	}
	if len(all) == 0 {
		return
	}
	slices.SortStableFunc(all, func(a, b *modelAgent) int { return a.idle.Compare(b.idle) })
	got := choice{contact: c.id, agent: all[0].conf.ID, rule: RuleOnly}
	if len(all) > 1 {
		got.rule = RuleLongestIdle
		if all[1].idle.Equal(all[0].idle) {
			got.tie = TieConfiguration
		}
	}
	m.take(c, all[0], got)
}

// take gives a free agent the first contact that he can take.
func (m *model) serve(a *modelAgent) {
	for _, c := range m.inLine() {
		if m.can(c, a) {
			m.take(c, a, choice{contact: c.id, agent: a.conf.ID, rule: RuleFirstInLine})
			return
		}
	}
}

func (m *model) take(c *modelContact, a *modelAgent, why choice) {
	c.waiting, a.has = false, c
	m.want = append(m.want, why)
}

func (m *model) inLine() []*modelContact {
	line := slices.Clone(m.contacts)
	slices.SortStableFunc(line, func(a, b *modelContact) int {
		return cmp.Or(cmp.Compare(b.queue.Priority, a.queue.Priority), a.since.Compare(b.since))
	})
	return line
}

// drop lets the contact go.
func (m *model) drop(c *modelContact) {
	m.contacts = slices.DeleteFunc(m.contacts, func(o *modelContact) bool { return o == c })
}

// wait lets time pass; a contact is given anew whenever a bar ends.
func (m *model) wait(until time.Time) {
	for {
		var next *modelContact
		var at time.Time
		for _, c := range m.contacts {
			for _, bar := range c.bars {
				if bar.After(m.now) && !bar.After(until) && (next == nil || bar.Before(at) || bar.Equal(at) && c.id < next.id) {
					next, at = c, bar
				}
			}
		}
		if next == nil {
			m.now = until
			return
		}
		// All bars of that moment end together, in the order of the contacts' ids.
		m.now = at
		ended := slices.Clone(m.contacts)
		slices.SortFunc(ended, func(a, b *modelContact) int { return cmp.Compare(a.id, b.id) })
		for _, c := range ended {
			for _, bar := range c.bars {
				if bar.Equal(at) && c.waiting {
					m.give(c)
				}
			}
		}
	}
}

// TestRouterAgreesWithTheSlowModel lets anything happen and compares every offer with the model's.
func TestRouterAgreesWithTheSlowModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newModelRun(t)
		for range rapid.IntRange(5, 60).Draw(t, "steps") {
			r.act()
		}
	})
}

type modelRun struct {
	*rapid.T
	m     *model
	s     *State
	epoch uint64
	calls int
}

func newModelRun(t *rapid.T) *modelRun {
	r := &modelRun{T: t, s: New(), m: &model{now: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC), up: map[PBXID]bool{}}}
	r.m.conf.Digest = "model"
	needs := func(name string, levels ...int) []Need {
		var n []Need
		for k := range 3 {
			if level := rapid.SampledFrom(levels).Draw(t, name); level > 0 {
				n = append(n, Need{Skill: SkillID(fmt.Sprint("s", k)), Level: level})
			}
		}
		return n
	}
	pbx := func() PBXID { return rapid.SampledFrom([]PBXID{"a", "a", "a", "b"}).Draw(t, "pbx") }
	for q := range rapid.IntRange(1, 4).Draw(t, "queues") {
		r.m.conf.Queues = append(r.m.conf.Queues, Queue{
			ID: QueueID(fmt.Sprint("q", q)), PBX: pbx(), Needs: needs("need", 0, 0, 0, 1, 2), Priority: rapid.IntRange(0, 1).Draw(t, "priority"),
			RingTimeout: 24 * time.Hour, WrapUp: 24 * time.Hour,
		})
	}
	for a := range rapid.IntRange(1, 8).Draw(t, "agents") {
		conf := Agent{ID: AgentID(fmt.Sprint("a", 9-a)), PBX: pbx(), Skills: needs("skill", 0, 1, 2, 3, 3)}
		for _, q := range r.m.conf.Queues {
			if rapid.IntRange(0, 3).Draw(t, "serves") > 0 {
				conf.Queues = append(conf.Queues, q.ID)
			}
		}
		r.m.conf.Agents = append(r.m.conf.Agents, conf)
		r.m.agents = append(r.m.agents, &modelAgent{conf: conf})
	}
	r.step(Started{Installation: "m", Boot: 1})
	r.step(ConfigurationApplied{Config: r.m.conf})
	for _, a := range r.m.agents {
		r.step(AgentSignedIn{Agent: a.conf.ID})
	}
	r.connect("a")
	for _, a := range r.m.agents {
		if rapid.IntRange(0, 3).Draw(t, "begins ready") > 0 {
			r.m.now = r.m.now.Add(time.Duration(rapid.IntRange(0, 1).Draw(t, "later")) * time.Second)
			r.ready(a)
		}
	}
	return r
}

// step steps the director and compares its offers with those that the model wants.
func (r *modelRun) step(in Input) {
	facts, _ := r.s.Step(r.m.now, in)
	var got []choice
	for _, f := range facts {
		switch f := f.(type) {
		case OfferMade:
			got = append(got, choice{contact: f.Contact, agent: f.Agent, rule: f.Rule, tie: f.Tie})
		case LegStarted:
			if a := r.agent(f.Agent); a != nil {
				a.phone = append(a.phone, f.Leg)
			}
		}
	}
	if !slices.Equal(got, r.m.want) {
		r.Fatalf("%T%+v: the router offers %+v, the model %+v", in, in, got, r.m.want)
	}
	r.m.want = nil
	if err := r.s.Check(); err != nil {
		r.Fatalf("%T%+v: %v", in, in, err)
	}
}

func (r *modelRun) agent(id AgentID) *modelAgent {
	for _, a := range r.m.agents {
		if a.conf.ID == id {
			return a
		}
	}
	return nil
}

func (r *modelRun) connect(id PBXID) {
	r.epoch++
	in := PBXConnected{PBX: id, Epoch: r.epoch}
	for _, leg := range sortedKeys(r.s.d.Legs) {
		if l := r.s.d.Legs[leg]; l.PBX == id {
			in.Legs = append(in.Legs, LegSeen{Leg: leg, Up: !l.Answered.IsZero()})
		}
	}
	r.m.up[id] = true
	for _, c := range r.m.inLine() {
		if c.waiting {
			r.m.give(c)
		}
	}
	r.step(in)
}

// act lets one thing happen.
func (r *modelRun) act() {
	// Often no time passes, so that agents are idle equally long.
	pass := time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, 5, 12, 31}).Draw(r.T, "pass")) * time.Second
	r.m.wait(r.m.now.Add(pass))
	r.step(DeadlineReached{})
	a := rapid.SampledFrom(r.m.agents).Draw(r.T, "agent")
	switch rapid.IntRange(0, 9).Draw(r.T, "act") {
	case 0, 1, 2:
		r.call()
	case 3, 4:
		r.ready(a)
	case 5:
		if a.has == nil {
			a.ready = false
			r.step(AgentNotReady{Agent: a.conf.ID, Reason: "break"})
		}
	case 6:
		r.talkOrReject(r.one(a, func(b *modelAgent) bool { return b.has != nil }))
	case 7:
		r.end(r.one(a, func(b *modelAgent) bool { return len(b.phone) > 0 }))
	case 8:
		r.hangUp()
	default:
		id := rapid.SampledFrom([]PBXID{"a", "b"}).Draw(r.T, "connection")
		if r.m.up[id] {
			r.m.up[id] = false
			r.step(PBXDisconnected{PBX: id, Epoch: r.s.d.PBXs[id].Epoch})
		} else {
			r.connect(id)
		}
	}
}

// one is an agent of whom it is true, the given one if there is none.
func (r *modelRun) one(a *modelAgent, which func(*modelAgent) bool) *modelAgent {
	all := slices.DeleteFunc(slices.Clone(r.m.agents), func(b *modelAgent) bool { return !which(b) })
	if len(all) == 0 {
		return a
	}
	return rapid.SampledFrom(all).Draw(r.T, "one")
}

func (r *modelRun) call() {
	r.calls++
	q := rapid.SampledFrom(r.m.conf.Queues).Draw(r.T, "queue")
	c := &modelContact{id: ContactID(fmt.Sprintf("c%03d", r.calls)), queue: q, pbx: q.PBX, since: r.m.now, waiting: true, bars: map[AgentID]time.Time{}}
	in := CallArrived{Contact: c.id, PBX: c.pbx, Leg: LegID(c.id), Queue: q.ID}
	explained := r.explain(in)
	r.m.contacts = append(r.m.contacts, c)
	var able []AgentID
	for _, a := range r.m.agents {
		if r.m.can(c, a) {
			able = append(able, a.conf.ID)
		}
	}
	r.m.give(c)
	var winner AgentID
	if len(r.m.want) > 0 {
		winner = r.m.want[0].agent
	}
	var open []AgentID
	for _, candidate := range explained.Candidates {
		if len(candidate.Failed) == 0 {
			open = append(open, candidate.Agent)
		}
	}
	if explained.Winner != winner || !slices.Equal(open, able) {
		r.Fatalf("%s: explained as %q of %v, the model gives %q of %v", c.id, explained.Winner, open, winner, able)
	}
	r.step(in)
}

// explain asks a copy of the director, in which nothing is routed, what would become of a call.
func (r *modelRun) explain(in CallArrived) Explanation {
	raw, err := r.s.Snapshot()
	if err != nil {
		r.Fatal(err)
	}
	other, err := Restore(raw)
	if err != nil {
		r.Fatal(err)
	}
	other.holding = true
	other.Step(r.m.now, in)
	e, known := other.Explain(in.Contact)
	if !known {
		r.Fatalf("%s cannot be explained", in.Contact)
	}
	return e
}

func (r *modelRun) ready(a *modelAgent) {
	if a.has != nil {
		return
	}
	if !a.ready {
		a.ready, a.idle = true, r.m.now
		r.m.serve(a)
	}
	r.step(AgentReady{Agent: a.conf.ID})
}

// talkOrReject: an agent who is offered a contact rejects it, or answers and talks and wraps up.
func (r *modelRun) talkOrReject(a *modelAgent) {
	offer := r.s.d.Agents[a.conf.ID].Offer
	if a.has == nil || offer == nil {
		return
	}
	c := a.has
	if rapid.Bool().Draw(r.T, "reject") {
		a.has, c.waiting, c.bars[a.conf.ID] = nil, true, r.m.now.Add(rejectedPause)
		r.m.give(c)
		r.step(OfferRejected{Agent: a.conf.ID, Offer: offer.ID})
		return
	}
	r.step(LegAnswered{PBX: c.pbx, Leg: a.phone[len(a.phone)-1]})
	r.step(HangUpRequested{Agent: a.conf.ID, Contact: c.id})
	r.m.drop(c)
	a.has, a.idle = nil, r.m.now
	r.m.serve(a)
	r.step(WrapUpEnded{Agent: a.conf.ID})
}

// end: a leg of the agent's phone ends: one that was hung up, or the ringing one, because the phone is busy.
func (r *modelRun) end(a *modelAgent) {
	if len(a.phone) == 0 {
		return
	}
	leg := a.phone[0]
	a.phone = a.phone[1:]
	if c := a.has; c != nil && r.s.d.Contacts[c.id].Desk == leg {
		a.has, a.ready, c.waiting = nil, false, true
		r.m.give(c)
	} else {
		r.m.serve(a)
	}
	r.step(LegEnded{Leg: leg, Cause: causeBusy})
}

// hangUp: a caller hangs up, while he waits or while an agent's phone rings.
func (r *modelRun) hangUp() {
	if len(r.m.contacts) == 0 {
		return
	}
	c := rapid.SampledFrom(r.m.contacts).Draw(r.T, "caller")
	r.m.drop(c)
	for _, a := range r.m.agents {
		if a.has == c {
			a.has = nil
		}
	}
	r.step(LegEnded{Leg: LegID(c.id), Cause: causeNormal})
}
