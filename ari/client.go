package ari

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Client talks to one Asterisk as one Stasis application. See the package's documentation for its contract.
type Client struct {
	config        Config
	root          *url.URL
	authorization string
	http          *httpSender
	stats         counters
	running       atomic.Bool
	current       atomic.Pointer[epoch]
	inbox         *inbox
	// stalled belongs to the probe, of which there is one at a time.
	stalled bool
}

// epoch is one connection: the socket with the events and the lanes besides it live and die together.
type epoch struct {
	number uint64
	events *socket
	lanes  []*socket
}

// New returns a client, which does nothing yet but requests over HTTP; see [Client.Run]. The error names all that is wrong
// with the configuration.
func New(config Config) (*Client, error) {
	config, root, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Client{config: config, root: root, inbox: newInbox(config.InboxBytes)}
	c.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(config.Username+":"+config.Password))
	c.http = newHTTPSender(c)
	return c, nil
}

// Run connects, and connects again whenever the connection ends, until ctx ends. It calls handle for every event, one
// after the other and in order, on its own goroutine. A handle that is slow delays nothing but the events; if they fill
// the inbox the epoch ends with [ErrOverflow] and the next begins when there is room again. When ctx has ended, Run hands
// over what had already come, closes every connection and returns ctx's error. A client runs once.
func (c *Client) Run(ctx context.Context, handle func(Event)) error {
	if !c.running.CompareAndSwap(false, true) {
		return errors.New("ari: the client has been run already")
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.connectForever(ctx)
	}()
	for done := false; !done; {
		select {
		case <-c.inbox.filled:
		case <-ended:
			done = true
		}
		for _, e := range c.inbox.takeAll() {
			ev := e.own
			if ev == nil {
				ev = Decode(e.raw)
				c.stats.events.Add(1)
				if _, unknown := ev.(*UnknownEvent); unknown {
					c.stats.unknownEvents.Add(1)
				}
			}
			handle(ev)
			c.inbox.done(e)
		}
	}
	c.http.client.CloseIdleConnections()
	return ctx.Err()
}

// connectForever is the life of the connection.
func (c *Client) connectForever(ctx context.Context) {
	failures := 0
	for number := uint64(1); ctx.Err() == nil; {
		began := time.Now()
		connected, err := c.runEpoch(ctx, number)
		switch {
		case ctx.Err() != nil:
			return
		case connected:
			number++
			// An epoch that broke at once counts like a failed attempt, or a sick Asterisk would be hammered.
			if time.Since(began) >= c.config.BackoffMax {
				failures = 0
			}
		default:
			c.stats.connectFailures.Add(1)
			c.inbox.say(&ConnectFailed{Attempt: failures + 1, Err: err})
			c.config.Log.Warn("asterisk: cannot connect", slog.Int("attempt", failures+1), slog.Any("error", err))
		}
		pause := c.backoff(failures)
		if errors.Is(err, ErrReplaced) {
			// Two clients that take the application from each other must not do so as quickly as they can.
			pause = c.config.BackoffMax
		}
		failures++
		if !wait(ctx, time.After(pause)) {
			return
		}
		if room := c.inbox.roomy(); room != nil && !waitFor(ctx, room) {
			return
		}
	}
}

// backoff doubles with every failure, with half of it left to chance, so that many clients do not come at once.
func (c *Client) backoff(failures int) time.Duration {
	pause := c.config.BackoffMax
	if failures < 20 {
		pause = min(pause, c.config.BackoffMin<<failures)
	}
	return pause/2 + rand.N(pause/2+1)
}

func wait(ctx context.Context, after <-chan time.Time) bool {
	select {
	case <-ctx.Done():
		return false
	case <-after:
		return true
	}
}

func waitFor(ctx context.Context, ready <-chan struct{}) bool {
	select {
	case <-ctx.Done():
		return false
	case <-ready:
		return true
	}
}

// runEpoch connects and stays until the connection ends. It returns whether there was one, and why it ended.
func (c *Client) runEpoch(ctx context.Context, number uint64) (bool, error) {
	e, began, err := c.open(ctx, number)
	if err != nil {
		return false, err
	}
	// Said before the first event is read, and stored before it is said, so that its receiver can send requests.
	c.current.Store(e)
	c.stats.epochs.Add(1)
	c.inbox.say(began)
	c.config.Log.Info("asterisk: connected", slog.Uint64("epoch", number), slog.String("version", began.Version))

	ctx, end := context.WithCancelCause(ctx)
	var all sync.WaitGroup
	watch := func(s *socket, deliver func([]byte) error) {
		all.Go(func() {
			err := s.read(deliver)
			end(err)
			s.close(err)
		})
		all.Go(func() { s.ping(ctx) })
	}
	watch(e.events, c.deliver)
	for _, lane := range e.lanes {
		watch(lane, c.deliverOfLane)
	}
	if c.config.ProbeEvery > 0 {
		all.Go(func() { c.probe(ctx) })
	}
	<-ctx.Done()
	reason := context.Cause(ctx)
	c.current.Store(nil)
	for _, s := range e.sockets() {
		s.close(reason)
	}
	all.Wait()
	c.inbox.say(&EpochEnded{Epoch: number, Err: reason})
	level := slog.LevelWarn
	if errors.Is(reason, context.Canceled) {
		level = slog.LevelInfo // we were told to stop
	}
	c.config.Log.Log(context.WithoutCancel(ctx), level, "asterisk: connection ended", slog.Uint64("epoch", number), slog.Any("error", reason))
	return true, reason
}

