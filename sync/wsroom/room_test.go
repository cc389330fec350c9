package wsroom_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	pagesync "contactd/sync"
	"contactd/sync/wsroom"
)

func TestTwoSeeTheSamePage(t *testing.T) {
	h := newHouse(t, newMemLog())
	h.open(roomA)
	customer := join(t, h.asCustomer(roomA), nil)
	agent := join(t, h.asAgent(roomA, "ann"), nil)
	if first := customer.seen[0]; first["t"] != "welcome" || first["how"] != "new" || first["room"] != roomA {
		t.Fatalf("first came %v", first)
	}
	if s := agent.seen[1]; s["t"] != "snapshot" || s["url"] != shopPage || s["role"] != "agent" {
		t.Fatalf("the agent's snapshot is %v", s)
	}
	people := agent.seen[2]["people"].([]any)
	if len(people) != 2 || people[0].(map[string]any)["address"] != "127.0.0.1" {
		t.Fatalf("the agent is told of %v", people)
	}
	// The customer is not told anybody's address.
	if p := fmt.Sprint(customer.until("people")); strings.Contains(p, "address") || !strings.Contains(p, "Ann") {
		t.Fatalf("the customer is told of %v", p)
	}

	customer.op(1, map[string]any{"kind": "navigate", "url": "https://shop.example/cart?token=x#top"})
	if op := agent.untilOp("navigate"); op["url"] != "https://shop.example/cart" {
		t.Fatalf("the agent follows to %v", op)
	}
	if op := customer.untilOp("navigate"); op["url"] != "https://shop.example/cart" {
		t.Fatalf("the customer hears of %v", op)
	}
	if ack := customer.until("ack"); ack["n"] != 1.0 {
		t.Fatalf("acknowledged %v", ack)
	}
	agent.op(1, map[string]any{"kind": "push", "url": "https://shop.example/offer"})
	if op := customer.untilOp("push"); op["url"] != "https://shop.example/offer" {
		t.Fatalf("the customer is moved to %v", op)
	}
	customer.op(2, map[string]any{"kind": "form", "field": "order/city", "value": "Köln"})
	if op := agent.untilOp("form"); op["field"] != "order/city" || op["value"] != "Köln" {
		t.Fatalf("the agent sees %v", op)
	}
	customer.say(map[string]any{"t": "pointer", "x": 1.5, "y": 2, "w": 3, "h": 4})
	if p := agent.until("pointer"); p["from"] != customer.you || p["x"] != 1.5 {
		t.Fatalf("the agent sees %v", p)
	}
	agent.say(map[string]any{"t": "scroll", "x": 0, "y": 200, "w": 3, "h": 4})
	if p := customer.until("scroll"); p["from"] != agent.you || p["y"] != 200.0 {
		t.Fatalf("the customer sees %v", p)
	}
	agent.op(2, map[string]any{"kind": "push", "url": "https://evil.example/"})
	if r := agent.until("refused"); r["n"] != 2.0 || r["code"] != "url_not_allowed" {
		t.Fatalf("the agent is told %v", r)
	}
	customer.op(3, map[string]any{"kind": "form", "field": "f", "value": "x", "page": 1})
	if r := customer.until("refused"); r["code"] != "stale_page" {
		t.Fatalf("the customer is told %v", r)
	}
}

func TestConsentWithdrawnHidesThePage(t *testing.T) {
	h := newHouse(t, newMemLog())
	h.open(roomA)
	customer := join(t, h.asCustomer(roomA), nil)
	agent := join(t, h.asAgent(roomA, "ann"), nil)
	customer.op(1, map[string]any{"kind": "consent", "granted": false})
	if s := agent.until("snapshot"); s["url"] != "" || s["consent"] != "withdrawn" {
		t.Fatalf("the agent still sees %v", s)
	}
	customer.op(2, map[string]any{"kind": "navigate", "url": "https://shop.example/private"})
	customer.say(map[string]any{"t": "pointer", "x": 1, "y": 2, "w": 3, "h": 4})
	customer.chat(3, "end")
	if r := customer.until("refused"); r["code"] != "no_consent" {
		t.Fatalf("the customer is told %v", r)
	}
	before := len(agent.seen)
	agent.untilOp("chat")
	for _, f := range agent.seen[before:] {
		if f["t"] == "pointer" || strings.Contains(fmt.Sprint(f), "private") {
			t.Fatalf("the agent was told %v", f)
		}
	}
	customer.op(4, map[string]any{"kind": "consent", "granted": true})
	customer.op(5, map[string]any{"kind": "navigate", "url": "https://shop.example/again"})
	if op := agent.untilOp("navigate"); op["url"] != "https://shop.example/again" {
		t.Fatalf("the agent sees %v", op)
	}
}

