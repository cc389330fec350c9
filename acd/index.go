package acd

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// index is derived from data and never encoded.
type index struct {
	queues  map[QueueID]*Queue
	lines   map[QueueID]*line
	groups  map[string]*group
	numbers map[string]ContactID // open call-backs by the number's keyed hash
	dues    dueHeap
	dirty   dirty
	holding bool // see held
}

// line is a queue's waiting contacts in order of age, and the groups that may serve them.
type line struct {
	queue    *Queue
	order    int
	contacts []*contact
	groups   []*group
	byPBX    map[PBXID][]*group // the same, by their PBX
}

// group holds the agents who serve the same queues on the same PBX: one decision looks at groups, not at agents.
type group struct {
	// first is since when the longest idle has been idle (Unix nanoseconds), never when nobody is.
	first int64
	pbx   PBXID
	idle  []*agent // a heap, the longest idle first
	// serves are the lines of the group's queues.
	serves []*line
	staff  staff
	dirty  bool // its staff changed since the last view
}

// never is later than any time.
const never = math.MaxInt64

// staff counts agents by state.
type staff struct{ ready, busy, wrapUp, notReady int }

func (s *staff) add(other staff) {
	s.ready += other.ready
	s.busy += other.busy
	s.wrapUp += other.wrapUp
	s.notReady += other.notReady
}

// staff of a line is that of its groups.
func (l *line) staff() staff {
	var all staff
	for _, g := range l.groups {
		all.add(g.staff)
	}
	return all
}

// dirty names what changed since the last view.
type dirty struct {
	all      bool
	contacts map[ContactID]bool
	agents   map[AgentID]bool
	lines    map[QueueID]bool
	groups   []*group
}

// rebuild derives the index from data.
func (s *State) rebuild() {
	s.index = index{numbers: map[string]ContactID{}}
	s.dirty = dirty{all: true, contacts: map[ContactID]bool{}, agents: map[AgentID]bool{}, lines: map[QueueID]bool{}}
	s.configure()
	for _, c := range s.contactsByAge() {
		s.noteNumber(c)
		s.due(c.NextAttempt, dueContact, string(c.ID))
		s.due(c.CallUntil, dueCall, string(c.ID))
		for _, b := range c.Barred {
			if b.Until.After(s.d.At) {
				s.due(b.Until, dueBarred, string(c.ID))
			}
		}
	}
	for _, a := range s.agentsInOrder() {
		s.due(a.WrapUpUntil, dueWrapUp, string(a.ID))
		if a.Offer != nil {
			s.due(a.Offer.Until, dueOffer, string(a.ID))
		}
	}
	for _, id := range sortedKeys(s.d.Legs) {
		s.due(s.d.Legs[id].Again, dueLeg, string(id))
	}
}

// configure makes queues, agents and groups agree with the configuration.
func (s *State) configure() {
	s.queues, s.lines, s.groups = map[QueueID]*Queue{}, map[QueueID]*line{}, map[string]*group{}
	for i := range s.d.Config.Queues {
		q := &s.d.Config.Queues[i]
		s.queues[q.ID] = q
		s.lines[q.ID] = &line{queue: q, order: i, byPBX: map[PBXID][]*group{}}
	}
	for _, a := range s.d.Agents {
		a.conf, a.group, a.slot, a.legs = nil, nil, -1, 0
		a.order = len(s.d.Config.Agents)
	}
	for i := range s.d.Config.Agents {
		conf := &s.d.Config.Agents[i]
		a := s.d.Agents[conf.ID]
		if a == nil {
			a = &agent{ID: conf.ID, State: LoggedOut, Since: s.d.At, slot: -1}
			s.d.Agents[conf.ID] = a
		}
		a.conf, a.order = conf, i
	}
	for id, a := range s.d.Agents {
		if a.conf == nil && a.State == LoggedOut {
			delete(s.d.Agents, id)
		}
	}
	for _, l := range s.d.Legs {
		if a := s.d.Agents[l.Agent]; a != nil {
			a.legs++
		}
	}
	for _, a := range s.agentsInOrder() {
		if a.conf == nil {
			continue
		}
		a.group = s.groupOf(a.conf)
		s.count(a, +1)
		s.idle(a)
	}
	for _, c := range s.contactsByAge() {
		if c.State == Waiting {
			s.joinLine(c)
		}
	}
	s.touchAll()
}

// groupOf finds or makes the group of an agent.
func (s *State) groupOf(conf *Agent) *group {
	var key strings.Builder
	key.WriteString(string(conf.PBX))
	var serves []*line
	for i := range s.d.Config.Queues {
		q := &s.d.Config.Queues[i]
		if qualified(q, conf) {
			serves = append(serves, s.lines[q.ID])
			key.WriteByte(' ')
			key.WriteString(strconv.Itoa(i))
		}
	}
	g := s.groups[key.String()]
	if g == nil {
		g = &group{pbx: conf.PBX, serves: serves, first: never}
		s.groups[key.String()] = g
		for _, l := range serves {
			l.groups = append(l.groups, g)
			l.byPBX[g.pbx] = append(l.byPBX[g.pbx], g)
		}
	}
	return g
}

