package wsroom_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"contactd/sync/wsroom"
)

// A long log is compacted; who was away for long gets the whole picture, and who was not gets what was missed.
func TestLongLogIsCompacted(t *testing.T) {
	log := newMemLog()
	h := newHouse(t, log)
	h.open(roomA)
	customer := join(t, h.asCustomer(roomA), nil)
	away := *customer
	_ = customer.ws.NetConn().Close()
	for i := range 1300 {
		h.must(h.hub.ShowCallState(context.Background(), roomA, fmt.Sprint("state ", i), time.Now()))
	}
	stored, err := log.Load(context.Background(), roomA)
	if err != nil || stored.Snapshot == nil || len(stored.Records) >= 1300 || stored.Records[0].Offset > stored.SnapshotOffset {
		t.Fatalf("stored: snapshot of %d, %d records (%v)", stored.SnapshotOffset, len(stored.Records), err)
	}
	h.stop()
	h = newHouse(t, log)
	long := join(t, h.asCustomer(roomA), &away)
	if long.how != "resumed" || long.seen[1]["t"] != "snapshot" || long.seen[1]["call"].(map[string]any)["state"] != "state 1299" {
		t.Fatalf("after a long absence: %s %v", long.how, long.seen)
	}
	_ = long.ws.NetConn().Close()
	h.must(h.hub.ShowCallState(context.Background(), roomA, "last", time.Now()))
	short := join(t, h.asCustomer(roomA), long)
	if short.how != "resumed" || short.seen[1]["t"] != "op" {
		t.Fatalf("after a short absence: %s %v", short.how, short.seen)
	}
}

// Many say much at once: all locations see the same lines in the same order.
func TestSameOrderForAll(t *testing.T) {
	h := newHouse(t, newMemLog())
	h.open(roomA)
	const lines = 25
	clients := []*client{join(t, h.asCustomer(roomA), nil), join(t, h.asCustomer(roomA), nil), join(t, h.asAgent(roomA, "ann"), nil)}
	var all sync.WaitGroup
	for i, c := range clients {
		all.Go(func() {
			for n := 1; n <= lines; n++ {
				_ = c.ws.WriteJSON(map[string]any{"t": "op", "n": n, "op": map[string]any{"kind": "chat", "text": fmt.Sprint(i, " says ", n)}})
			}
		})
	}
	for _, c := range clients {
		for len(linesOf(c.seen)) < lines*len(clients) {
			c.untilOp("chat")
		}
	}
	all.Wait()
	first := fmt.Sprint(linesOf(clients[0].seen))
	for _, c := range clients[1:] {
		if got := fmt.Sprint(linesOf(c.seen)); got != first {
			t.Fatalf("one saw\n%s\nanother\n%s", first, got)
		}
	}
}

// Rooms and addresses take no more than they may.
func TestFullness(t *testing.T) {
	h := newHouse(t, newMemLog(), func(o *wsroom.Options) { o.PerAddress = 18 })
	h.open(roomA)
	h.open(roomB)
	for range 16 {
		join(t, h.asCustomer(roomA), nil)
	}
	if code := connect(t, h.asCustomer(roomA), nil).closed(); code != 4030 {
		t.Errorf("the 17th connection is closed with %d", code)
	}
	if stats := h.hub.Stats(); stats.Connections < 16 || stats.Rooms != 2 {
		t.Errorf("stats are %+v", stats)
	}
}

// A room remembers a number of participants, and forgets those who have been away longest.
func TestManyParticipants(t *testing.T) {
	h := newHouse(t, newMemLog())
	h.open(roomA)
	stays := join(t, h.asCustomer(roomA), nil)
	second := join(t, h.asCustomer(roomA), nil)
	_ = second.ws.NetConn().Close()
	waitGone := func(id string) {
		t.Helper()
		deadline := time.Now().Add(patience)
		for {
			p, err := h.hub.Look(context.Background(), roomA)
			h.must(err)
			here := false
			for _, face := range p.People {
				here = here || face.ID == id
			}
			if !here {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s does not go", id)
			}
		}
	}
	waitGone(second.you)
	for range 70 {
		c := join(t, h.asCustomer(roomA), nil)
		_ = c.ws.NetConn().Close()
		waitGone(c.you)
	}
	if c := join(t, h.asCustomer(roomA), second); c.how != "new" {
		t.Errorf("who was away longest is %s", c.how)
	}
	stays.chat(1, "still here")
	stays.until("ack")
}