// A number that was committed has no second effect, however often it comes.
func TestDuplicateNumbers(t *testing.T) {
	log := newMemLog()
	h := newHouse(t, log)
	h.open(roomA)
	c := join(t, h.asCustomer(roomA), nil)
	for _, n := range []int{1, 1, 2, 1, 2, 3} {
		c.chat(n, fmt.Sprint("line ", n))
	}
	var acks []string
	for len(acks) < 6 {
		ack := c.until("ack")
		acks = append(acks, fmt.Sprint(ack["n"], ack["offset"] == 0.0))
	}
	if want := []string{"1 false", "1 true", "2 false", "1 true", "2 true", "3 false"}; !reflect.DeepEqual(acks, want) {
		t.Errorf("acknowledged %v, want %v", acks, want)
	}
	if got := log.wishes(t, roomA); len(got) != 3 {
		t.Errorf("the log has %v", got)
	}
}

// The network may break at every point: before the welcome arrives, between any two frames, with operations on their
// way in both directions. Nothing is lost and nothing happens twice.
func TestResumeAfterEveryPoint(t *testing.T) {
	const lines = 4
	for cut := 0; cut < 14; cut++ {
		t.Run(fmt.Sprint("after ", cut, " frames"), func(t *testing.T) {
			log := newMemLog()
			h := newHouse(t, log)
			h.open(roomA)
			watcher := join(t, h.asAgent(roomA, "ann"), nil)
			c := join(t, h.asCustomer(roomA), nil)
			c.seen = nil
			acked := 0
			for n := 1; n <= lines; n++ {
				c.chat(n, fmt.Sprint("line ", n))
			}
			for range cut {
				f, err := c.next()
				if err != nil {
					t.Fatal(err)
				}
				if f["t"] == "ack" {
					acked = int(f["n"].(float64))
				}
				if len(c.seen) >= 2*lines { // All have come.
					break
				}
			}
			_ = c.ws.NetConn().Close()
			again := join(t, h.asCustomer(roomA), c)
			if again.how != "resumed" || again.you != c.you {
				t.Fatalf("came back as %s, %s", again.you, again.how)
			}
			if int(again.last) < acked {
				t.Fatalf("%d is acknowledged, and then forgotten: %d", acked, again.last)
			}
			for n := int(again.last) + 1; n <= lines; n++ {
				again.chat(n, fmt.Sprint("line ", n))
			}
			again.chat(lines+1, "end")
			told := linesOf(c.seen)
			for len(told) == 0 || told[len(told)-1] != "end" {
				again.untilOp("chat")
				told = append(linesOf(c.seen), linesOf(again.seen)...)
			}
			for {
				if op := watcher.untilOp("chat"); op["text"] == "end" {
					break
				}
			}
			want := []string{"line 1", "line 2", "line 3", "line 4", "end"}
			if !reflect.DeepEqual(told, want) {
				t.Errorf("the customer saw %q", told)
			}
			if seen := linesOf(watcher.seen); !reflect.DeepEqual(seen, want) {
				t.Errorf("the agent saw %q", seen)
			}
			if got := log.wishes(t, roomA); len(got) != lines+1 {
				t.Errorf("the log has %q", got)
			}
		})
	}
}

func linesOf(frames []map[string]any) (lines []string) {
	for _, f := range frames {
		if op, ok := f["op"].(map[string]any); ok && op["kind"] == "chat" {
			lines = append(lines, op["text"].(string))
		}
	}
	return lines
}