// qualified says whether the agent serves the queue and has what it needs.
func qualified(q *Queue, a *Agent) bool {
	if !slices.Contains(a.Queues, q.ID) {
		return false
	}
	for _, need := range q.Needs {
		if !slices.ContainsFunc(a.Skills, func(has Need) bool { return has.Skill == need.Skill && has.Level >= need.Level }) {
			return false
		}
	}
	return true
}

// count adds n to the agent's state in his group.
func (s *State) count(a *agent, n int) {
	g := a.group
	if g == nil {
		return
	}
	switch a.State {
	case Ready:
		g.staff.ready += n
	case AgentOffered, Talking:
		g.staff.busy += n
	case WrapUp:
		g.staff.wrapUp += n
	case NotReady:
		g.staff.notReady += n
	}
	if !g.dirty {
		g.dirty = true
		s.dirty.groups = append(s.dirty.groups, g)
	}
}

// unidle takes the agent out of the counts and of his group's idle; idle puts him in.
func (s *State) unidle(a *agent) {
	s.count(a, -1)
	if a.slot >= 0 {
		a.group.remove(a)
	}
}

func (s *State) idle(a *agent) {
	if a.State == Ready && a.legs == 0 && a.group != nil && a.slot < 0 {
		a.group.push(a)
	}
}

func (s *State) joinLine(c *contact) {
	l := s.lines[c.Queue]
	if l == nil {
		return // the queue is gone from the configuration; see drain
	}
	at, _ := slices.BinarySearchFunc(l.contacts, c, older)
	l.contacts = slices.Insert(l.contacts, at, c)
	s.dirty.lines[c.Queue] = true
}

func (s *State) leaveLine(c *contact) {
	l := s.lines[c.Queue]
	if l == nil {
		return
	}
	if at, found := slices.BinarySearchFunc(l.contacts, c, older); found {
		l.contacts = slices.Delete(l.contacts, at, at+1)
	}
	c.place = 0
	s.dirty.lines[c.Queue] = true
}

// older orders contacts within a queue: by age, then as they came.
func older(a, b *contact) int {
	if d := a.Since.Compare(b.Since); d != 0 {
		return d
	}
	return cmp.Compare(a.Seq, b.Seq)
}

func (s *State) noteNumber(c *contact) {
	if c.Kind != Inbound && c.Caller != "" && c.Ended.IsZero() {
		s.numbers[c.Caller] = c.ID
	}
}

func (s *State) forgetNumber(c *contact) {
	if s.numbers[c.Caller] == c.ID {
		delete(s.numbers, c.Caller)
	}
}

func (s *State) changed(id ContactID) *contact {
	s.dirty.contacts[id] = true
	return s.d.Contacts[id]
}

func (s *State) changedAgent(id AgentID) *agent {
	s.dirty.agents[id] = true
	return s.d.Agents[id]
}

func (s *State) touchAll() { s.dirty.all = true }

func (s *State) contactsByAge() []*contact {
	all := make([]*contact, 0, len(s.d.Contacts))
	for _, c := range s.d.Contacts {
		all = append(all, c)
	}
	slices.SortFunc(all, older)
	return all
}

func (s *State) agentsInOrder() []*agent {
	all := make([]*agent, 0, len(s.d.Agents))
	for _, a := range s.d.Agents {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b *agent) int {
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.ID, b.ID))
	})
	return all
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// longer says whether a has been idle longer than b; the configuration's order breaks a tie.
func longer(a, b *agent) bool {
	if a.since == b.since {
		return a.order < b.order
	}
	return a.since < b.since
}

func (g *group) push(a *agent) {
	a.since, a.slot = a.Idle.UnixNano(), len(g.idle)
	g.idle = append(g.idle, a)
	g.up(a.slot)
	g.first = g.idle[0].since
}

func (g *group) remove(a *agent) {
	i, last := a.slot, len(g.idle)-1
	g.swap(i, last)
	g.idle[last] = nil
	g.idle = g.idle[:last]
	a.slot = -1
	if i < last {
		g.down(i)
		g.up(i)
	}
	if g.first = never; last > 0 {
		g.first = g.idle[0].since
	}
}

func (g *group) swap(i, j int) {
	g.idle[i], g.idle[j] = g.idle[j], g.idle[i]
	g.idle[i].slot, g.idle[j].slot = i, j
}

func (g *group) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !longer(g.idle[i], g.idle[parent]) {
			return
		}
		g.swap(i, parent)
		i = parent
	}
}

func (g *group) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(g.idle) {
			return
		}
		if child+1 < len(g.idle) && longer(g.idle[child+1], g.idle[child]) {
			child++
		}
		if !longer(g.idle[child], g.idle[i]) {
			return
		}
		g.swap(i, child)
		i = child
	}
}
