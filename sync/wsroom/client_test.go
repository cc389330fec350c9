package wsroom_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	pagesync "contactd/sync"
	"contactd/sync/wsroom"
)

const (
	roomA    = "0123456789abcdef0123456789abcdef"
	roomB    = "fedcba9876543210fedcba9876543210"
	shopPage = "https://shop.example/"
	patience = 30 * time.Second
)

// memLog is a log in memory whose commits can be held up and made to fail.
type memLog struct {
	mu    sync.Mutex
	rooms map[string]wsroom.Stored
	fail  error
	// gate, when set, is received from before each commit.
	gate chan struct{}
	// began is sent to when a commit waits at the gate.
	began chan struct{}
}

func newMemLog() *memLog {
	return &memLog{rooms: make(map[string]wsroom.Stored), began: make(chan struct{}, 100)}
}

func (l *memLog) setGate(gate chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gate = gate
}

func (l *memLog) setFail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = err
}

func (l *memLog) Append(_ context.Context, room string, records []wsroom.Record) error {
	l.mu.Lock()
	gate := l.gate
	l.mu.Unlock()
	if gate != nil {
		l.began <- struct{}{}
		<-gate
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return l.fail
	}
	stored := l.rooms[room]
	for _, r := range records {
		if n := len(stored.Records); n > 0 && stored.Records[n-1].Offset+1 != r.Offset {
			return fmt.Errorf("offset %d after %d", r.Offset, stored.Records[n-1].Offset)
		}
		stored.Records = append(stored.Records, r)
	}
	l.rooms[room] = stored
	return nil
}

func (l *memLog) Load(_ context.Context, room string) (wsroom.Stored, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	stored, ok := l.rooms[room]
	if !ok {
		return stored, fmt.Errorf("load: %w", wsroom.ErrNoRoom)
	}
	stored.Records = append([]wsroom.Record(nil), stored.Records...)
	return stored, nil
}

func (l *memLog) Compact(_ context.Context, room string, offset uint64, state []byte, trimTo uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	stored := l.rooms[room]
	stored.Snapshot, stored.SnapshotOffset = state, offset
	for len(stored.Records) > 0 && stored.Records[0].Offset <= trimTo {
		stored.Records = stored.Records[1:]
	}
	l.rooms[room] = stored
	return nil
}

// wishes lists the operations of a room's log that people wished for, with sender and number.
func (l *memLog) wishes(t *testing.T, room string) (wishes []string) {
	stored, err := l.Load(context.Background(), room)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range stored.Records {
		e, err := pagesync.DecodeEntry(r.Offset, r.Data)
		if err != nil {
			t.Fatal(err)
		}
		if e.From != "" {
			wishes = append(wishes, fmt.Sprintf("%s %d %v", e.From, e.N, e.Op))
		}
	}
	return wishes
}

// house is a hub with its two listeners.
type house struct {
	t               *testing.T
	hub             *wsroom.Hub
	log             wsroom.Log
	customer, agent *httptest.Server
	stop            func()
}

// tokens are plain here: "ROOM SUBJECT NAME", with "!" behind a supervisor's name.
func verify(token string) (wsroom.Person, error) {
	parts := strings.Split(token, " ")
	if len(parts) != 3 {
		return wsroom.Person{}, errors.New("bad token")
	}
	name, supervisor := strings.CutSuffix(parts[2], "!")
	return wsroom.Person{Room: parts[0], Subject: parts[1], Name: name, Supervisor: supervisor}, nil
}

func newHouse(t *testing.T, log wsroom.Log, change ...func(*wsroom.Options)) *house {
	t.Helper()
	h := &house{t: t, log: log}
	options := wsroom.Options{
		Log: log, Verifier: wsroom.VerifierFunc(verify),
		Site: func(name string) (pagesync.Site, bool) {
			return pagesync.Site{Origins: []string{"https://shop.example"}}, name == "shop"
		},
	}
	for _, f := range change {
		f(&options)
	}
	h.hub = wsroom.New(options)
	address := func(r *http.Request) string { return wsroom.Observed(r, nil) }
	origin := func(allowed ...string) func(string) bool {
		return func(o string) bool {
			for _, a := range allowed {
				if a == o {
					return true
				}
			}
			return false
		}
	}
	h.customer = httptest.NewServer(h.hub.Handler(wsroom.Listener{
		Origin: origin("https://shop.example", "https://news.example"), Address: address, Customers: true,
	}))
	h.agent = httptest.NewServer(h.hub.Handler(wsroom.Listener{Origin: origin("https://desk.example"), Address: address}))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = h.hub.Run(ctx)
	}()
	h.stop = sync.OnceFunc(func() {
		cancel()
		<-ended
		h.customer.Close()
		h.agent.Close()
	})
	t.Cleanup(h.stop)
	return h
}