// The welcome with the new secret is lost: the old secret still resumes. Once the new one was used it does not.
func TestOldSecretUntilTheNewOneIsUsed(t *testing.T) {
	h := newHouse(t, newMemLog())
	h.open(roomA)
	first := join(t, h.asCustomer(roomA), nil)
	old := *first
	_ = first.ws.NetConn().Close()
	second := join(t, h.asCustomer(roomA), &old) // Its welcome counts as lost.
	_ = second.ws.NetConn().Close()
	third := join(t, h.asCustomer(roomA), &old)
	if third.you != old.you || third.how != "resumed" {
		t.Fatalf("the old secret gives %s %s", third.you, third.how)
	}
	_ = third.ws.NetConn().Close()
	fourth := join(t, h.asCustomer(roomA), third)
	if fourth.you != old.you {
		t.Fatalf("the new secret gives %s", fourth.you)
	}
	fifth := join(t, h.asCustomer(roomA), &old)
	if fifth.you == old.you || fifth.how != "new" {
		t.Fatalf("a secret that was replaced gives %s %s", fifth.you, fifth.how)
	}
}

// A duplicated tab has the same secret, and the first tab answers a ping.
func TestDuplicatedTabIsOneMoreParticipant(t *testing.T) {
	h := newHouse(t, newMemLog(), func(o *wsroom.Options) { o.Probe = patience })
	h.open(roomA)
	first := join(t, h.asCustomer(roomA), nil)
	more := make(chan map[string]any, 100)
	go func() { // A browser reads all the time, and answers pings.
		defer close(more)
		for {
			f, err := first.next()
			if err != nil {
				return
			}
			more <- f
		}
	}()
	copied := client{you: first.you, secret: first.secret, epoch: first.epoch, offset: first.offset}
	second := join(t, h.asCustomer(roomA), &copied)
	if second.how != "duplicate" || second.you == copied.you || second.last != 0 {
		t.Fatalf("the copy is %s %s %d", second.you, second.how, second.last)
	}
	second.chat(1, "I am the copy")
	for f := range more {
		if op, ok := f["op"].(map[string]any); ok && op["kind"] == "chat" {
			return
		}
	}
	t.Fatal("the first tab was cut off")
}

// A connection that the network has forgotten answers no ping, and gives way.
func TestDeadConnectionIsReplaced(t *testing.T) {
	h := newHouse(t, newMemLog())
	h.open(roomA)
	dead := join(t, h.asCustomer(roomA), nil) // It reads nothing from here on.
	again := join(t, h.asCustomer(roomA), dead)
	if again.how != "resumed" || again.you != dead.you {
		t.Fatalf("came back as %s, %s", again.you, again.how)
	}
}

// What is said is committed before anybody hears of it.
func TestCommitComesFirst(t *testing.T) {
	log := newMemLog()
	h := newHouse(t, log)
	h.open(roomA)
	customer := join(t, h.asCustomer(roomA), nil)
	agent := join(t, h.asAgent(roomA, "ann"), nil)
	gate := make(chan struct{})
	log.setGate(gate)
	customer.chat(1, "durable")
	<-log.began
	// The commit waits. What is ephemeral overtakes it, and shows that nothing was told before.
	customer.say(map[string]any{"t": "typing", "on": true})
	for {
		f, err := agent.next()
		if err != nil {
			t.Fatal(err)
		}
		if f["t"] == "op" {
			t.Fatalf("told before the commit: %v", f)
		}
		if f["t"] == "typing" {
			break
		}
	}
	log.setGate(nil)
	close(gate)
	agent.untilOp("chat")
	customer.until("ack")
}

// A commit that fails is acknowledged to nobody; everybody resumes from what is stored.
func TestFailedCommit(t *testing.T) {
	log := newMemLog()
	h := newHouse(t, log)
	h.open(roomA)
	customer := join(t, h.asCustomer(roomA), nil)
	agent := join(t, h.asAgent(roomA, "ann"), nil)
	log.setFail(errors.New("disk full"))
	customer.chat(1, "lost?")
	if code := customer.closed(); code != 4013 {
		t.Errorf("the customer is closed with %d", code)
	}
	if code := agent.closed(); code != 4013 {
		t.Errorf("the agent is closed with %d", code)
	}
	if err := h.hub.SetRole(context.Background(), roomA, "ann", "Ann", pagesync.RoleReader); err == nil {
		t.Error("a command that was not committed succeeds")
	}
	log.setFail(nil)
	customer = join(t, h.asCustomer(roomA), customer)
	if customer.how != "resumed" || customer.last != 0 || len(linesOf(customer.seen)) != 0 {
		t.Fatalf("came back as %s with %d and %v", customer.how, customer.last, customer.seen)
	}
	customer.chat(1, "not lost")
	customer.until("ack")
}

