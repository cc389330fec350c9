package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"contactd/acd"
	"contactd/acd/engine"
	"contactd/acd/voice"
	"contactd/ari"
	"contactd/internal/auth"
	"contactd/internal/config"
	"contactd/internal/httpapi"
	"contactd/store"
	pagesync "contactd/sync"
	"contactd/sync/wsroom"
)

// Names of the store's tables.
const (
	tableTokens   = "tokens"
	tableSessions = "sessions"
	tableCounts   = "limits"
	tableAnswers  = "idempotency"
)

// build makes the parts and wires them; nothing runs yet.
func (d *Daemon) build(ctx context.Context, c *config.Config, opened *store.Store) (*parts, error) {
	p := &parts{store: opened, news: newNews(), voices: voice.Switchboard{}, clients: map[acd.PBXID]*ari.Client{}}
	var err error
	p.tokens, err = auth.OpenTokens(ctx, auth.TokenOptions{Table: opened.Table(tableTokens), Contact: c.Tokens.Contact, Room: c.Tokens.Room})
	if err != nil {
		return nil, fmt.Errorf("app: %w", err)
	}
	p.sessions = auth.NewSessions(opened.Table(tableSessions), c.Tokens.Session, nil)
	p.keys = auth.NewAPIKeys(opened.Table(tableKeys), nil)
	who := people{opened}
	view := func() *acd.View { return p.engine.View() }

	p.hub = wsroom.New(wsroom.Options{
		Log: roomLog{opened}, Verifier: verifier(p.tokens), Logger: d.log,
		Site:    func(name string) (pagesync.Site, bool) { return siteOf(d.config(), name) },
		Changed: func(string) { p.news.tell() },
	})
	p.rooms = &rooms{
		hub: p.hub, tokens: p.tokens, people: who, settings: d.current, view: view, log: d.log,
		lines: map[acd.ContactID][]func(){},
	}
	if err := d.voices(c, p, who, view); err != nil {
		return nil, err
	}
	p.api = d.api(p, who)

	executors := engine.Executors{}
	// All that is done on the PBX is registered at once: a hang-up must not overtake the originate that it ends.
	executors.Register(originating{next: p.voices, limits: p.api.Limits(), settings: d.current, view: view, calls: &calls{}, metrics: d.metrics, log: d.log},
		acd.OriginateLeg{}, acd.AnswerLeg{}, acd.HangUpLeg{}, acd.StartMusic{}, acd.StartRingback{}, acd.StopSound{},
		acd.CreateBridge{}, acd.JoinLegs{}, acd.DestroyBridge{})
	executors.Register(p.rooms, acd.OpenRoom{}, acd.SetRole{}, acd.ShowCallState{}, acd.CloseRoom{})
	executors.Register(recorder{store: opened, retention: func() time.Duration { return d.config().Retention.Personal }, metrics: d.metrics, kept: p.news.tell, log: d.log}, acd.KeepRecord{})
	p.engine, err = engine.New(engine.Options{
		Journal: journal{opened, d.metrics.commits}, Snapshots: opened, Executors: executors, Log: d.log,
		Installation: opened.Installation(), Boot: opened.Boot(), Config: c.Core(),
	})
	if err != nil {
		return nil, fmt.Errorf("app: %w", err)
	}
	d.metrics.registry.MustRegister(scrape{engine: p.engine, hub: p.hub, pbxs: p.clients})
	return p, nil
}

// voices makes a client and a voice for every PBX.
func (d *Daemon) voices(c *config.Config, p *parts, who people, view func() *acd.View) error {
	known := directory{settings: d.current, view: view, people: who, store: p.store, arriving: &sync.Map{}, log: d.log}
	for name, pbx := range c.PBXs {
		id := acd.PBXID(name)
		ariConfig, err := ARIConfig(pbx)
		if err != nil {
			return fmt.Errorf("app: pbxs.%s: %w", name, err)
		}
		ariConfig.Log = d.log.With("pbx", name)
		client, err := ari.New(ariConfig)
		if err != nil {
			return fmt.Errorf("app: pbxs.%s: %w", name, err)
		}
		v, err := voice.New(voice.Options{
			PBX: id, Client: client, Application: pbx.App, Installation: p.store.Installation(), Directory: known, Log: d.log,
			Tell: func(in acd.Input) { d.tell(p.engine, in) },
		})
		if err != nil {
			return fmt.Errorf("app: pbxs.%s: %w", name, err)
		}
		p.clients[id], p.voices[id] = client, v
	}
	return nil
}