// open makes all connections of an epoch, the one with the events last. Asterisk's answer to the question who it is comes
// first: it tells that credentials are right and that it has booted.
func (c *Client) open(ctx context.Context, number uint64) (_ *epoch, _ *EpochBegan, err error) {
	asking, cancel := context.WithTimeout(ctx, c.config.ConnectTimeout)
	defer cancel()
	info, err := Do(asking, c.http, GetInfo("system"))
	if err != nil {
		return nil, nil, err
	}
	began := &EpochBegan{Epoch: number}
	if info.System != nil {
		began.Version, began.EntityID = info.System.Version, info.System.EntityID
	}
	e := &epoch{number: number}
	defer func() {
		if err != nil {
			for _, s := range e.sockets() {
				s.close(err)
			}
		}
	}()
	for i := range c.config.Lanes {
		lane, err := c.connect(ctx, fmt.Sprintf("%s-lane-%d", c.config.Application, i+1))
		if err != nil {
			return nil, nil, err
		}
		e.lanes = append(e.lanes, lane)
	}
	if e.events, err = c.connect(ctx, c.config.Application); err != nil {
		return nil, nil, err
	}
	return e, began, nil
}

func (e *epoch) sockets() []*socket {
	if e.events == nil {
		return e.lanes
	}
	return append([]*socket{e.events}, e.lanes...)
}

// deliver takes what the events' socket brings.
func (c *Client) deliver(raw []byte) error {
	if !c.inbox.put(raw) {
		c.stats.overflows.Add(1)
		return fmt.Errorf("%w (%d bytes wait for the handler)", ErrOverflow, c.config.InboxBytes)
	}
	return c.replaced(raw, c.config.Application)
}

// deliverOfLane takes what a lane's socket brings besides answers: it has no channels, and so no events that matter.
func (c *Client) deliverOfLane(raw []byte) error { return c.replaced(raw, "") }

// replaced tells whether the message says that the application has been taken over.
func (c *Client) replaced(raw []byte, app string) error {
	kind, err := typeOf(raw)
	if err != nil || kind != "ApplicationReplaced" {
		return nil
	}
	if ev, ok := Decode(raw).(*ApplicationReplaced); ok && (app == "" || ev.Application == app) {
		return fmt.Errorf("%w: %s", ErrReplaced, ev.Application)
	}
	return nil
}

// probe asks Asterisk now and then to list its channels: some releases of 22 have deadlocks in which the socket goes on
// to answer pings while nothing else works (asterisk #1962, #1946, #2078, #2170).
func (c *Client) probe(ctx context.Context) {
	message, _ := ListChannels().Message()
	for wait(ctx, time.After(c.config.ProbeEvery)) {
		answers := make(chan error, 1)
		c.http.Send(ctx, message, func(_ Answer, err error) { answers <- err })
		err := <-answers
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !c.stalled:
			c.stalled = true
			c.inbox.say(&Stalled{Err: err})
			c.config.Log.Error("asterisk: does not list its channels, restart it if this stays", slog.Any("error", err))
		case err == nil && c.stalled:
			c.stalled = false
			c.inbox.say(&Recovered{})
			c.config.Log.Info("asterisk: lists its channels again")
		}
	}
}

// Send implements [Sender] over the WebSocket that brings the events. Between two epochs every request fails with
// [ErrNotConnected] and [ErrNotSent].
func (c *Client) Send(ctx context.Context, m Message, done func(Answer, error)) {
	if e := c.current.Load(); e != nil {
		e.events.Send(ctx, m, done)
		return
	}
	done(Answer{}, notSent(m, ErrNotConnected))
}

// HTTP returns the transport that uses HTTP with connections kept alive. It also works between two epochs, and a slow
// request does not delay the others, but nothing is said about the order in which they are carried out.
func (c *Client) HTTP() Sender { return c.http }

// Lane returns one of the [Config.Lanes], chosen by the key: the requests of one key keep their order, and those of others
// mostly do not delay them. Without lanes it is the client itself.
func (c *Client) Lane(key uint64) Sender { return lane{c, key} }

type lane struct {
	client *Client
	key    uint64
}

// Send implements [Sender].
func (l lane) Send(ctx context.Context, m Message, done func(Answer, error)) {
	e := l.client.current.Load()
	if e == nil || len(e.lanes) == 0 {
		l.client.Send(ctx, m, done)
		return
	}
	e.lanes[l.key%uint64(len(e.lanes))].Send(ctx, m, done)
}

// Connected tells whether there is an epoch at this moment.
func (c *Client) Connected() bool { return c.current.Load() != nil }

// counters are the parts of [Stats].
type counters struct {
	epochs, connectFailures, overflows, events, unknownEvents, requests, lateAnswers atomic.Uint64
}

// Stats are counters since the client was made.
type Stats struct {
	// Epochs counts the connections, ConnectFailures the attempts that came to nothing, Overflows the epochs that ended
	// because the handler did not keep up.
	Epochs, ConnectFailures, Overflows uint64
	// Events counts what was handed over, UnknownEvents those of it that this package does not know.
	Events, UnknownEvents uint64
	// Requests counts what was to be sent, LateAnswers the answers whose caller had given up.
	Requests, LateAnswers uint64
}

// Stats returns the counters.
func (c *Client) Stats() Stats {
	return Stats{
		Epochs: c.stats.epochs.Load(), ConnectFailures: c.stats.connectFailures.Load(), Overflows: c.stats.overflows.Load(),
		Events: c.stats.events.Load(), UnknownEvents: c.stats.unknownEvents.Load(),
		Requests: c.stats.requests.Load(), LateAnswers: c.stats.lateAnswers.Load(),
	}
}

var (
	_ Sender = (*Client)(nil)
	_ Sender = lane{}
)
