package ari

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

const (
	// httpConnections bounds the connections that are open at once; Asterisk's own default limit is 100.
	httpConnections = 16
	// httpIdle is less than Asterisk's session_keep_alive default of 15 s, so that we close an idle connection first and
	// no request meets one that Asterisk is just closing.
	httpIdle = 10 * time.Second
	// Pauses between two attempts while Asterisk boots.
	bootPauseMin = 50 * time.Millisecond
	bootPauseMax = time.Second
)

// httpSender sends requests over HTTP.
type httpSender struct {
	owner  *Client
	client *http.Client
}

func newHTTPSender(c *Client) *httpSender {
	return &httpSender{owner: c, client: &http.Client{
		Transport: &http.Transport{
			DialContext: c.config.Dial, TLSClientConfig: c.config.TLS, TLSHandshakeTimeout: c.config.ConnectTimeout,
			MaxIdleConnsPerHost: httpConnections, MaxConnsPerHost: httpConnections, IdleConnTimeout: httpIdle,
		},
		// Asterisk never redirects; following one would carry the password elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Send implements [Sender]. Its goroutine ends with the request, and so at the latest at the request time-out.
func (h *httpSender) Send(ctx context.Context, m Message, done func(Answer, error)) {
	h.owner.stats.requests.Add(1)
	go func() { done(h.do(ctx, m)) }()
}

func (h *httpSender) do(ctx context.Context, m Message) (Answer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, h.owner.config.RequestTimeout, errRequestTimeout)
	defer cancel()
	for pause := bootPauseMin; ; pause = min(2*pause, bootPauseMax) {
		answer, err := h.try(ctx, m)
		if err != nil || answer.Status != http.StatusServiceUnavailable {
			return answer, err
		}
		// A 503 says that nothing was done, so that repeating is safe whatever was asked for.
		if !wait(ctx, time.After(pause)) {
			return answer, nil
		}
	}
}

func (h *httpSender) try(ctx context.Context, m Message) (Answer, error) {
	response, err := h.open(ctx, m)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxMessage))
	if err != nil {
		return Answer{}, &TransportError{Method: m.Method, Path: pathOf(m.URI), Sent: true, Err: err}
	}
	return Answer{Status: response.StatusCode, Reason: http.StatusText(response.StatusCode), Body: body}, nil
}

// open sends the request and returns when the answer's head is there.
func (h *httpSender) open(ctx context.Context, m Message) (*http.Response, error) {
	// Until a connection is at hand nothing can have been sent.
	var sent atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }})
	var body io.Reader
	if m.Body != nil {
		body = bytes.NewReader(m.Body)
	}
	request, err := http.NewRequestWithContext(traced, m.Method, h.owner.root.String()+"/"+m.URI, body)
	if err != nil {
		return nil, notSent(m, err)
	}
	request.Header.Set("Authorization", h.owner.authorization)
	if m.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := h.client.Do(request)
	if err == nil {
		return response, nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return nil, &TransportError{Method: m.Method, Path: pathOf(m.URI), Sent: sent.Load(), Err: err}
}

// CloseIdleConnections closes what HTTP keeps open for the next request. [Client.Run] does so at its end; it is for a client
// that only sends requests over HTTP.
func (c *Client) CloseIdleConnections() { c.http.client.CloseIdleConnections() }

// DownloadRecording copies the sound of a finished recording to w and returns its length. It goes over HTTP, because the
// WebSocket carries only text, and is bounded by ctx alone. On an error w may have got a part.
func (c *Client) DownloadRecording(ctx context.Context, name string, w io.Writer) (int64, error) {
	m := Message{Method: "GET", URI: resource("recordings", "stored", name, "file")}
	response, err := c.http.open(ctx, m)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
		answer := Answer{Status: response.StatusCode, Reason: http.StatusText(response.StatusCode), Body: body}
		return 0, errors.Join(refusal(m.Method, m.URI, answer), err)
	}
	n, err := io.Copy(w, response.Body)
	if err != nil {
		return n, fmt.Errorf("ari: download recording %s: %w", name, err)
	}
	return n, nil
}

var _ Sender = (*httpSender)(nil)
