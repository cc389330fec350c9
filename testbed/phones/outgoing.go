package phones

import (
	"context"
	"errors"
	"fmt"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// RefusedError tells that a call was not answered.
type RefusedError struct {
	Status int
	Reason string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("phones: refused: %d %s", e.Status, e.Reason)
}

// Call dials a number and returns when it is answered. The end of ctx, or [Call.HangUp], gives up.
func (p *Phone) Call(ctx context.Context, number string) (*Call, error) {
	call, answer, err := p.Dial(ctx, number)
	if err != nil {
		return nil, err
	}
	if err := <-answer; err != nil {
		return nil, err
	}
	return call, nil
}

// Dial dials a number and returns at once. The channel gives nil when the call is answered, else why it is not: a
// [*RefusedError], or ctx's error when the caller gave up.
func (p *Phone) Dial(ctx context.Context, number string) (*Call, <-chan error, error) {
	target, err := p.uri(number)
	if err != nil {
		return nil, nil, err
	}
	id := sip.GenerateTagN(24) + "@127.0.0.1"
	call, err := p.newCall(id, number, false)
	if err != nil {
		return nil, nil, err
	}
	request := sip.NewRequest(sip.INVITE, target)
	callID := sip.CallIDHeader(id)
	request.AppendHeader(&callID)
	request.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	request.SetBody(describe(call.media.local(), 1))
	call.invite = request
	// The dialling outlives ctx only for as long as it takes to give up.
	ctx, call.cancel = context.WithCancel(ctx)
	p.tell(Event{Kind: Dialled, Call: call})
	call.client, err = p.clients.WriteInvite(ctx, request)
	if err != nil {
		call.cancel()
		call.finish(Event{Kind: Failed, Detail: err.Error()})
		return nil, nil, fmt.Errorf("phones: %s dials %s: %w", p.options.User, number, err)
	}
	answer := make(chan error, 1)
	dialling := p.spawn(func() {
		defer call.cancel()
		answer <- call.awaitAnswer(ctx)
	})
	if !dialling {
		call.cancel()
		call.finish(Event{Kind: Cancelled})
		return nil, nil, errClosed
	}
	return call, answer, nil
}

func (c *Call) awaitAnswer(ctx context.Context) error {
	err := c.client.WaitAnswer(ctx, sipgo.AnswerOptions{
		Username: c.phone.options.User, Password: c.phone.options.Password,
		OnResponse: func(r *sip.Response) error {
			if !r.IsProvisional() || r.StatusCode == sip.StatusTrying {
				return nil
			}
			c.phone.tell(Event{Kind: Progressed, Call: c, Status: r.StatusCode})
			if peer, err := parseSDP(r.Body()); err == nil {
				c.media.start(peer) // early media
			}
			return nil
		},
	})
	var refused *sipgo.ErrDialogResponse
	switch {
	case errors.As(err, &refused):
		c.finish(Event{Kind: Refused, Status: refused.Res.StatusCode, Detail: refused.Res.Reason})
		return &RefusedError{refused.Res.StatusCode, refused.Res.Reason}
	case ctx.Err() != nil && err != nil:
		// An answer that crossed our CANCEL has made a call, which must be ended like one (RFC 3261 § 9.1).
		if answer := c.client.InviteResponse; answer != nil && answer.IsSuccess() {
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
			defer cancel()
			if ackErr := c.client.Ack(closing); ackErr == nil {
				_ = c.client.Bye(closing)
			}
		}
		c.finish(Event{Kind: Cancelled})
		return fmt.Errorf("phones: %s gave up: %w", c.phone.options.User, ctx.Err())
	case err != nil:
		c.finish(Event{Kind: Failed, Detail: err.Error()})
		return fmt.Errorf("phones: %s dials %s: %w", c.phone.options.User, c.Number, err)
	}
	peer, err := parseSDP(c.client.InviteResponse.Body())
	if err == nil {
		err = c.client.Ack(context.WithoutCancel(ctx))
	}
	if err != nil {
		c.finish(Event{Kind: Failed, Detail: err.Error()})
		return fmt.Errorf("phones: %s dials %s: %w", c.phone.options.User, c.Number, err)
	}
	c.media.start(peer)
	c.answered.Store(true)
	c.phone.tell(Event{Kind: Answered, Call: c})
	// The other side may have hung up in the meantime.
	c.phone.work.Go(func() {
		select {
		case <-c.client.Context().Done():
			c.finish(c.end())
		case <-c.ended:
		}
	})
	return nil
}