func TestRestartWithTheLogKept(t *testing.T) {
	log := newMemLog()
	h := newHouse(t, log)
	h.open(roomA)
	customer := join(t, h.asCustomer(roomA), nil)
	agent := join(t, h.asAgent(roomA, "ann"), nil)
	customer.op(1, map[string]any{"kind": "navigate", "url": "https://shop.example/cart"})
	customer.op(2, map[string]any{"kind": "form", "field": "f", "value": "v"})
	for range 2 {
		customer.until("ack")
	}
	agent.untilOp("navigate") // The agent has not seen the field when the server stops.
	_ = agent.ws.NetConn().Close()
	h.stop()
	if code := customer.closed(); code != 1001 {
		t.Errorf("closed with %d", code)
	}
	h = newHouse(t, log)
	h.open(roomA) // The director repeats its commands after a restart.
	agent = join(t, h.asAgent(roomA, "ann"), agent)
	if agent.how != "resumed" || len(agent.seen) != 3 || agent.seen[1]["t"] != "op" {
		t.Fatalf("the agent came back as %s with %v", agent.how, agent.seen)
	}
	customer = join(t, h.asCustomer(roomA), customer)
	if customer.how != "resumed" || customer.last != 2 {
		t.Fatalf("the customer came back as %s with %d", customer.how, customer.last)
	}
	stranger := join(t, h.asCustomer(roomA), nil)
	if s := stranger.seen[1]; s["url"] != "https://shop.example/cart" || !strings.Contains(fmt.Sprint(s["fields"]), "v") {
		t.Fatalf("a newcomer is shown %v", s)
	}
}

func TestClosing(t *testing.T) {
	h := newHouse(t, newMemLog())
	h.open(roomA)
	ctx := context.Background()
	customer := join(t, h.asCustomer(roomA), nil)
	agent := join(t, h.asAgent(roomA, "ann"), nil)
	for range 2 { // Commands may be repeated.
		h.must(h.hub.ShowCallState(ctx, roomA, "wrapping_up", time.Now()))
		h.must(h.hub.CloseRoom(ctx, roomA, false))
		h.must(h.hub.SetRole(ctx, roomA, "ann", "Ann", pagesync.RoleReader))
	}
	if code := customer.closed(); code != 4010 {
		t.Errorf("the customer is closed with %d", code)
	}
	if op := agent.untilOp("role"); op["role"] != "reader" {
		t.Errorf("the agent is told %v", op)
	}
	if s := agent.until("snapshot"); s["closed"] != true || s["url"] != shopPage || len(s["may"].([]any)) != 0 {
		t.Errorf("the agent in wrap-up sees %v", s)
	}
	if code := connect(t, h.asCustomer(roomA), customer).closed(); code != 4010 {
		t.Errorf("the customer who comes back is closed with %d", code)
	}
	h.must(h.hub.CloseRoom(ctx, roomA, true))
	h.must(h.hub.CloseRoom(ctx, roomA, true))
	if code := agent.closed(); code != 4010 {
		t.Errorf("the agent is closed with %d", code)
	}
	if err := h.hub.CloseRoom(ctx, roomB, true); !errors.Is(err, wsroom.ErrNoRoom) {
		t.Errorf("closing a room that is not there: %v", err)
	}
}

func TestForeigners(t *testing.T) {
	h := newHouse(t, newMemLog())
	h.open(roomA)
	h.open(roomB)
	mine := join(t, h.asCustomer(roomA), nil)
	for name, c := range map[string]struct {
		seat seat
		code int
	}{
		"no such room":                   {h.asCustomer("00000000000000000000000000000000"), 4004},
		"a room that is none":            {h.asCustomer("../../etc"), 4004},
		"a bad token":                    {seat{h.customer.URL, "https://shop.example", "x"}, 4001},
		"an agent without a role":        {h.asAgent(roomA, "bob"), 4003},
		"an agent on the customer's":     {seat{h.customer.URL, "https://shop.example", roomA + " agent:ann Ann"}, 4003},
		"a customer on the agent's":      {seat{h.agent.URL, "https://desk.example", roomA + " customer Carl"}, 4003},
		"a customer from another site":   {seat{h.customer.URL, "https://news.example", roomA + " customer Carl"}, 4003},
		"somebody who is nobody we know": {seat{h.customer.URL, "https://shop.example", roomA + " robot R"}, 4003},
	} {
		if code := connect(t, c.seat, nil).closed(); code != c.code {
			t.Errorf("%s: closed with %d, want %d", name, code, c.code)
		}
	}
	// Another room's secret, and another person's, give nothing.
	other := join(t, h.asCustomer(roomB), mine)
	if other.how != "new" {
		t.Errorf("a secret of another room: %s", other.how)
	}
	agent := join(t, h.asAgent(roomA, "ann"), mine)
	if agent.how != "new" || agent.you == mine.you {
		t.Errorf("a customer's secret in an agent's hands: %s %s", agent.you, agent.how)
	}
	supervisor := join(t, seat{h.agent.URL, "https://desk.example", roomA + " agent:sue Sue!"}, nil)
	if supervisor.seen[1]["role"] != "supervisor" {
		t.Errorf("the supervisor is shown %v", supervisor.seen[1])
	}
}

