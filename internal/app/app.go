package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"contactd/acd"
	"contactd/acd/engine"
	"contactd/acd/voice"
	"contactd/ari"
	"contactd/internal/auth"
	"contactd/internal/config"
	"contactd/internal/httpapi"
	"contactd/store"
	"contactd/sync/wsroom"
)

// Options of [New].
type Options struct {
	Log     *slog.Logger
	Version string
}

// Daemon is a contactd.
type Daemon struct {
	options  Options
	log      *slog.Logger
	settings atomic.Pointer[settings]
	metrics  *metrics

	// reload hands a new configuration to the running daemon.
	reloads chan acd.Config
	ready   chan struct{}
	address Addresses
}

// Addresses are where the daemon listens; with port 0 in the configuration they are the system's choice.
type Addresses struct{ Customer, Agent, Metrics string }

// drainTimeout is how long requests that are being answered may take when the daemon stops.
const drainTimeout = 10 * time.Second

// sweepEvery is how often expired data and agents without session are looked for.
const sweepEvery = time.Minute

// New makes a daemon that does nothing until Run.
func New(c *config.Config, options Options) (*Daemon, error) {
	if err := Check(c); err != nil {
		return nil, err
	}
	s, err := newSettings(c)
	if err != nil {
		return nil, err
	}
	d := &Daemon{options: options, log: options.Log, metrics: newMetrics(), reloads: make(chan acd.Config, 1), ready: make(chan struct{})}
	d.settings.Store(&s)
	return d, nil
}

// Ready is closed when the daemon answers requests.
func (d *Daemon) Ready() <-chan struct{} { return d.ready }

// Addresses may be asked for after Ready.
func (d *Daemon) Addresses() Addresses { return d.address }

func (d *Daemon) current() settings      { return *d.settings.Load() }
func (d *Daemon) config() *config.Config { return d.current().config }

// parts are what a running daemon is made of.
type parts struct {
	store    *store.Store
	tokens   *auth.Tokens
	sessions *auth.Sessions
	keys     *auth.APIKeys
	engine   *engine.Engine
	voices   voice.Switchboard
	clients  map[acd.PBXID]*ari.Client
	hub      *wsroom.Hub
	rooms    *rooms
	news     *news
	api      *httpapi.Server
}

// Run runs the daemon until ctx ends or it cannot go on, and returns when all of it has stopped.
func (d *Daemon) Run(ctx context.Context) error {
	c := d.config()
	opened, err := store.Open(filepath.Join(c.DataDir, databaseFile), store.Options{Log: d.log})
	if err != nil {
		return fmt.Errorf("app: %w", err)
	}
	err = d.run(ctx, c, opened)
	if err != nil {
		// Whoever waits in the listeners learns nothing more; the log says why.
		d.log.Error("stopped", "error", err)
	}
	return errors.Join(err, opened.Close())
}

func (d *Daemon) run(ctx context.Context, c *config.Config, opened *store.Store) error {
	p, err := d.build(ctx, c, opened)
	if err != nil {
		return err
	}
	customer, err := p.api.Customer()
	if err != nil {
		return fmt.Errorf("app: %w", err)
	}
	agent, err := p.api.Agent()
	if err != nil {
		return fmt.Errorf("app: %w", err)
	}

	requests, endRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer endRequests()
	core, stopCore := context.WithCancel(context.WithoutCancel(ctx))
	defer stopCore()
	lines, stopLines := context.WithCancel(context.WithoutCancel(ctx))
	defer stopLines()

	inner, outer := newActors(), newActors()
	inner.run("director", func() error { return p.engine.Run(core) })
	inner.run("rooms", func() error { return p.hub.Run(core) })
	if err := recovered(ctx, p.engine, inner); err != nil || ctx.Err() != nil {
		stopCore()
		return errors.Join(err, inner.wait())
	}
	for id, v := range p.voices {
		outer.run("PBX "+string(id), func() error { return ignoreCancelled(lines, v.Run(lines)) })
	}
	inner.run("news", func() error { p.news.run(core, p.engine); return nil })
	inner.run("housekeeping", func() error { d.keepHouse(core, p); return nil })

	servers, err := d.serve(requests, outer, c, p, customer, agent)
	if err == nil {
		close(d.ready)
		d.log.Info("ready", "customer", d.address.Customer, "agent", d.address.Agent, "metrics", d.address.Metrics)
		err = d.watch(ctx, inner, outer, p)
	}

	// Nobody is taken in any more, then what was begun is ended, then the lines to the PBXs are let go.
	endRequests()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	for _, s := range servers {
		if fault := s.Shutdown(drain); fault != nil {
			err = errors.Join(err, fault, s.Close())
		}
	}
	stopCore()
	err = errors.Join(err, inner.wait())
	p.rooms.busy.Wait()
	stopLines()
	return errors.Join(err, outer.wait())
}

