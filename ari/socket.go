package ari

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// maxMessage bounds one message from Asterisk: a listing of several ten thousand channels fits.
const maxMessage = 64 << 20

// socket is one WebSocket to Asterisk. Its read goroutine is the caller of read; anybody may send.
type socket struct {
	client *Client
	ws     *websocket.Conn

	// writing serialises writers, so that the order of sending is the order on the wire.
	writing sync.Mutex

	mu      sync.Mutex
	next    uint64
	pending map[string]*pending
	closed  error
}

// pending is a request whose answer has not come.
type pending struct {
	message Message
	done    func(Answer, error)
	stop    func() bool
	cancel  context.CancelFunc
}

// release gives its timer back.
func (p *pending) release() {
	p.stop()
	p.cancel()
}

// wsRequest and wsResponse are the RESTRequest and RESTResponse of the api-docs.
type wsRequest struct {
	Type          string `json:"type"`
	TransactionID string `json:"transaction_id"`
	RequestID     string `json:"request_id"`
	Method        string `json:"method"`
	URI           string `json:"uri"`
	ContentType   string `json:"content_type,omitempty"`
	MessageBody   string `json:"message_body,omitempty"`
}

type wsResponse struct {
	Type         string `json:"type"`
	RequestID    string `json:"request_id"`
	StatusCode   int    `json:"status_code"`
	ReasonPhrase string `json:"reason_phrase"`
	MessageBody  string `json:"message_body"`
}

// connect opens one WebSocket for an application.
func (c *Client) connect(ctx context.Context, app string) (*socket, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.ConnectTimeout)
	defer cancel()
	target := *c.root
	target.Scheme = map[string]string{"http": "ws", "https": "wss"}[c.root.Scheme]
	target.Path += "/events"
	q := url.Values{"app": {app}}
	if c.config.SubscribeAll && app == c.config.Application {
		q.Set("subscribeAll", "true")
	}
	target.RawQuery = q.Encode()
	dialer := websocket.Dialer{
		NetDialContext: c.config.Dial, TLSClientConfig: c.config.TLS, HandshakeTimeout: c.config.ConnectTimeout,
		ReadBufferSize: 16 << 10, WriteBufferSize: 4 << 10,
	}
	header := http.Header{"Authorization": {c.authorization}}
	ws, response, err := dialer.DialContext(ctx, target.String(), header)
	if err != nil {
		if response != nil {
			refused := &StatusError{Method: "GET", Path: "events", Status: response.StatusCode, Reason: http.StatusText(response.StatusCode)}
			return nil, refused
		}
		return nil, fmt.Errorf("ari: connect to %s: %w", c.root.Host, err)
	}
	ws.SetReadLimit(maxMessage)
	s := &socket{client: c, ws: ws, pending: make(map[string]*pending)}
	ws.SetPongHandler(func(string) error { return s.heard() })
	ws.SetPingHandler(func(data string) error {
		if err := s.heard(); err != nil {
			return err
		}
		return ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(c.config.ReadTimeout))
	})
	return s, nil
}

// heard postpones the read deadline.
func (s *socket) heard() error {
	return s.ws.SetReadDeadline(time.Now().Add(s.client.config.ReadTimeout))
}

// read reads until the socket breaks, gives answers to those who wait for them and everything else to deliver, and
// returns why it ended. It never waits for anybody.
func (s *socket) read(deliver func(raw []byte) error) error {
	if err := s.heard(); err != nil {
		return err
	}
	for {
		_, raw, err := s.ws.ReadMessage()
		if err != nil {
			// The WebSocket library hides what kind of time-out it was; there is only one.
			if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
				return fmt.Errorf("%w (%v)", ErrDeaf, s.client.config.ReadTimeout)
			}
			return fmt.Errorf("ari: read: %w", err)
		}
		if err := s.heard(); err != nil {
			return err
		}
		// Only a message that has the word in it can be an answer; the others need not be read twice.
		if bytes.Contains(raw, []byte("RESTResponse")) {
			var response wsResponse
			if json.Unmarshal(raw, &response) == nil && response.Type == "RESTResponse" {
				s.answer(response)
				continue
			}
		}
		if err := deliver(raw); err != nil {
			return err
		}
	}
}

