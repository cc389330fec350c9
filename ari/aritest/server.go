package aritest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"contactd/ari"
)

// The credentials that a client must show, and the version that the server claims.
const (
	Username = "contactd"
	Password = "secret"
	Version  = "22.10.1"
)

// patience is how long anything is waited for; it only bounds a test that fails.
const patience = 30 * time.Second

// Server is the scripted Asterisk.
type Server struct {
	tb   testing.TB
	url  string
	http *http.Server
	pipe *pipeListener

	mu       sync.Mutex
	changed  chan struct{} // closed, and replaced, at every change that somebody may wait for
	recorded []*record
	rules    []rule
	sockets  []*socket
	channels []ari.Channel
	bridges  []ari.Bridge
	refusal  int
	unbooted int
	frozen   bool
}

// Request is one request as it came.
type Request struct {
	Method string
	// Path is relative to the ARI root and unescaped: "channels/l12/answer".
	Path  string
	Query url.Values
	Body  json.RawMessage
	// App is the application of the WebSocket that brought the request, and empty for HTTP.
	App string
}

func (r Request) String() string {
	text := r.Method + " " + r.Path
	if len(r.Query) > 0 {
		text += "?" + r.Query.Encode()
	}
	return text
}

// Part returns the n-th part of the path, from 0.
func (r Request) Part(n int) string { return strings.Split(r.Path, "/")[n] }

type record struct {
	Request
	taken bool
}

// Response is an answer.
type Response struct {
	Status int
	// Body is sent as JSON unless nil.
	Body any
	// Never means that no answer comes.
	Never bool
}

// OK answers 200 with a body, or 204 without one.
func OK(body any) Response {
	if body == nil {
		return Response{Status: http.StatusNoContent}
	}
	return Response{Status: http.StatusOK, Body: body}
}

// Refuse answers with a status and Asterisk's word for it.
func Refuse(status int, message string) Response {
	return Response{Status: status, Body: map[string]string{"message": message}}
}

type rule struct {
	pattern string
	answer  func(Request) Response
}

// New starts a server on the loopback network, which stops at the end of the test.
func New(tb testing.TB) *Server {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("aritest: %v", err)
	}
	return serve(tb, listener, "http://"+listener.Addr().String()+"/ari")
}

// NewPiped starts a server without a network; see [Server.Config].
func NewPiped(tb testing.TB) *Server {
	tb.Helper()
	pipe := newPipeListener()
	s := serve(tb, pipe, "http://asterisk/ari")
	s.pipe = pipe
	return s
}

func serve(tb testing.TB, listener net.Listener, url string) *Server {
	s := &Server{tb: tb, url: url, changed: make(chan struct{})}
	s.http = &http.Server{Handler: http.HandlerFunc(s.serveHTTP), ReadHeaderTimeout: patience}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.http.Serve(listener)
	}()
	tb.Cleanup(func() {
		_ = s.http.Close()
		s.Drop()
		<-served
		s.mu.Lock()
		sockets := s.sockets
		s.mu.Unlock()
		for _, socket := range sockets {
			<-socket.ended
		}
	})
	return s
}

// URL is the ARI root.
func (s *Server) URL() string { return s.url }

// Config returns the configuration of a client of this server.
func (s *Server) Config(app string) ari.Config {
	config := ari.Config{URL: s.url, Username: Username, Password: Password, Application: app, ProbeEvery: -1}
	if s.pipe != nil {
		config.Dial = s.pipe.dial
	}
	return config
}

// On says how requests like the pattern are answered, "POST channels/*/answer", where * stands for one part of the path. A
// later rule goes before an earlier one. The function may emit events; it is called without a lock.
func (s *Server) On(pattern string, answer func(Request) Response) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = append(s.rules, rule{pattern, answer})
}

// SetChannels and SetBridges say what the listings return.
func (s *Server) SetChannels(channels ...ari.Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels = channels
}

// SetBridges says what the listing of bridges returns.
func (s *Server) SetBridges(bridges ...ari.Bridge) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bridges = bridges
}

// Requests returns all requests so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Request, len(s.recorded))
	for i, r := range s.recorded {
		all[i] = r.Request
	}
	return all
}

