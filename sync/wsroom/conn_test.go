package wsroom

import (
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	pagesync "contactd/sync"
)

// pipe is a connection whose peer reads when the test does.
func pipe(t *testing.T) (*conn, net.Conn) {
	ours, theirs := net.Pipe()
	c := &conn{hub: New(Options{}), raw: ours, gone: make(chan struct{})}
	c.ws = handshake(t)
	t.Cleanup(func() {
		theirs.Close()
		c.drop()
		c.hub.goroutines.Wait()
	})
	return c, theirs
}

// handshake makes a WebSocket connection for a conn that only sets deadlines on it.
func handshake(t *testing.T) *websocket.Conn {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var upgrader websocket.Upgrader
		ws, err := upgrader.Upgrade(w, r, nil)
		if err == nil {
			ws.Close()
		}
	}))
	defer server.Close()
	ws, _, err := websocket.DefaultDialer.Dial(strings.Replace(server.URL, "http", "ws", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	return ws
}

// waitTaken waits until the writer has taken what was queued.
func waitTaken(c *conn) {
	for {
		c.mu.Lock()
		taken := len(c.frames) == 0
		c.mu.Unlock()
		if taken {
			return
		}
		runtime.Gosched()
	}
}

// readFrame reads one frame as a peer would.
func readFrame(t *testing.T, from io.Reader) (opcode byte, payload []byte) {
	t.Helper()
	var head [2]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		t.Fatal(err)
	}
	n := int(head[1])
	switch n {
	case 126:
		var b [2]byte
		_, _ = io.ReadFull(from, b[:])
		n = int(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		_, _ = io.ReadFull(from, b[:])
		n = int(binary.BigEndian.Uint64(b[:]))
	}
	payload = make([]byte, n)
	if _, err := io.ReadFull(from, payload); err != nil {
		t.Fatal(err)
	}
	return head[0] & 0x0f, payload
}

func TestSlowReaderIsClosedWithACode(t *testing.T) {
	c, peer := pipe(t)
	payload := text([]byte(strings.Repeat("x", 10_000)))
	for range MaxQueued/len(payload) + 50 {
		c.send(payload, false)
	}
	for {
		opcode, payload := readFrame(t, peer)
		if opcode == websocket.CloseMessage {
			if code := binary.BigEndian.Uint16(payload); code != 4008 || !strings.HasPrefix(string(payload[2:]), "slow: ") {
				t.Fatalf("closed with %d %s", code, payload[2:])
			}
			return
		}
	}
}

// What is alive is asked from time to time whether it is; what is stuck is dropped.
func TestTick(t *testing.T) {
	c, peer := pipe(t)
	now := time.Now()
	c.beat = now.Add(time.Second - beatEvery)
	c.tick(now)
	c.send(text([]byte("too early for a beat")), false)
	c.beat = now.Add(-beatEvery)
	c.tick(now)
	c.tick(now.Add(time.Second)) // Once is enough.
	c.send(text([]byte("last")), false)
	for _, want := range []struct {
		opcode byte
		words  string
	}{{websocket.TextMessage, "too early for a beat"}, {websocket.PingMessage, ""}, {websocket.TextMessage, `{"t":"beat"}`}, {websocket.TextMessage, "last"}} {
		opcode, payload := readFrame(t, peer)
		if opcode != want.opcode || string(payload) != want.words {
			t.Fatalf("read %d %q, want %d %q", opcode, payload, want.opcode, want.words)
		}
	}
	c.send(text([]byte("nobody reads this")), false)
	waitTaken(c)
	c.mu.Lock()
	since := c.since
	c.mu.Unlock()
	c.tick(since.Add(stuckAfter))
	if c.isClosed() {
		t.Fatal("a write is taken for stuck before its time")
	}
	c.tick(since.Add(stuckAfter + 1))
	if !c.isClosed() {
		t.Fatal("a stuck write keeps the connection")
	}
}

// Of what waits, the newest of each person and kind is kept, and nothing of a page that was left.
func TestFleetingIsOverwritten(t *testing.T) {
	c, peer := pipe(t)
	ann, bob := &conn{}, &conn{}
	c.send(text([]byte("first")), false) // The writer takes this one and waits for the peer.
	waitTaken(c)
	flash := func(from *conn, kind pagesync.FleetingKind, words string) {
		c.flash(fleeting{from, kind, text([]byte(words))})
	}
	flash(ann, pagesync.Pointer, "ann old page")
	c.send(text([]byte("navigate")), true)
	flash(ann, pagesync.Pointer, "ann 1")
	flash(bob, pagesync.Pointer, "bob 1")
	flash(ann, pagesync.Scroll, "ann scroll")
	flash(ann, pagesync.Pointer, "ann 2")
	for _, want := range []string{"first", "navigate", "ann 2", "bob 1", "ann scroll"} {
		if _, got := readFrame(t, peer); string(got) != want {
			t.Fatalf("read %q, want %q", got, want)
		}
	}
}

func TestFrameHeaders(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 65535, 65536, 200_000} {
		payload := strings.Repeat("x", n)
		opcode, got := readFrame(t, strings.NewReader(string(text([]byte(payload)))))
		if opcode != websocket.TextMessage || string(got) != payload {
			t.Errorf("a payload of %d bytes is read as %d bytes, opcode %d", n, len(got), opcode)
		}
	}
}

func TestCloseReasonsFit(t *testing.T) {
	for n := range 300 {
		reason := closeMalformed.because(strings.Repeat("ä", n)).reason()
		if len(reason) > 123 || strings.ContainsRune(reason, '\uFFFD') {
			t.Fatalf("%q", reason)
		}
	}
}

func TestBucket(t *testing.T) {
	var b bucket
	now := time.Unix(0, 0)
	r := rate{10, 3}
	for i := range 3 {
		if wait := b.take(r, now); wait != 0 {
			t.Fatalf("token %d of the burst: wait %v", i, wait)
		}
	}
	if wait := b.take(r, now); wait != 100*time.Millisecond {
		t.Fatalf("behind the burst: wait %v", wait)
	}
	if wait := b.take(r, now.Add(100*time.Millisecond)); wait != 0 {
		t.Fatalf("after that time: wait %v", wait)
	}
}

func TestObserved(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct {
		remote, want string
		forwarded    []string
	}{
		{"192.0.2.1:5000", "192.0.2.1", []string{"203.0.113.9"}}, // A stranger says what he likes.
		{"10.0.0.1:5000", "203.0.113.9", []string{"203.0.113.9"}},
		{"10.0.0.1:5000", "203.0.113.9", []string{"1.1.1.1, 203.0.113.9", "10.0.0.2"}},
		{"10.0.0.1:5000", "10.0.0.1", nil},
		{"10.0.0.1:5000", "10.0.0.1", []string{"203.0.113.9, nonsense"}},
		{"[::1]:5000", "2001:db8::1", []string{"2001:db8::1"}},
		{"[::ffff:10.0.0.1]:5000", "203.0.113.9", []string{"203.0.113.9"}},
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{"X-Forwarded-For": c.forwarded}}
		if got := Observed(r, proxies); got != c.want {
			t.Errorf("%s %q: %s, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
}
