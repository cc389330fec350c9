package aritest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"contactd/ari"
)

// serveHTTP serves requests over HTTP and makes WebSockets.
func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	if user, password, _ := r.BasicAuth(); user != Username || password != Password {
		s.reply(w, Refuse(http.StatusUnauthorized, "Authentication required"))
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/ari/")
	if refusal, refused := s.refuses(); refused {
		s.reply(w, refusal)
		return
	}
	if path == "events" {
		s.serveSocket(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.reply(w, s.answer(Request{Method: r.Method, Path: path, Query: r.URL.Query(), Body: body}))
}

func (s *Server) refuses() (Response, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unbooted > 0 {
		s.unbooted--
		return Refuse(http.StatusServiceUnavailable, "Asterisk not booted"), true
	}
	if s.refusal != 0 {
		return Refuse(s.refusal, http.StatusText(s.refusal)), true
	}
	return Response{}, false
}

func (s *Server) reply(w http.ResponseWriter, response Response) {
	if response.Never {
		panic(http.ErrAbortHandler)
	}
	if response.Body == nil {
		w.WriteHeader(response.Status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(response.Status)
	_ = json.NewEncoder(w).Encode(response.Body)
}

// serveSocket serves one WebSocket's requests one after the other, as Asterisk does.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	// The socket is there before its client knows that it is connected, so that no event emitted from then on misses it.
	c := &socket{app: r.URL.Query().Get("app"), ready: make(chan struct{}), ended: make(chan struct{}), alive: true}
	defer close(c.ended)
	s.mu.Lock()
	var replaced []*socket
	for _, other := range s.sockets {
		if other.alive && other.app == c.app {
			replaced = append(replaced, other)
		}
	}
	s.sockets = append(s.sockets, c)
	s.change()
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		c.alive = false
		s.change()
		s.mu.Unlock()
	}()
	upgrader := websocket.Upgrader{HandshakeTimeout: patience}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err == nil {
		ws.SetPingHandler(func(data string) error {
			if s.isFrozen() {
				return nil
			}
			return ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(patience))
		})
		c.ws = ws
	}
	close(c.ready)
	if err != nil {
		return
	}
	defer ws.Close()
	for _, other := range replaced {
		raw, _ := json.Marshal(&ari.ApplicationReplaced{Meta: ari.Meta{
			Type: "ApplicationReplaced", Application: c.app, Timestamp: ari.Time{Time: time.Now()},
		}})
		other.write(raw)
	}
	for {
		var m struct {
			TransactionID string `json:"transaction_id"`
			RequestID     string `json:"request_id"`
			Method        string `json:"method"`
			URI           string `json:"uri"`
			MessageBody   string `json:"message_body"`
		}
		if err := ws.ReadJSON(&m); err != nil {
			return
		}
		if s.isFrozen() {
			continue
		}
		target, err := url.Parse(m.URI)
		if err != nil {
			return
		}
		response := s.answer(Request{
			Method: m.Method, Path: target.Path, Query: target.Query(), Body: json.RawMessage(m.MessageBody), App: c.app,
		})
		if response.Never {
			continue
		}
		reply := map[string]any{
			"type": "RESTResponse", "transaction_id": m.TransactionID, "request_id": m.RequestID,
			"status_code": response.Status, "reason_phrase": http.StatusText(response.Status), "uri": m.URI,
		}
		if response.Body != nil {
			body, _ := json.Marshal(response.Body)
			reply["content_type"], reply["message_body"] = "application/json", string(body)
		}
		raw, _ := json.Marshal(reply)
		c.write(raw)
	}
}

// answer records the request and answers it by the newest rule, or as Asterisk does when all goes well.
func (s *Server) answer(r Request) Response {
	s.mu.Lock()
	s.recorded = append(s.recorded, &record{Request: r})
	s.change()
	var answer func(Request) Response
	for i := len(s.rules) - 1; i >= 0 && answer == nil; i-- {
		if like(s.rules[i].pattern, r) {
			answer = s.rules[i].answer
		}
	}
	channels, bridges := s.channels, s.bridges
	s.mu.Unlock()
	if answer != nil {
		return answer(r)
	}
	now := ari.Time{Time: time.Now()}
	channel := func(id string) Response {
		return OK(ari.Channel{ID: id, Name: r.Query.Get("endpoint") + "-00000001", State: ari.ChannelDown, CreationTime: now})
	}
	switch {
	case r.Method == "GET" && r.Path == "asterisk/info":
		return OK(ari.Info{System: &ari.SystemInfo{Version: Version, EntityID: "aritest"}})
	case r.Method == "GET" && r.Path == "asterisk/ping":
		return OK(ari.Pong{AsteriskID: "aritest", Ping: "pong", Timestamp: now})
	case r.Method == "GET" && r.Path == "channels":
		return OK(append([]ari.Channel{}, channels...))
	case r.Method == "GET" && r.Path == "bridges":
		return OK(append([]ari.Bridge{}, bridges...))
	case like("GET channels/*", r):
		for _, c := range channels {
			if c.ID == r.Part(1) {
				return OK(c)
			}
		}
		return Refuse(http.StatusNotFound, "Channel not found")
	case like("GET bridges/*", r):
		for _, b := range bridges {
			if b.ID == r.Part(1) {
				return OK(b)
			}
		}
		return Refuse(http.StatusNotFound, "Bridge not found")
	case like("GET endpoints/*/*", r):
		return OK(ari.Endpoint{Technology: r.Part(1), Resource: r.Part(2), State: ari.EndpointOnline, ChannelIDs: []string{}})
	case r.Method == "GET" && len(strings.Split(r.Path, "/")) <= 2:
		return OK([]any{})
	case r.Method == "GET":
		return Refuse(http.StatusNotFound, "Not found")
	case r.Method == "POST" && (r.Path == "channels/create" || r.Path == "channels/externalMedia"):
		return channel(r.Query.Get("channelId"))
	case like("POST channels/*", r):
		return channel(r.Part(1))
	case like("POST channels/*/snoop/*", r):
		return channel(r.Part(3))
	case like("POST bridges/*", r):
		return OK(ari.Bridge{ID: r.Part(1), Name: r.Query.Get("name"), BridgeType: ari.BridgeMixing, Channels: []string{}, CreationTime: now})
	case like("POST channels/*/play/*", r), like("POST bridges/*/play/*", r):
		return OK(ari.Playback{ID: r.Part(3), MediaURI: r.Query.Get("media"), State: ari.PlaybackStateQueued})
	case like("POST channels/*/record", r), like("POST bridges/*/record", r):
		return OK(ari.LiveRecording{Name: r.Query.Get("name"), Format: r.Query.Get("format"), State: ari.RecordingStateQueued})
	case r.Method == "PUT" && strings.HasPrefix(r.Path, "asterisk/config/dynamic/"):
		return OK([]ari.ConfigTuple{})
	}
	return OK(nil)
}
