package webtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
)

// fakeRoom is one room with the frames of docs/room-protocol.md: it orders and repeats what is said, and checks nothing.
// The flow tests meet the real one.
type fakeRoom struct {
	t       *testing.T
	mu      sync.Mutex
	conns   map[*roomConn]bool
	people  int
	offset  int
	url     string
	page    int
	consent string
	fields  map[string]string
	// ops are all operations that anybody sent, in order.
	ops  []object
	last map[string]int
	// agentMay is what the agent may do; the preview may nothing.
	agentMay []string
}

type roomConn struct {
	*websocket.Conn
	id, role string
	mu       sync.Mutex
}

func newFakeRoom(t *testing.T) *fakeRoom {
	return &fakeRoom{t: t, conns: map[*roomConn]bool{}, fields: map[string]string{}, last: map[string]int{}, consent: "unasked",
		agentMay: []string{"push", "form", "chat", "point"}}
}

func (r *fakeRoom) begin(page, consent any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if consent == true {
		r.consent = "granted"
		r.url, _ = page.(string)
	}
}

func (r *fakeRoom) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		_ = c.Close()
	}
}

// drop cuts all connections of a role, as a bad network does.
func (r *fakeRoom) drop(role string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		if c.role == role {
			_ = c.Close()
		}
	}
}

func (c *roomConn) say(frame object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.WriteJSON(frame) // One that has gone is noticed by its reader.
}

func (r *fakeRoom) serve(w http.ResponseWriter, req *http.Request, role string) {
	up := websocket.Upgrader{Subprotocols: []string{"contactd.room.1"}, CheckOrigin: func(*http.Request) bool { return true }}
	socket, err := up.Upgrade(w, req, nil)
	if err != nil {
		return
	}
	defer func() { _ = socket.Close() }()
	c := &roomConn{Conn: socket, role: role}
	var hello struct {
		T, Token string
		Resume   *struct {
			You    string
			Offset int
		}
	}
	if err := socket.ReadJSON(&hello); err != nil || hello.T != "hello" || hello.Token != role {
		r.t.Errorf("%s's first frame: %+v, %v", role, hello, err)
		return
	}
	r.mu.Lock()
	how := "new"
	if hello.Resume != nil {
		how, c.id = "resumed", hello.Resume.You
	} else {
		r.people++
		c.id = fmt.Sprintf("p%d", r.people)
	}
	c.say(object{"t": "welcome", "you": c.id, "how": how, "secret": random(), "last": r.last[c.id], "epoch": "1", "offset": r.offset, "room": "1"})
	c.say(r.snapshot(c))
	r.conns[c] = true
	r.tellPeople()
	r.mu.Unlock()
	for {
		_, data, err := socket.ReadMessage()
		frame := object{}
		if err == nil {
			err = json.Unmarshal(data, &frame)
		}
		r.mu.Lock()
		if err != nil {
			delete(r.conns, c)
			r.tellPeople()
			r.mu.Unlock()
			return
		}
		if frame["t"] == "op" {
			r.op(c, frame)
		} else {
			frame["from"] = c.id
			r.tell(frame, c)
		}
		r.mu.Unlock()
	}
}

func (r *fakeRoom) snapshot(c *roomConn) object {
	may := r.agentMay
	if c.role == "customer" {
		may = []string{"navigate", "form", "chat", "consent", "control", "point"}
	}
	s := object{"t": "snapshot", "offset": r.offset, "you": c.id, "role": c.role, "may": may, "consent": r.consent, "url": "", "page": r.page,
		"fields": map[string]string{}, "fill": true, "chat": []any{}, "closed": false}
	if r.consent == "granted" {
		s["url"], s["fields"] = r.url, r.fields
	}
	return s
}

func (r *fakeRoom) op(c *roomConn, frame object) {
	op, _ := frame["op"].(object)
	n := int(frame["n"].(float64))
	if n <= r.last[c.id] {
		c.say(object{"t": "ack", "n": n, "offset": 0})
		return
	}
	r.last[c.id] = n
	r.offset++
	r.ops = append(r.ops, op)
	switch op["kind"] {
	case "navigate", "push":
		r.url, r.page, r.fields = op["url"].(string), r.offset, map[string]string{}
	case "form":
		r.fields[op["field"].(string)] = op["value"].(string)
	case "consent":
		r.consent, r.url, r.fields = "withdrawn", "", map[string]string{}
		if op["granted"] == true {
			r.consent = "granted"
		}
	}
	r.tell(object{"t": "op", "offset": r.offset, "from": c.id, "op": op}, nil)
	if op["kind"] == "consent" {
		for other := range r.conns {
			other.say(r.snapshot(other))
		}
	}
	c.say(object{"t": "ack", "n": n, "offset": r.offset})
}

func (r *fakeRoom) tell(frame object, but *roomConn) {
	for c := range r.conns {
		if c != but {
			c.say(frame)
		}
	}
}

func (r *fakeRoom) tellPeople() {
	people := []object{}
	for c := range r.conns {
		name := ""
		if c.role == "agent" {
			name = "Ann"
		}
		people = append(people, object{"id": c.id, "role": c.role, "name": name})
	}
	r.tell(object{"t": "people", "people": people}, nil)
}

// said returns what was sent so far as one text, to look for what must not be there.
func (r *fakeRoom) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	data, err := json.Marshal(r.ops)
	if err != nil {
		r.t.Error(err)
	}
	return string(data)
}
