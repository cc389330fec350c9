package main

import (
	"fmt"
	"sync"
	"time"
)

// talk is how long a caller stays after he has heard the agent.
const talk = 3 * time.Second

// patience is how long a caller waits for an agent.
const patience = 30 * time.Second

// load is the callers and the agents, both on this side of the wire, so that one clock stamps both.
type load struct {
	callers, agents *endpoint
	run             int

	mu    sync.Mutex
	calls map[string]*call // by the caller's number
	freed map[string]time.Time
	full  []time.Duration
	ended sync.WaitGroup
}

// call is one caller's way through.
type call struct {
	number  string
	invited time.Time
	rung    time.Time // the agent's INVITE
	heard   time.Time // the agent's first audio
	failure string
	reached chan struct{} // closed when the agent was heard
}

func newLoad(pbx string) (*load, error) {
	callers, err := listen(pbx)
	if err != nil {
		return nil, err
	}
	agents, err := listen(pbx)
	if err != nil {
		return nil, err
	}
	l := &load{callers: callers, agents: agents}
	agents.invited = l.ring
	go callers.run()
	go agents.run()
	return l, nil
}

func (l *load) close() {
	l.callers.conn.Close()
	l.agents.conn.Close()
}

// result of a run.
type result struct {
	ring, audio, full []time.Duration
	failed            int
	failures          map[string]int
}

// measure lets callers dial number at a rate for so long, and returns when all have hung up.
func (l *load) measure(number string, rate float64, long time.Duration) result {
	l.mu.Lock()
	l.run++
	l.calls, l.freed, l.full = map[string]*call{}, map[string]time.Time{}, nil
	run := l.run
	l.mu.Unlock()
	step := time.Duration(float64(time.Second) / rate)
	n := int(long / step)
	start := time.Now()
	for i := range n {
		time.Sleep(time.Until(start.Add(time.Duration(i) * step)))
		c := &call{number: fmt.Sprintf("49305%02d%05d", run, i), reached: make(chan struct{})}
		l.mu.Lock()
		l.calls[c.number] = c
		l.mu.Unlock()
		l.ended.Go(func() { l.dial(c, number) })
	}
	l.ended.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	r := result{full: l.full, failures: map[string]int{}}
	for _, c := range l.calls {
		switch {
		case c.failure != "":
			r.failed++
			r.failures[c.failure]++
		case c.rung.IsZero():
			r.failed++
			r.failures["no agent's phone was seen to ring for a caller who heard one"]++
		default:
			r.ring = append(r.ring, c.rung.Sub(c.invited))
			r.audio = append(r.audio, c.heard.Sub(c.invited))
		}
	}
	return r
}

// dial is one caller: INVITE, 200, wait for the agent's voice, talk, BYE.
func (l *load) dial(c *call, number string) {
	m, err := newMedia()
	if err != nil {
		c.failure = err.Error()
		return
	}
	defer m.conn.Close()
	e := l.callers
	id := "call-" + c.number
	from := fmt.Sprintf("<sip:%s@%s>;tag=f%s", c.number, e.address(), c.number)
	target := fmt.Sprintf("sip:%s@%s", number, e.pbx)
	to := "<" + target + ">"
	answers := make(chan message, 8)
	gone := make(chan struct{})
	var once sync.Once
	e.on(id, func(in message, _ time.Time) {
		switch {
		case in.method() == "BYE":
			e.answer(in, "200 OK", "", "")
			once.Do(func() { close(gone) })
		case in.status() >= 200:
			select {
			case answers <- in:
			default:
			}
		case in.status() == 0 && in.method() != "ACK":
			e.answer(in, "200 OK", "", "")
		}
	})
	defer e.forget(id)
	heard := make(chan time.Time, 1)
	go m.hear(func(at time.Time) { heard <- at })

	l.mu.Lock()
	c.invited = time.Now()
	l.mu.Unlock()
	e.request("INVITE", target, from, to, id, 1, "", offer("127.0.0.1", m.port()))
	fail := func(format string, args ...any) {
		l.mu.Lock()
		c.failure = fmt.Sprintf(format, args...)
		l.mu.Unlock()
	}
	limit := time.After(patience)
	var answer message
	select {
	case answer = <-answers:
	case <-limit:
		fail("no answer to INVITE")
		return
	}
	to = answer.header("to")
	if answer.status() != 200 {
		e.request("ACK", target, from, to, id, 1, "", "")
		fail("INVITE: %s", answer.start)
		return
	}
	contact := uri(answer.header("contact"))
	e.request("ACK", contact, from, to, id, 1, "", "")
	if far, err := answer.media(); err == nil {
		// One packet opens the way for a PBX that waits for its caller's media.
		_, _ = m.conn.WriteToUDP(append([]byte{0x80, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, make([]byte, 160)...), far)
	}
	select {
	case at := <-heard:
		l.mu.Lock()
		c.heard = at
		close(c.reached)
		l.mu.Unlock()
	case <-gone:
		fail("hung up by the PBX before an agent was heard")
		return
	case <-limit:
		fail("no agent was heard")
	}
	if c.failure == "" {
		select {
		case <-time.After(talk):
		case <-gone:
			fail("hung up by the PBX in the talk")
			return
		}
	}
	e.request("BYE", contact, from, to, id, 2, "", "")
	select {
	case <-answers:
	case <-time.After(2 * time.Second):
	}
}

// ring is an agent's phone: it notes the INVITE, answers at once, and speaks until the BYE.
func (l *load) ring(in message, at time.Time) {
	agent, number := user(in.start), user(in.header("from"))
	l.mu.Lock()
	c := l.calls[number]
	if c != nil && c.rung.IsZero() {
		if freed, was := l.freed[agent]; was && c.invited.Before(freed) {
			// This caller waited already when the agent's last talk ended.
			l.full = append(l.full, at.Sub(freed))
		}
		c.rung = at
	}
	delete(l.freed, agent)
	var heard chan struct{}
	if c != nil {
		heard = c.reached
	}
	l.mu.Unlock()

	m, err := newMedia()
	if err != nil {
		l.agents.answer(in, "500 Server Internal Error", "x", "")
		return
	}
	id := in.header("call-id")
	over := make(chan struct{})
	var once sync.Once
	end := func() {
		once.Do(func() {
			close(over)
			l.mu.Lock()
			l.freed[agent] = time.Now()
			l.mu.Unlock()
			time.AfterFunc(2*time.Second, func() { l.agents.forget(id) })
			m.conn.Close()
		})
	}
	far, err := in.media()
	if err != nil {
		l.agents.answer(in, "488 Not Acceptable Here", "x", "")
		return
	}
	var spoken sync.Once
	l.agents.on(id, func(again message, _ time.Time) {
		switch again.method() {
		case "ACK":
			spoken.Do(func() { go m.speak(far, heard, over) })
		case "BYE":
			l.agents.answer(again, "200 OK", "", "")
			end()
		case "CANCEL":
			l.agents.answer(again, "200 OK", "", "")
			l.agents.answer(in, "487 Request Terminated", "t"+id, "")
			end()
		case "INVITE":
			l.agents.answer(again, "200 OK", "t"+id, offer("127.0.0.1", m.port()))
		}
	})
	l.agents.answer(in, "200 OK", "t"+id, offer("127.0.0.1", m.port()))
}

// signIn registers the agents' phones.
func (l *load) signIn(names []string, secret string) error {
	errs := make(chan error, len(names))
	slots := make(chan struct{}, 16)
	for _, name := range names {
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			errs <- l.agents.register(name, secret)
		}()
	}
	for range names {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}