// The connection is lost while the operation's commit is under way, and the client is back before it ends: what was
// committed is known to be.
func TestResumeDuringACommit(t *testing.T) {
	log := newMemLog()
	h := newHouse(t, log)
	h.open(roomA)
	watcher := join(t, h.asAgent(roomA, "ann"), nil)
	c := join(t, h.asCustomer(roomA), nil)
	gate := make(chan struct{})
	log.setGate(gate)
	c.chat(1, "once")
	<-log.began
	_ = c.ws.NetConn().Close()
	again := connect(t, h.asCustomer(roomA), c)
	log.setGate(nil)
	close(gate)
	again.until("people")
	if again.how != "resumed" || again.last != 1 {
		t.Fatalf("came back as %s with %d", again.how, again.last)
	}
	again.chat(1, "once") // A client that did not believe it.
	if ack := again.until("ack"); ack["offset"] != 0.0 {
		t.Fatalf("acknowledged as new: %v", ack)
	}
	again.chat(2, "end")
	for op := watcher.untilOp("chat"); op["text"] != "end"; op = watcher.untilOp("chat") {
	}
	if got := linesOf(watcher.seen); len(got) != 2 {
		t.Fatalf("the agent saw %q", got)
	}
	if got := append(linesOf(c.seen), linesOf(again.seen)...); got[0] != "once" {
		t.Fatalf("the customer saw %q", got)
	}
}

func TestManners(t *testing.T) {
	h := newHouse(t, newMemLog(), func(o *wsroom.Options) { o.Hello = 10 * time.Millisecond })
	silent := &client{t: t, ws: dial(t, h.asCustomer(roomA))}
	if code := silent.closed(); code != 4002 {
		t.Errorf("who says nothing is closed with %d", code)
	}
	h = newHouse(t, newMemLog(), func(o *wsroom.Options) { o.PerAddress = 1 })
	h.open(roomA)
	c := join(t, h.asCustomer(roomA), nil)
	header := http.Header{"Origin": {"https://shop.example"}, "Sec-WebSocket-Protocol": {wsroom.Subprotocol}}
	_, response, err := websocket.DefaultDialer.Dial(strings.Replace(h.customer.URL, "http", "ws", 1), header)
	if err == nil || response.StatusCode != http.StatusTooManyRequests {
		t.Errorf("one more from the address: %v %v", response, err)
	}
	for range 100_000 { // Much faster than anybody points; the writing ends when the server has had enough.
		if c.ws.WriteJSON(map[string]any{"t": "typing", "on": true}) != nil {
			break
		}
	}
	if stats := h.hub.Stats(); stats.Dropped == 0 {
		t.Error("all was passed on")
	}
}

// A room that is joined again and again turns the next one away, and admits again later.
func TestJoinedTooOften(t *testing.T) {
	h := newHouse(t, newMemLog())
	h.open(roomA)
	for n := range 10_000 {
		c := connect(t, h.asCustomer(roomA), nil)
		f, err := c.next()
		if err == nil && f["t"] == "welcome" {
			_ = c.ws.NetConn().Close()
			continue
		}
		var closed *websocket.CloseError
		if !errors.As(err, &closed) {
			t.Fatalf("the %dth is told %v, %v", n, f, err)
		}
		if closed.Code == 4029 {
			return
		}
		if closed.Code != 4030 { // Those before have not all gone yet.
			t.Fatalf("the %dth is closed with %d", n, closed.Code)
		}
	}
	t.Fatal("a room can be joined without end")
}