// tell hands an event of the PBX to the director. When the director is full the event waits here, and those behind it
// in the client's inbox, whose overflow ends the connection's epoch: nothing is lost without a word.
func (d *Daemon) tell(e *engine.Engine, in acd.Input) {
	for attempt := 0; ; attempt++ {
		err := e.Tell(in)
		switch {
		case err == nil:
			return
		case errors.Is(err, engine.ErrOverloaded):
			if attempt == 0 {
				d.log.Warn("director is full, events wait")
			}
			time.Sleep(tellPause)
		default:
			d.log.Debug("event after the director's end", "error", err)
			return
		}
	}
}

// tellPause lies between two attempts to hand an event to a full director.
const tellPause = 5 * time.Millisecond

// api makes the HTTP API.
func (d *Daemon) api(p *parts, who people) *httpapi.Server {
	customerAddress := func(r *http.Request) string {
		l := d.config().Listen.Customer
		return wsroom.Observed(r, l.Proxies())
	}
	agentAddress := func(r *http.Request) string {
		l := d.config().Listen.Agent
		return wsroom.Observed(r, l.Proxies())
	}
	return httpapi.New(httpapi.Options{
		Config: d.config, Director: director{p}, People: who, Records: records{p.store},
		Trunks: func(queue acd.QueueID, e164 string) []string { return d.current().trunks(queue, e164) },
		Room:   func(contact acd.ContactID) (httpapi.RoomView, bool) { return lookAt(p.hub, contact) },
		Counts: table{p.store.Table(tableCounts)}, Answers: table{p.store.Table(tableAnswers)},
		Tokens: p.tokens, Sessions: p.sessions, Keys: p.keys,
		CustomerRoom: p.hub.Handler(wsroom.Listener{
			Customers: true, Address: customerAddress,
			Origin: func(origin string) bool {
				for _, site := range d.config().Sites {
					if slices.Contains(site.Origins, origin) {
						return true
					}
				}
				return false
			},
		}),
		AgentRoom: p.hub.Handler(wsroom.Listener{
			Address: agentAddress,
			Origin: func(origin string) bool {
				l := d.config().Listen.Agent
				return origin == l.Origin()
			},
		}),
		Log: d.log, Observe: d.metrics.observe, Version: d.options.Version,
	})
}

// lookTimeout bounds the look at a room for a desk; a room that is slow to read is not shown this time.
const lookTimeout = 200 * time.Millisecond

// lookAt reads what the desk shows of a room.
func lookAt(hub *wsroom.Hub, contact acd.ContactID) (httpapi.RoomView, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	picture, err := hub.Look(ctx, string(contact))
	if err != nil {
		return httpapi.RoomView{}, false
	}
	return httpapi.RoomView{Shared: picture.Consent == pagesync.Granted, Address: picture.Address}, true
}

// director is the engine as httpapi asks it.
type director struct{ *parts }

var _ httpapi.Director = director{}

func (d director) Ask(ctx context.Context, in acd.Input) error {
	err := d.engine.Ask(ctx, in)
	if errors.Is(err, engine.ErrOverloaded) || errors.Is(err, engine.ErrStopped) {
		return fmt.Errorf("%w: %w", httpapi.ErrOverloaded, err)
	}
	return err
}

func (d director) View() *acd.View { return d.engine.View() }

// Changed is closed when the director, a room or the records have news.
func (d director) Changed() <-chan struct{} { return d.news.changed() }

// news tells desks and pages that something changed: in the director, in a room, or among the records.
type news struct {
	next atomic.Pointer[chan struct{}]
	told chan struct{}
}

func newNews() *news {
	n := &news{told: make(chan struct{}, 1)}
	next := make(chan struct{})
	n.next.Store(&next)
	return n
}

func (n *news) changed() <-chan struct{} { return *n.next.Load() }

// tell never blocks: several changes may be told as one.
func (n *news) tell() {
	select {
	case n.told <- struct{}{}:
	default:
	}
}

// run passes on what the engine and the rooms tell.
func (n *news) run(ctx context.Context, e *engine.Engine) {
	changed := e.Changed()
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
			changed = e.Changed()
		case <-n.told:
		}
		next := make(chan struct{})
		close(*n.next.Swap(&next))
	}
}