// recovered waits until the director has shown what it knows: nobody is told anything before.
func recovered(ctx context.Context, e *engine.Engine, inner *actors) error {
	for {
		changed := e.Changed()
		if !e.View().At.IsZero() {
			return nil
		}
		select {
		case <-changed:
		case err := <-inner.failed:
			return err
		case <-ctx.Done():
			return nil
		}
	}
}

// watch waits for the end, and puts new configurations in force.
func (d *Daemon) watch(ctx context.Context, inner, outer *actors, p *parts) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-inner.failed:
			return err
		case err := <-outer.failed:
			return err
		case <-p.store.Failed():
			return fmt.Errorf("app: the database: %w", p.store.Err())
		case core := <-d.reloads:
			if err := p.engine.Ask(ctx, acd.ConfigurationApplied{Config: core}); err != nil && ctx.Err() == nil {
				d.log.Error("director did not take the configuration", "error", err)
			}
		}
	}
}

// serve opens the listeners.
func (d *Daemon) serve(ctx context.Context, outer *actors, c *config.Config, p *parts, customer, agent http.Handler) ([]*http.Server, error) {
	measured := http.NewServeMux()
	measured.Handle("GET /metrics", promhttp.HandlerFor(d.metrics.registry, promhttp.HandlerOpts{}))
	managed := control(p.keys, func(ctx context.Context, id acd.ContactID) (why acd.Explanation, err error) {
		known := false
		err = p.engine.Look(ctx, func(s *acd.State) { why, known = s.Explain(id) })
		if err == nil && !known {
			err = fmt.Errorf("there is no open contact %s; GET /v1/records/%s has the story of one that has ended", id, id)
		}
		return why, err
	})
	var servers []*http.Server
	start := func(name string, handler http.Handler, open func() (net.Listener, error)) (string, error) {
		listener, err := open()
		if err != nil {
			return "", err
		}
		s := server(ctx, name, handler, d.log)
		servers = append(servers, s)
		outer.run(name+" listener", func() error {
			if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
		return listener.Addr().String(), nil
	}
	var err error
	if d.address.Customer, err = start("customer", customer, func() (net.Listener, error) { return listen("customer", c.Listen.Customer) }); err != nil {
		return servers, err
	}
	if d.address.Agent, err = start("agent", agent, func() (net.Listener, error) { return listen("agent", c.Listen.Agent) }); err != nil {
		return servers, err
	}
	if a := c.Listen.Metrics.Address; a != "" {
		if d.address.Metrics, err = start("metrics", measured, func() (net.Listener, error) { return listen("metrics", config.Listener{Address: a}) }); err != nil {
			return servers, err
		}
	}
	if _, err := start("control", managed, func() (net.Listener, error) { return listenControl(c.DataDir) }); err != nil {
		// The socket's path may be too long for the system; everything else works without it.
		d.log.Warn("commands of this machine cannot reach the daemon", "error", err)
	}
	return servers, nil
}

// keepHouse lets expired data go, and signs out agents whose session has ended.
func (d *Daemon) keepHouse(ctx context.Context, p *parts) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if _, err := p.store.Sweep(ctx); err != nil && ctx.Err() == nil {
			d.log.Error("sweep failed", "error", err)
		}
		if _, err := p.store.PruneJournal(ctx); err != nil && ctx.Err() == nil {
			d.log.Error("journal not pruned", "error", err)
		}
		// The agents first: who signs in after that has a session before being among them.
		agents := p.engine.View().Agents
		users, err := p.sessions.Users(func(user string) string { return d.config().Agents[user].PasswordHash.Reveal() })
		if err != nil {
			d.log.Error("sessions not readable", "error", err)
			continue
		}
		for id, agent := range agents {
			if agent.State == acd.LoggedOut || users[string(id)] {
				continue
			}
			if err := p.engine.Ask(ctx, acd.AgentSignedOut{Agent: id}); err != nil && ctx.Err() == nil {
				d.log.Warn("agent without session not signed out", "agent", id, "error", err)
			}
		}
	}
}

// actors run side by side; the first that fails is told.
type actors struct {
	failed chan error
	wg     sync.WaitGroup
	mu     sync.Mutex
	faults []error
}

func newActors() *actors { return &actors{failed: make(chan error, 1)} }

// run starts an actor. Its end without an error is no failure.
func (a *actors) run(name string, act func() error) {
	a.wg.Go(func() {
		err := act()
		if err == nil {
			return
		}
		err = fmt.Errorf("app: %s: %w", name, err)
		a.mu.Lock()
		a.faults = append(a.faults, err)
		a.mu.Unlock()
		select {
		case a.failed <- err:
		default:
		}
	})
}

// wait waits for all, and returns the errors that nobody was told.
func (a *actors) wait() error {
	a.wg.Wait()
	told := 1 - len(a.failed) // The first was told if its message was taken.
	a.mu.Lock()
	defer a.mu.Unlock()
	return errors.Join(a.faults[min(told, len(a.faults)):]...)
}

func ignoreCancelled(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
