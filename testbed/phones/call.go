package phones

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// Call is one call of a telephone.
type Call struct {
	// ID is SIP's Call-ID, which ARI shows as the channel's protocol_id.
	ID string
	// Number is who calls, or what was dialled.
	Number string
	// Incoming says which of the two.
	Incoming bool

	phone    *Phone
	media    *media
	invite   *sip.Request
	server   *sipgo.DialogServerSession // of an incoming call
	client   *sipgo.DialogClientSession // of an outgoing one
	cancel   context.CancelFunc         // ends the dialling of an outgoing one
	answered atomic.Bool
	decided  atomic.Bool // an incoming call has got its final answer
	deciding sync.Mutex  // keeps a 180 from following the final answer
	rejected atomic.Bool // … and it was a refusal
	hungUp   atomic.Bool // our side has ended it
	versions atomic.Int32

	ended  chan struct{}
	finish func(Event)
}

func (p *Phone) newCall(id, number string, incoming bool) (*Call, error) {
	c := &Call{ID: id, Number: number, Incoming: incoming, phone: p, ended: make(chan struct{})}
	var err error
	c.media, err = newMedia(p.options.Tone, func() { p.tell(Event{Kind: Heard, Call: c}) },
		func(key string) { p.tell(Event{Kind: Keyed, Call: c, Detail: key}) })
	if err != nil {
		return nil, err
	}
	var once sync.Once
	c.finish = func(ev Event) {
		once.Do(func() {
			c.media.close()
			p.mu.Lock()
			delete(p.calls, id)
			p.mu.Unlock()
			ev.Call = c
			p.tell(ev)
			close(c.ended)
		})
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		c.media.close()
		return nil, errClosed
	}
	p.calls[id] = c
	return c, nil
}

// Done is closed when the call is over, in whatever way.
func (c *Call) Done() <-chan struct{} { return c.ended }

// Header returns a header of the invitation, empty if it has none.
func (c *Call) Header(name string) string {
	if header := c.invite.GetHeader(name); header != nil {
		return header.Value()
	}
	return ""
}

// Heard returns all that was heard so far, as 16-bit samples at 8 kHz.
func (c *Call) Heard() []int16 {
	c.media.mu.Lock()
	defer c.media.mu.Unlock()
	return append([]int16(nil), c.media.heard...)
}

// WriteWAV writes what was heard so far.
func (c *Call) WriteWAV(w io.Writer) error { return WriteWAV(w, c.Heard()) }

// SetTone changes the tone that is sent; 0 is silence.
func (c *Call) SetTone(hz float64) {
	c.media.mu.Lock()
	defer c.media.mu.Unlock()
	c.media.hz = hz
}

// Press sends keys as RFC 4733 events, one after the other.
func (c *Call) Press(keys string) error {
	for i := range keys {
		found := false
		for j := range keyNames {
			found = found || keyNames[j] == keys[i]
		}
		if !found {
			return fmt.Errorf("phones: there is no key %q", keys[i])
		}
	}
	c.media.mu.Lock()
	defer c.media.mu.Unlock()
	c.media.keys = append(c.media.keys, keys...)
	return nil
}

// AwaitTone waits until, from now on, 200 ms of sound are mostly the tone.
func (c *Call) AwaitTone(ctx context.Context, hz float64) error {
	err := c.media.await(ctx, c.ended, func(newest []int16) bool { return Share(newest, hz) > 0.5 })
	if err != nil {
		return fmt.Errorf("phones: %s does not hear %g Hz: %w", c.phone.options.User, hz, err)
	}
	return nil
}

// AwaitNoTone waits until, from now on, 200 ms of sound have arrived in which the tone is not.
func (c *Call) AwaitNoTone(ctx context.Context, hz float64) error {
	err := c.media.await(ctx, c.ended, func(newest []int16) bool { return Share(newest, hz) < 0.05 })
	if err != nil {
		return fmt.Errorf("phones: %s still hears %g Hz: %w", c.phone.options.User, hz, err)
	}
	return nil
}

// HangUp ends the call: an answered one with BYE, a dialled one with CANCEL, one that comes in with 603. That it is over
// already is no error.
func (c *Call) HangUp(ctx context.Context) error {
	select {
	case <-c.ended:
		return nil
	default:
	}
	c.hungUp.Store(true)
	var err error
	switch {
	case c.Incoming && !c.answered.Load():
		return c.Reject(603)
	case c.Incoming:
		err = c.server.Bye(ctx)
	case !c.answered.Load():
		c.cancel()
		select {
		case <-c.ended:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("phones: %s gives up: %w", c.phone.options.User, ctx.Err())
		}
	default:
		err = c.client.Bye(ctx)
	}
	// The telephone is on the hook, whatever the other side says to it: it may have been restarted and know of no call.
	c.finish(c.end())
	if err != nil {
		return fmt.Errorf("phones: %s hangs up: %w", c.phone.options.User, err)
	}
	return nil
}

// end is the event of an answered call's end.
func (c *Call) end() Event {
	if c.hungUp.Load() {
		return Event{Kind: Ended, Detail: "us"}
	}
	return Event{Kind: Ended, Detail: "them"}
}
