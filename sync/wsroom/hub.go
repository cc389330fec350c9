package wsroom

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	pagesync "contactd/sync"
)

// Options of [New].
type Options struct {
	Log      Log
	Verifier Verifier
	// Site returns the rules of a configured site; false when there is none of this name, whose pages then cannot be
	// shown. It is asked for every operation, so that a new configuration holds at once.
	Site func(name string) (pagesync.Site, bool)
	// Changed, when set, is told that [Hub.Look] has news of a room. It must not block nor call the hub.
	Changed func(room string)
	Logger  *slog.Logger
	// Now is the clock for what is stored; time.Now when nil.
	Now func() time.Time
	// PerAddress bounds the connections from one network address (IPv6: one /64); [DefaultPerAddress] when 0.
	PerAddress int
	// Probe is how long an older connection of a participant may take to show that it is alive; [DefaultProbe] when 0.
	Probe time.Duration
	// Hello is how long a connection may say nothing; [DefaultHello] when 0.
	Hello time.Duration
}

// Hub has all rooms of the daemon.
type Hub struct {
	options Options

	mu      sync.Mutex
	rooms   map[string]*room
	conns   map[*conn]struct{}
	perAddr map[string]int
	stopped bool

	// goroutines are readers, writers and workers.
	goroutines sync.WaitGroup

	slow, dropped atomic.Uint64
}

// New makes a hub. Without [Hub.Run] it works, but keeps nothing alive.
func New(options Options) *Hub {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Site == nil {
		options.Site = func(string) (pagesync.Site, bool) { return pagesync.Site{}, false }
	}
	if options.PerAddress <= 0 {
		options.PerAddress = DefaultPerAddress
	}
	if options.Probe <= 0 {
		options.Probe = DefaultProbe
	}
	if options.Hello <= 0 {
		options.Hello = DefaultHello
	}
	return &Hub{
		options: options,
		rooms:   make(map[string]*room), conns: make(map[*conn]struct{}), perAddr: make(map[string]int),
	}
}

// Stats of the hub, for metrics.
type Stats struct {
	Rooms, Connections int
	// Slow readers were closed; Dropped ephemeral frames came faster than they are passed on. Both count since the start.
	Slow, Dropped uint64
}

// Stats returns how many there are.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Stats{len(h.rooms), len(h.conns), h.slow.Load(), h.dropped.Load()}
}

// Run keeps connections alive until ctx ends; then it closes all of them, so that they resume elsewhere or after the
// restart, and returns when nothing of the hub runs any more.
func (h *Hub) Run(ctx context.Context) error {
	ticker := time.NewTicker(beatEvery / 5)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			for _, c := range h.connections() {
				c.tick(now)
			}
			h.forgetIdle(now)
		case <-ctx.Done():
			h.stop()
			return nil
		}
	}
}

func (h *Hub) connections() []*conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	conns := make([]*conn, 0, len(h.conns))
	for c := range h.conns {
		conns = append(conns, c)
	}
	return conns
}

func (h *Hub) stop() {
	h.mu.Lock()
	h.stopped = true
	h.mu.Unlock()
	conns := h.connections()
	for _, c := range conns {
		c.end(closeRestarting)
	}
	timer := time.NewTimer(closeWithin)
	defer timer.Stop()
	for _, c := range conns {
		select {
		case <-c.gone:
		case <-timer.C:
			for _, c := range conns {
				c.drop()
			}
		}
	}
	h.goroutines.Wait()
}

// add counts a new connection; false when there are too many from its address, or the hub has stopped.
func (h *Hub) add(c *conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	crowd := neighbours(c.address)
	if h.stopped || h.perAddr[crowd] >= h.options.PerAddress {
		return false
	}
	h.perAddr[crowd]++
	h.conns[c] = struct{}{}
	h.goroutines.Add(1)
	return true
}

func (h *Hub) remove(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.conns, c)
	crowd := neighbours(c.address)
	if h.perAddr[crowd]--; h.perAddr[crowd] <= 0 {
		delete(h.perAddr, crowd)
	}
}

// full says whether one more connection from the address is too many.
func (h *Hub) full(address string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.perAddr[neighbours(address)] >= h.options.PerAddress
}

// enqueue gives a task to a room, which is brought into memory by its worker.
func (h *Hub) enqueue(id string, t task) error {
	if !validID(id) {
		return fmt.Errorf("wsroom: room %q: %w", id, ErrNoRoom)
	}
	for {
		h.mu.Lock()
		if h.stopped {
			h.mu.Unlock()
			return fmt.Errorf("wsroom: room %s: %w", id, ErrStopped)
		}
		r := h.rooms[id]
		if r == nil {
			r = newRoom(h, id)
			h.rooms[id] = r
		}
		h.goroutines.Add(1) // Until the room's worker counts itself: see stop.
		h.mu.Unlock()
		taken := r.enqueue(t)
		h.goroutines.Done()
		if taken {
			return nil
		}
		// The room was just forgotten; the next one of this id is another.
	}
}

// forget takes a room out of memory. The room is marked as dead before.
func (h *Hub) forget(r *room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rooms[r.id] == r {
		delete(h.rooms, r.id)
	}
}

func (h *Hub) forgetIdle(now time.Time) {
	h.mu.Lock()
	rooms := make([]*room, 0, len(h.rooms))
	for _, r := range h.rooms {
		rooms = append(rooms, r)
	}
	h.mu.Unlock()
	for _, r := range rooms {
		if r.retire(now.Add(-idleRoom)) {
			h.forget(r)
		}
	}
}

// validID: rooms are named by contacts, 32 lower-case hexadecimal digits.
func validID(id string) bool {
	if len(id) != 32 {
		return false
	}
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// newSecret makes a resume secret.
func newSecret() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // Never fails (crypto/rand).
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func newEpoch() string {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