func TestHandshake(t *testing.T) {
	h := newHouse(t, newMemLog())
	for name, c := range map[string]struct {
		header http.Header
		status int
	}{
		"missing origin":      {http.Header{"Sec-WebSocket-Protocol": {wsroom.Subprotocol}}, 403},
		"wrong origin":        {http.Header{"Origin": {"https://evil.example"}, "Sec-WebSocket-Protocol": {wsroom.Subprotocol}}, 403},
		"null origin":         {http.Header{"Origin": {"null"}, "Sec-WebSocket-Protocol": {wsroom.Subprotocol}}, 403},
		"missing subprotocol": {http.Header{"Origin": {"https://shop.example"}}, 400},
		"other subprotocol":   {http.Header{"Origin": {"https://shop.example"}, "Sec-WebSocket-Protocol": {"chat"}}, 400},
	} {
		_, response, err := websocket.DefaultDialer.Dial(strings.Replace(h.customer.URL, "http", "ws", 1), c.header)
		if err == nil || response == nil || response.StatusCode != c.status {
			t.Errorf("%s: %v %v, want %d", name, response, err, c.status)
		}
	}
	response, err := http.Get(h.customer.URL)
	if err != nil || response.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("without upgrade: %v %v", response, err)
	}
}

func TestBadFrames(t *testing.T) {
	h := newHouse(t, newMemLog())
	h.open(roomA)
	big := `{"t":"op","n":1,"op":{"kind":"chat","text":"` + strings.Repeat("x", pagesync.MaxFrame) + `"}}`
	huge := strings.Repeat("x", 10*pagesync.MaxFrame)
	for name, c := range map[string]struct {
		joined bool
		kind   int
		data   string
		code   int
	}{
		"first frame is no hello":   {false, websocket.TextMessage, `{"t":"op","n":1,"op":{"kind":"chat","text":"x"}}`, 4000},
		"first frame is nothing":    {false, websocket.TextMessage, ``, 4000},
		"first frame is too big":    {false, websocket.TextMessage, big, 1009},
		"second hello":              {true, websocket.TextMessage, `{"t":"hello","token":"x"}`, 4000},
		"no JSON":                   {true, websocket.TextMessage, `{"t":`, 4000},
		"deep":                      {true, websocket.TextMessage, strings.Repeat(`[`, 1000), 4000},
		"unknown":                   {true, websocket.TextMessage, `{"t":"mirror"}`, 4000},
		"pointer of a wrong form":   {true, websocket.TextMessage, `{"t":"pointer","x":1e300,"y":0,"w":1,"h":1}`, 4000},
		"operation without number":  {true, websocket.TextMessage, `{"t":"op","op":{"kind":"chat","text":"x"}}`, 4000},
		"binary":                    {true, websocket.BinaryMessage, `{"t":"typing","on":true}`, 4000},
		"too big":                   {true, websocket.TextMessage, big, 1009},
		"much too big":              {true, websocket.TextMessage, huge, 1009},
		"somebody else's operation": {true, websocket.TextMessage, `{"t":"pointer","from":"p1","x":1,"y":0,"w":1,"h":1}`, 4000},
	} {
		t.Run(name, func(t *testing.T) {
			seat := h.asCustomer(roomA)
			browser := &client{t: t}
			if c.joined {
				browser = join(t, seat, nil)
			} else {
				browser.ws = dial(t, seat)
			}
			if err := browser.ws.WriteMessage(c.kind, []byte(c.data)); err != nil {
				t.Fatal(err)
			}
			if code := browser.closed(); code != c.code {
				t.Errorf("closed with %d, want %d", code, c.code)
			}
		})
	}
}