// open opens a room with consent, in which ann is the agent.
func (h *house) open(room string) {
	h.t.Helper()
	ctx := context.Background()
	h.must(h.hub.OpenRoom(ctx, room, wsroom.Opening{Site: "shop", URL: shopPage, Consent: pagesync.Granted}))
	h.must(h.hub.SetRole(ctx, room, "ann", "Ann", pagesync.RoleAgent))
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// client is a browser.
type client struct {
	t  *testing.T
	ws *websocket.Conn
	// what it keeps
	you, secret, epoch string
	offset, last       uint64
	how                string
	seen               []map[string]any
}

type seat struct{ server, origin, token string }

func (h *house) asCustomer(room string) seat {
	return seat{h.customer.URL, "https://shop.example", room + " customer Carl"}
}

func (h *house) asAgent(room, agent string) seat {
	return seat{h.agent.URL, "https://desk.example", room + " agent:" + agent + " Name"}
}

func dial(t *testing.T, s seat) *websocket.Conn {
	t.Helper()
	header := http.Header{}
	if s.origin != "" {
		header.Set("Origin", s.origin)
	}
	dialer := websocket.Dialer{Subprotocols: []string{wsroom.Subprotocol}, HandshakeTimeout: patience}
	ws, _, err := dialer.Dial(strings.Replace(s.server, "http", "ws", 1)+"/v1/room", header)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	return ws
}

// connect dials and says hello, and nothing more.
func connect(t *testing.T, s seat, kept *client) *client {
	t.Helper()
	c := &client{t: t, ws: dial(t, s)}
	hello := map[string]any{"t": "hello", "token": s.token}
	if kept != nil && kept.you != "" {
		c.you, c.secret, c.epoch, c.offset = kept.you, kept.secret, kept.epoch, kept.offset
		hello["resume"] = map[string]any{"you": kept.you, "secret": kept.secret, "epoch": kept.epoch, "offset": kept.offset}
	}
	c.say(hello)
	return c
}

// join connects and waits until it is live.
func join(t *testing.T, s seat, kept *client) *client {
	t.Helper()
	c := connect(t, s, kept)
	c.until("people")
	return c
}

func (c *client) say(frame map[string]any) {
	c.t.Helper()
	if err := c.ws.WriteJSON(frame); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) op(n int, op map[string]any) {
	c.t.Helper()
	c.say(map[string]any{"t": "op", "n": n, "op": op})
}

func (c *client) chat(n int, text string) {
	c.t.Helper()
	c.op(n, map[string]any{"kind": "chat", "text": text})
}

// next reads a frame as a browser would, and remembers what a client keeps.
func (c *client) next() (map[string]any, error) {
	_ = c.ws.SetReadDeadline(time.Now().Add(patience))
	var f map[string]any
	for {
		_, data, err := c.ws.ReadMessage()
		if err != nil {
			return nil, err
		}
		f = nil
		if err := json.Unmarshal(data, &f); err != nil {
			c.t.Fatalf("%s: %v", data, err)
		}
		if f["t"] != "beat" {
			break
		}
	}
	switch f["t"] {
	case "welcome":
		if f["how"] != "resumed" {
			c.offset = 0
		}
		c.how, c.you, c.secret, c.epoch, c.last = f["how"].(string), f["you"].(string), f["secret"].(string), f["epoch"].(string), uint64(f["last"].(float64))
	case "op", "snapshot":
		offset := uint64(f["offset"].(float64))
		if f["t"] == "op" && offset <= c.offset {
			c.t.Fatalf("offset %d after %d: %v", offset, c.offset, f)
		}
		c.offset = max(c.offset, offset)
	}
	c.seen = append(c.seen, f)
	return f, nil
}

// until reads up to the next frame of the name.
func (c *client) until(name string) map[string]any {
	c.t.Helper()
	for {
		f, err := c.next()
		if err != nil {
			c.t.Fatalf("waiting for %q: %v; saw %v", name, err, c.seen)
		}
		if f["t"] == name {
			return f
		}
	}
}

// untilOp reads up to the next operation of the kind and returns it.
func (c *client) untilOp(kind string) map[string]any {
	c.t.Helper()
	for {
		if op := c.until("op")["op"].(map[string]any); op["kind"] == kind {
			return op
		}
	}
}

// closed reads until the end and returns the close code.
func (c *client) closed() int {
	c.t.Helper()
	for {
		if _, err := c.next(); err != nil {
			var closed *websocket.CloseError
			if !errors.As(err, &closed) {
				c.t.Fatalf("the connection ended without a code: %v", err)
			}
			return closed.Code
		}
	}
}