// ping sends pings until ctx ends or the socket is broken; the reader notices when they stay unanswered.
func (s *socket) ping(ctx context.Context) {
	ticker := time.NewTicker(s.client.config.PingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if s.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(s.client.config.ReadTimeout)) != nil {
				return
			}
		}
	}
}

// Send implements [Sender].
func (s *socket) Send(ctx context.Context, m Message, done func(Answer, error)) {
	s.client.stats.requests.Add(1)
	if err := ctx.Err(); err != nil {
		done(Answer{}, notSent(m, err))
		return
	}
	// What is called back is called without the lock, so that it may send in its turn.
	refused, broken := s.send(ctx, m, done)
	switch {
	case refused != nil:
		done(Answer{}, notSent(m, refused))
	case broken != nil:
		s.close(fmt.Errorf("ari: write: %w", broken))
	}
}

// send writes the message. It was refused before anything was written, or broken while it was: then a part of the frame
// may be on the wire, and nothing sensible can follow it.
func (s *socket) send(ctx context.Context, m Message, done func(Answer, error)) (refused, broken error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	id, err := s.await(ctx, m, done)
	if err != nil {
		return err, nil
	}
	frame := wsRequest{Type: "RESTRequest", TransactionID: id, RequestID: id, Method: m.Method, URI: m.URI}
	if m.Body != nil {
		frame.ContentType, frame.MessageBody = "application/json", string(m.Body)
	}
	raw, err := json.Marshal(frame)
	if err != nil {
		return nil, err
	}
	if err := s.ws.SetWriteDeadline(time.Now().Add(s.client.config.ReadTimeout)); err != nil {
		return nil, err
	}
	return nil, s.ws.WriteMessage(websocket.TextMessage, raw)
}

var (
	errRequestTimeout  = fmt.Errorf("no answer within the request time-out: %w", context.DeadlineExceeded)
	errTooManyPending  = errors.New("too many requests wait for their answer")
	errConnectionEnded = errors.New("the connection ended")
)

func notSent(m Message, err error) error {
	return &TransportError{Method: m.Method, Path: pathOf(m.URI), Err: err}
}

// await enters a request among those that wait. From then on whoever takes it out calls done: the answer, the end of ctx
// or of the connection.
func (s *socket) await(ctx context.Context, m Message, done func(Answer, error)) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed != nil {
		return "", s.closed
	}
	if len(s.pending) >= s.client.config.MaxPending {
		return "", errTooManyPending
	}
	s.next++
	id := strconv.FormatUint(s.next, 36)
	ctx, cancel := context.WithTimeoutCause(ctx, s.client.config.RequestTimeout, errRequestTimeout)
	p := &pending{message: m, done: done, cancel: cancel}
	p.stop = context.AfterFunc(ctx, func() {
		if s.take(id) != nil {
			done(Answer{}, &TransportError{Method: m.Method, Path: pathOf(m.URI), Sent: true, Err: context.Cause(ctx)})
		}
		cancel()
	})
	s.pending[id] = p
	return id, nil
}

// take takes a request out of those that wait, or returns nil; whoever takes it calls its done.
func (s *socket) take(id string) *pending {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pending[id]
	delete(s.pending, id)
	return p
}

func (s *socket) answer(r wsResponse) {
	p := s.take(r.RequestID)
	if p == nil {
		// Its caller has given up on it.
		s.client.stats.lateAnswers.Add(1)
		return
	}
	p.release()
	p.done(Answer{Status: r.StatusCode, Reason: r.ReasonPhrase, Body: []byte(r.MessageBody)}, nil)
}

// close breaks the connection and fails all that wait. Only the first reason counts.
func (s *socket) close(reason error) {
	s.mu.Lock()
	if s.closed != nil {
		s.mu.Unlock()
		return
	}
	s.closed = reason
	waiting := s.pending
	s.pending = make(map[string]*pending)
	s.mu.Unlock()
	// The read goroutine wakes up by it.
	_ = s.ws.Close()
	for _, p := range waiting {
		p.release()
		p.done(Answer{}, &TransportError{Method: p.message.Method, Path: pathOf(p.message.URI), Sent: true, Err: fmt.Errorf("%w: %w", errConnectionEnded, reason)})
	}
}

var _ Sender = (*socket)(nil)
