package httpapi

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"contactd/acd"
)

// stage is a director that says what a test wants.
type stage struct {
	mu      sync.Mutex
	view    *acd.View
	changed chan struct{}
}

func newStage() *stage { return &stage{view: &acd.View{}, changed: make(chan struct{})} }

func (s *stage) Ask(context.Context, acd.Input) error { return errors.New("nothing is asked here") }

func (s *stage) View() *acd.View {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view
}

func (s *stage) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (s *stage) publish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view = &acd.View{Seq: s.view.Seq + 1}
	close(s.changed)
	s.changed = make(chan struct{})
}

// oneConn is a listener with one connection.
type oneConn struct {
	conns chan net.Conn
	once  sync.Once
}

func (l *oneConn) Accept() (net.Conn, error) {
	conn, open := <-l.conns
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (l *oneConn) Close() error {
	l.once.Do(func() { close(l.conns) })
	return nil
}

func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// streaming serves a stream of the view's number over a connection without any buffer, and returns the other side and
// what is closed when the stream has ended.
func streaming(t *testing.T, director Director, alive func() bool) (*bufio.Reader, net.Conn, <-chan struct{}) {
	s := &Server{Options: Options{Director: director, Now: time.Now}, log: slog.New(slog.DiscardHandler)}
	mux := http.NewServeMux()
	ended := make(chan struct{})
	huma.Register(humago.New(mux, huma.DefaultConfig("test", "1")), huma.Operation{Method: http.MethodGet, Path: "/stream"},
		func(context.Context, *struct{}) (*huma.StreamResponse, error) {
			return &huma.StreamResponse{Body: func(ctx huma.Context) {
				defer close(ended)
				s.stream(ctx, "state", func(view *acd.View) (any, bool, error) { return view.Seq, false, nil }, alive)
			}}, nil
		})
	ours, theirs := net.Pipe()
	listener := &oneConn{conns: make(chan net.Conn, 1)}
	listener.conns <- theirs
	server := &http.Server{Handler: mux}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // It ends with the listener.
	}()
	t.Cleanup(func() {
		_ = ours.Close()
		_ = server.Close()
		<-served
	})
	if _, err := io.WriteString(ours, "GET /stream HTTP/1.1\r\nHost: test\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	return bufio.NewReader(ours), ours, ended
}

// event reads up to the next event's data.
func event(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			return strings.TrimSpace(data)
		}
	}
}

func TestSlowReaderIsClosedAndHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		director := newStage()
		r, _, ended := streaming(t, director, func() bool { return true })
		if got := event(t, r); got != "0" {
			t.Fatalf("first event %s, want the state of the beginning", got)
		}
		began := time.Now()
		director.publish() // Nobody reads it; publishing does not wait.
		<-ended
		if took := time.Since(began); took < writeTimeout || took > writeTimeout+beat+time.Second {
			t.Errorf("closed after %s, want about %s", took, writeTimeout)
		}
	})
}

func TestManyChangesAreOneEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		director := newStage()
		r, conn, ended := streaming(t, director, func() bool { return true })
		event(t, r)
		synctest.Wait()
		for range 50 {
			director.publish()
		}
		if got := event(t, r); got != "50" {
			t.Errorf("event %s, want the newest state only", got)
		}
		_ = conn.Close()
		director.publish()
		<-ended
	})
}

func TestStreamEndsWhenItsReaderMayReadNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, ended := streaming(t, newStage(), func() bool { return false })
		event(t, r)
		began := time.Now()
		go func() { _, _ = io.Copy(io.Discard, r) }()
		<-ended
		if took := time.Since(began); took > beat+time.Second {
			t.Errorf("ended after %s, want by the first beat", took)
		}
	})
}
