package webtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	pagesync "contactd/sync"
	"contactd/sync/wsroom"
)

// rooms are the real page rooms, with a log in memory and tokens that are readable.
type rooms struct {
	*wsroom.Hub
	log             *memory
	customer, agent http.Handler
}

// newRooms makes them for the pages of one site; desk is the desk's origin.
func newRooms(t *testing.T, shop, desk string) *rooms {
	t.Helper()
	r := &rooms{log: &memory{rooms: map[string]wsroom.Stored{}}}
	r.Hub = wsroom.New(wsroom.Options{
		Log: r.log,
		Verifier: wsroom.VerifierFunc(func(token string) (wsroom.Person, error) {
			who, room, ok := strings.Cut(token, " ")
			if !ok {
				return wsroom.Person{}, errors.New("not a token of ours")
			}
			if who == "customer" {
				return wsroom.Person{Room: room, Subject: pagesync.SubjectCustomer}, nil
			}
			return wsroom.Person{Room: room, Subject: pagesync.AgentSubject("ann"), Name: "Ann"}, nil
		}),
		Site: func(string) (pagesync.Site, bool) {
			return pagesync.Site{Origins: []string{shop}, SecretParameters: []string{"voucher"}, ExcludedPaths: []string{"/admin"}}, true
		},
	})
	address := func(r *http.Request) string { host, _, _ := net.SplitHostPort(r.RemoteAddr); return host }
	r.customer = r.Handler(wsroom.Listener{Origin: func(o string) bool { return o == shop }, Address: address, Customers: true})
	r.agent = r.Handler(wsroom.Listener{Origin: func(o string) bool { return o == desk }, Address: address})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	return r
}

// begin opens a contact's room.
func (r *rooms) begin(contact, url string, consent bool) error {
	choice := pagesync.Unasked
	if consent {
		choice = pagesync.Granted
	}
	return r.OpenRoom(context.Background(), contact, wsroom.Opening{Site: "shop", URL: url, Consent: choice})
}

// bind gives the agent a role in the room.
func (r *rooms) bind(t *testing.T, contact string, role pagesync.Role) {
	t.Helper()
	if err := r.SetRole(context.Background(), contact, "ann", "Ann", role); err != nil {
		t.Fatal(err)
	}
}

// said is all that was committed, as text, to look for what must not be there.
func (r *rooms) said() string {
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	var b strings.Builder
	for _, room := range r.log.rooms {
		for _, record := range room.Records {
			fmt.Fprintf(&b, "%d %s\n", record.Offset, record.Data)
		}
	}
	return b.String()
}

// memory is a log that forgets with the test.
type memory struct {
	mu    sync.Mutex
	rooms map[string]wsroom.Stored
}

func (m *memory) Append(_ context.Context, room string, records []wsroom.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	stored := m.rooms[room]
	stored.Records = append(stored.Records, records...)
	m.rooms[room] = stored
	return nil
}

func (m *memory) Load(_ context.Context, room string) (wsroom.Stored, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	stored, ok := m.rooms[room]
	if !ok {
		return stored, wsroom.ErrNoRoom
	}
	return stored, nil
}

// Compact keeps everything: a test is short.
func (m *memory) Compact(context.Context, string, uint64, []byte, uint64) error { return nil }

// cuttable is a listener whose connections can all be cut at once, as a bad network does.
type cuttable struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func (c *cuttable) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.mu.Lock()
		c.conns = append(c.conns, conn)
		c.mu.Unlock()
	}
	return conn, err
}

func (c *cuttable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}
