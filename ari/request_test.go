package ari_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"contactd/ari"
	"contactd/ari/aritest"
)

// transports are the ways a request can go.
var transports = []struct {
	name string
	of   func(*ari.Client) ari.Sender
}{
	{"socket", func(c *ari.Client) ari.Sender { return c }},
	{"lane", func(c *ari.Client) ari.Sender { return c.Lane(7) }},
	{"http", func(c *ari.Client) ari.Sender { return c.HTTP() }},
}

func TestRequestsArriveAsMeantOverEveryTransport(t *testing.T) {
	server := aritest.New(t)
	config := server.Config(app)
	config.Lanes = 2
	client := newClient(t, config)
	expect[*ari.EpochBegan](run(t, client))
	for _, transport := range transports {
		t.Run(transport.name, func(t *testing.T) {
			ctx, via := t.Context(), transport.of(client)
			id := "l 1?é%" + transport.name // what a path must escape
			channel, err := ari.Do(ctx, via, ari.Originate{
				ID: id, Endpoint: "PJSIP/+49 30&1@trunk", App: app, AppArgs: []string{"a", "b"}, CallerID: `"Shop" <100>`,
				Timeout: 1500 * time.Millisecond, Variables: map[string]string{"PJSIP_HEADER(add,X-Contact)": "ä b"},
			}.Request())
			if err != nil {
				t.Fatal(err)
			}
			if channel.ID != id {
				t.Errorf("got channel %q, want %q", channel.ID, id)
			}
			var got aritest.Request
			for _, r := range server.Requests() {
				if r.Query.Get("endpoint") != "" {
					got = r
				}
			}
			if got.Method != "POST" || got.Path != "channels/"+id {
				t.Errorf("got %s %s", got.Method, got.Path)
			}
			for name, want := range map[string]string{
				"endpoint": "PJSIP/+49 30&1@trunk", "app": app, "appArgs": "a,b", "callerId": `"Shop" <100>`, "timeout": "2",
			} {
				if got.Query.Get(name) != want {
					t.Errorf("%s is %q, want %q", name, got.Query.Get(name), want)
				}
			}
			if want := `{"variables":{"PJSIP_HEADER(add,X-Contact)":"ä b"}}`; string(got.Body) != want {
				t.Errorf("the body is %s, want %s", got.Body, want)
			}
		})
	}
}

func TestRefusalsAreTyped(t *testing.T) {
	server := aritest.New(t)
	config := server.Config(app)
	config.Lanes = 1
	client := newClient(t, config)
	expect[*ari.EpochBegan](run(t, client))
	for status, want := range map[int]error{
		404: ari.ErrNotFound, 409: ari.ErrConflict, 422: ari.ErrUnprocessable, 500: ari.ErrAllocationFailed,
	} {
		server.On("POST channels/*/answer", func(aritest.Request) aritest.Response {
			return aritest.Refuse(status, "no such luck")
		})
		for _, transport := range transports {
			_, err := ari.Do(t.Context(), transport.of(client), ari.AnswerChannel("c"))
			var refusal *ari.StatusError
			if !errors.Is(err, want) || !errors.As(err, &refusal) || refusal.Message != "no such luck" || refusal.Status != status {
				t.Errorf("%s, status %d: got %v", transport.name, status, err)
			}
			if errors.Is(err, ari.ErrOutcomeUnknown) || errors.Is(err, ari.ErrNotSent) {
				t.Errorf("%s, status %d: a refusal counts as unknown or unsent", transport.name, status)
			}
		}
	}
	// What is to be taken away and is not there has been taken away.
	server.On("DELETE channels/*", func(aritest.Request) aritest.Response { return aritest.Refuse(404, "Channel not found") })
	if _, err := ari.Do(t.Context(), client, ari.HangUp("c", 16)); err != nil {
		t.Errorf("hanging up a channel that is gone: %v", err)
	}
	// A body of the wrong kind is no refusal.
	server.On("GET channels/*", func(aritest.Request) aritest.Response { return aritest.OK([]int{1}) })
	var decode *ari.DecodeError
	if _, err := ari.Do(t.Context(), client, ari.GetChannel("c")); !errors.As(err, &decode) {
		t.Errorf("got %v, want a DecodeError", err)
	}
}

func TestOutcomeOfARequestWithoutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := aritest.NewPiped(t)
		config := server.Config(app)
		config.Lanes = 1
		client := newClient(t, config)
		originate := ari.Originate{ID: "l1", Endpoint: "PJSIP/anna", App: app}.Request()

		for _, transport := range transports[:2] {
			_, err := ari.Do(t.Context(), transport.of(client), originate)
			if !errors.Is(err, ari.ErrNotConnected) || !errors.Is(err, ari.ErrNotSent) || errors.Is(err, ari.ErrOutcomeUnknown) {
				t.Errorf("%s, before the first epoch: got %v", transport.name, err)
			}
		}
		s := run(t, client)
		expect[*ari.EpochBegan](s)

		gone, cancel := context.WithCancel(t.Context())
		cancel()
		for _, transport := range transports {
			_, err := ari.Do(gone, transport.of(client), originate)
			if !errors.Is(err, ari.ErrNotSent) || !errors.Is(err, context.Canceled) {
				t.Errorf("%s, context ended before: got %v", transport.name, err)
			}
		}

		server.On("POST channels/*", func(r aritest.Request) aritest.Response {
			if r.App == "" {
				time.Sleep(time.Minute)
			}
			return aritest.Response{Never: true}
		})
		for _, transport := range transports {
			began := time.Now()
			_, err := ari.Do(t.Context(), transport.of(client), originate)
			if !errors.Is(err, ari.ErrOutcomeUnknown) || errors.Is(err, ari.ErrNotSent) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s, no answer: got %v", transport.name, err)
			}
			if took := time.Since(began); took != ari.DefaultRequestTimeout {
				t.Errorf("%s, no answer: gave up after %v", transport.name, took)
			}
		}

		results := make(chan error, 2)
		for _, transport := range transports[:2] {
			ari.Start(t.Context(), transport.of(client), originate, func(_ ari.Channel, err error) { results <- err })
		}
		server.Drop()
		for range 2 {
			if err := <-results; !errors.Is(err, ari.ErrOutcomeUnknown) {
				t.Errorf("connection lost: got %v", err)
			}
		}
		expect[*ari.EpochEnded](s)
		time.Sleep(2 * time.Minute) // the requests over HTTP that were given up end at the server
	})
}

func TestRequestOverHTTPToNobodyIsNotSent(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	client := newClient(t, ari.Config{URL: "http://" + address + "/ari", Username: "u", Application: app})
	if _, err := ari.Do(t.Context(), client.HTTP(), ari.PingAsterisk()); !errors.Is(err, ari.ErrNotSent) {
		t.Errorf("got %v, want ErrNotSent", err)
	}
}

func TestStartedRequestsKeepTheirOrder(t *testing.T) {
	server := aritest.New(t)
	config := server.Config(app)
	config.Lanes = 3
	client := newClient(t, config)
	expect[*ari.EpochBegan](run(t, client))

	const keys, each = 8, 50
	results := make(chan error, keys*each)
	for i := range each {
		for key := range uint64(keys) {
			r := ari.SetChannelVariable(fmt.Sprint("c", key), "step", fmt.Sprint(i))
			ari.Start(t.Context(), client.Lane(key), r, func(_ ari.None, err error) { results <- err })
		}
	}
	for range keys * each {
		if err := <-results; err != nil {
			t.Fatal(err)
		}
	}
	next, lanes := make(map[string]int), make(map[string]bool)
	for _, r := range server.Requests() {
		if r.Method != "POST" {
			continue
		}
		lanes[r.App] = true
		if got, want := r.Query.Get("value"), fmt.Sprint(next[r.Path]); got != want {
			t.Fatalf("%s: step %s came when %s was due", r.Path, got, want)
		}
		next[r.Path]++
	}
	if len(lanes) != 3 {
		t.Errorf("the requests went over %v, want three lanes", lanes)
	}
}

func TestTooManyRequestsAreRefusedUnsent(t *testing.T) {
	server := aritest.New(t)
	config := server.Config(app)
	config.MaxPending = 2
	client := newClient(t, config)
	expect[*ari.EpochBegan](run(t, client))
	server.On("GET asterisk/ping", func(aritest.Request) aritest.Response { return aritest.Response{Never: true} })
	for range 2 {
		ari.Start(t.Context(), client, ari.PingAsterisk(), nil)
	}
	if _, err := ari.Do(t.Context(), client, ari.PingAsterisk()); !errors.Is(err, ari.ErrNotSent) {
		t.Errorf("got %v, want ErrNotSent", err)
	}
}

func TestRecordingIsDownloaded(t *testing.T) {
	server := aritest.New(t)
	client := newClient(t, server.Config(app))
	server.On("GET recordings/stored/*/file", func(r aritest.Request) aritest.Response {
		if r.Part(2) != "r1" {
			return aritest.Refuse(http.StatusNotFound, "Recording not found")
		}
		return aritest.OK("sound")
	})
	var sound bytes.Buffer
	if n, err := client.DownloadRecording(t.Context(), "r1", &sound); err != nil || n != int64(sound.Len()) || n == 0 {
		t.Errorf("got %d bytes, %v", n, err)
	}
	if _, err := client.DownloadRecording(t.Context(), "r2", &sound); !errors.Is(err, ari.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func TestEventFilterNeverSwallowsAnswers(t *testing.T) {
	message, err := ari.SetEventFilter(app, ari.EventFilter{Allowed: []string{"StasisStart"}}).Message()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"allowed":[{"type":"StasisStart"},{"type":"RESTResponse"}],"disallowed":[]}`
	if string(message.Body) != want {
		t.Errorf("got %s, want %s", message.Body, want)
	}
}
