package phones

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Behaviour is what a telephone does with a call that comes in. It has a goroutine of its own and may wait, but must return
// when the call is over ([Call.Done]).
type Behaviour func(*Call)

// Answer rings, and answers after a while, or at once.
func Answer(after time.Duration) Behaviour {
	return func(c *Call) {
		c.Ring()
		if after > 0 {
			timer := time.NewTimer(after)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-c.Done():
				return
			}
		}
		if err := c.Answer(); err != nil {
			c.phone.tell(Event{Kind: Failed, Call: c, Detail: err.Error()})
		}
	}
}

// RingOnly rings and never answers; [Call.Answer] can do so later.
func RingOnly() Behaviour { return func(c *Call) { c.Ring() } }

// Reject refuses with a SIP status: 486 busy, 603 declined, 480 unavailable, 404 …
func Reject(status int) Behaviour {
	return func(c *Call) {
		if err := c.Reject(status); err != nil {
			c.phone.tell(Event{Kind: Failed, Call: c, Detail: err.Error()})
		}
	}
}

// Ignore says nothing at all, as a dead telephone does.
func Ignore() Behaviour { return func(*Call) {} }

// onInvite is the life of a call that comes in; the library ends the transaction when it returns.
func (p *Phone) onInvite(r *sip.Request, tx sip.ServerTransaction) {
	if to := r.To(); to != nil && to.Params.Has("tag") {
		p.onReinvite(r, tx)
		return
	}
	session, err := p.servers.ReadInvite(r, tx)
	if err != nil {
		p.tell(Event{Kind: Failed, Detail: fmt.Sprintf("invitation: %v", err)})
		return
	}
	defer session.Close()
	number := ""
	if from := r.From(); from != nil {
		number = from.Address.User
	}
	busy := len(p.Calls()) > 0 && !p.options.CallWaiting
	call, err := p.newCall(r.CallID().Value(), number, true)
	if err != nil {
		_ = session.Respond(480, "Temporarily Unavailable", nil)
		return
	}
	call.server, call.invite = session, r
	p.tell(Event{Kind: Invited, Call: call})
	p.mu.Lock()
	behaviour := p.behaviour
	p.mu.Unlock()
	switch {
	case busy:
		behaviour = Reject(486)
	case p.options.AutoAnswer && asksForAutoAnswer(r):
		behaviour = Answer(0)
	}
	p.spawn(func() { behaviour(call) })
	select {
	case <-session.Context().Done():
		switch {
		case call.answered.Load():
			call.finish(call.end())
		case call.rejected.Load():
			// Who refused it says so, with the status.
			<-call.ended
		default:
			call.finish(Event{Kind: Cancelled})
		}
	case <-call.ended:
	}
}

// asksForAutoAnswer knows the headers that Asterisk's users send to the common telephones.
func asksForAutoAnswer(r *sip.Request) bool {
	for _, name := range []string{"Call-Info", "Alert-Info", "Answer-Mode"} {
		for _, header := range r.GetHeaders(name) {
			value := strings.ToLower(header.Value())
			for _, sign := range []string{"answer-after=0", "auto-answer", "autoanswer", "auto answer", "alert-autoanswer", "intercom"} {
				if strings.Contains(value, sign) {
					return true
				}
			}
			if name == "Answer-Mode" && strings.HasPrefix(value, "auto") {
				return true
			}
		}
	}
	return false
}

// Ring tells the caller that the telephone rings, unless the call has been decided.
func (c *Call) Ring() {
	c.deciding.Lock()
	defer c.deciding.Unlock()
	if c.decided.Load() {
		return
	}
	if err := c.server.Respond(180, "Ringing", nil); err != nil && !c.over() {
		c.phone.tell(Event{Kind: Failed, Call: c, Detail: fmt.Sprintf("ring: %v", err)})
	}
}

func (c *Call) over() bool {
	select {
	case <-c.ended:
		return true
	case <-c.server.Context().Done():
		return true
	default:
		return false
	}
}

// decide takes the final answer of a call that comes in, which is given once.
func (c *Call) decide() bool {
	c.deciding.Lock()
	defer c.deciding.Unlock()
	return !c.over() && c.decided.CompareAndSwap(false, true)
}

// Answer answers a call that comes in. That it is over already is no error.
func (c *Call) Answer() error {
	if !c.decide() {
		return nil
	}
	peer, err := parseSDP(c.invite.Body())
	if err != nil {
		_ = c.server.Respond(488, "Not Acceptable Here", nil)
		c.finish(Event{Kind: Failed, Detail: err.Error()})
		return err
	}
	// The other side may send as soon as it has our answer.
	c.media.start(peer)
	c.answered.Store(true)
	if err := c.server.RespondSDP(describe(c.media.local(), 1)); err != nil {
		if c.over() {
			return nil
		}
		c.finish(Event{Kind: Failed, Detail: err.Error()})
		return fmt.Errorf("phones: %s answers: %w", c.phone.options.User, err)
	}
	c.phone.tell(Event{Kind: Answered, Call: c})
	return nil
}

// Reject refuses a call that comes in. That it is over already is no error.
func (c *Call) Reject(status int) error {
	if !c.decide() {
		return nil
	}
	c.rejected.Store(true)
	reason := map[int]string{480: "Temporarily Unavailable", 486: "Busy Here", 603: "Decline", 404: "Not Found"}[status]
	if reason == "" {
		reason = "Refused"
	}
	err := c.server.Respond(status, reason, nil)
	c.finish(Event{Kind: Refused, Status: status})
	if err != nil {
		return fmt.Errorf("phones: %s refuses: %w", c.phone.options.User, err)
	}
	return nil
}

// onReinvite follows a change of the call's media.
func (p *Phone) onReinvite(r *sip.Request, tx sip.ServerTransaction) {
	p.mu.Lock()
	call := p.calls[r.CallID().Value()]
	p.mu.Unlock()
	if call == nil {
		_ = tx.Respond(sip.NewResponseFromRequest(r, 481, "Call/Transaction Does Not Exist", nil))
		return
	}
	if len(r.Body()) > 0 {
		peer, err := parseSDP(r.Body())
		if err != nil {
			_ = tx.Respond(sip.NewResponseFromRequest(r, 488, "Not Acceptable Here", nil))
			return
		}
		call.media.start(peer)
	}
	response := sip.NewSDPResponseFromRequest(r, describe(call.media.local(), int(call.versions.Add(1))+1))
	response.AppendHeader(sip.HeaderClone(&p.contact))
	if err := tx.Respond(response); err != nil {
		p.tell(Event{Kind: Failed, Call: call, Detail: fmt.Sprintf("renegotiation: %v", err)})
		return
	}
	p.tell(Event{Kind: Renegotiated, Call: call})
	// The answer is repeated until its ACK, or the other side's own limit.
	ctx, cancel := context.WithTimeout(context.Background(), 32*time.Second)
	defer cancel()
	select {
	case <-tx.Acks():
	case <-tx.Done():
	case <-call.ended:
	case <-ctx.Done():
	}
}

func (p *Phone) onBye(r *sip.Request, tx sip.ServerTransaction) {
	if p.servers.ReadBye(r, tx) == nil || p.clients.ReadBye(r, tx) == nil {
		return
	}
	_ = tx.Respond(sip.NewResponseFromRequest(r, 481, "Call/Transaction Does Not Exist", nil))
}