// Await waits for a request like the pattern which no earlier Await returned. It is for the test's own goroutine.
func (s *Server) Await(pattern string) Request {
	s.tb.Helper()
	var found Request
	s.until("a request "+pattern, func() bool {
		for _, r := range s.recorded {
			if !r.taken && like(pattern, r.Request) {
				r.taken = true
				found = r.Request
				return true
			}
		}
		return false
	})
	return found
}

// AwaitConnected waits until a client is connected for the application.
func (s *Server) AwaitConnected(app string) {
	s.tb.Helper()
	s.until("a client of "+app, func() bool {
		for _, socket := range s.sockets {
			if socket.alive && socket.app == app {
				return true
			}
		}
		return false
	})
}

// until waits for a condition, which is looked at under the lock after every change.
func (s *Server) until(what string, holds func() bool) {
	s.tb.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		s.mu.Lock()
		done, changed := holds(), s.changed
		s.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-limit.C:
			s.tb.Fatalf("aritest: %s did not come within %v; these came: %v", what, patience, s.Requests())
		}
	}
}

func (s *Server) change() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Emit sends an event to the clients of its application, or to all when it names none. Type and time are filled in.
func (s *Server) Emit(ev ari.Event) {
	meta := ari.MetaOf(ev)
	if meta == nil {
		panic(fmt.Sprintf("aritest: %T is nothing that Asterisk says", ev))
	}
	if meta.Type == "" {
		meta.Type = reflect.TypeOf(ev).Elem().Name()
	}
	if meta.Timestamp.IsZero() {
		meta.Timestamp = ari.Time{Time: time.Now()}
	}
	raw, err := json.Marshal(ev)
	if err != nil {
		panic(fmt.Sprintf("aritest: %v", err))
	}
	s.EmitRaw(meta.Application, raw)
}

// EmitRaw sends a message as it is to the clients of an application, or to all when it is empty.
func (s *Server) EmitRaw(app string, raw []byte) {
	s.mu.Lock()
	sockets := append([]*socket(nil), s.sockets...)
	s.mu.Unlock()
	for _, socket := range sockets {
		if app == "" || socket.app == app {
			socket.write(raw)
		}
	}
}

// Drop breaks every WebSocket, as a network does.
func (s *Server) Drop() {
	s.mu.Lock()
	sockets := append([]*socket(nil), s.sockets...)
	s.mu.Unlock()
	for _, socket := range sockets {
		if <-socket.ready; socket.ws != nil {
			_ = socket.ws.UnderlyingConn().Close()
		}
	}
}

// Freeze lets the server answer nothing any more, neither pings nor requests, while its connections stay up, as after a
// cable was cut; Freeze(false) ends that for what comes then.
func (s *Server) Freeze(frozen bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen = frozen
}

func (s *Server) isFrozen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.frozen
}

// RefuseAll answers everything, also a new WebSocket, with the status; 0 ends that.
func (s *Server) RefuseAll(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusal = status
}

// NotBooted answers the next n requests with 503, as a starting Asterisk does.
func (s *Server) NotBooted(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unbooted = n
}

// like tells whether a request is like a pattern.
func like(pattern string, r Request) bool {
	method, path, _ := strings.Cut(pattern, " ")
	want, have := strings.Split(path, "/"), strings.Split(r.Path, "/")
	if method != r.Method || len(want) != len(have) {
		return false
	}
	for i, part := range want {
		if part != "*" && part != have[i] {
			return false
		}
	}
	return true
}

// socket is one client's WebSocket.
type socket struct {
	app string
	// ready is closed when ws is set, or never will be.
	ready chan struct{}
	ws    *websocket.Conn
	ended chan struct{}
	alive bool // under the server's lock

	writing sync.Mutex
}

func (c *socket) write(raw []byte) {
	<-c.ready
	if c.ws == nil {
		return
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	_ = c.ws.SetWriteDeadline(time.Now().Add(patience))
	// A client that has gone does not hear it, as with Asterisk.
	_ = c.ws.WriteMessage(websocket.TextMessage, raw)
}

// pipeListener hands out in-memory connections.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements [net.Listener].
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements [net.Listener].
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "asterisk", Net: "pipe"} }
