package ari

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Request is one operation of Asterisk's with its arguments; its result is a T. It is a value: the functions named after
// the operations make it, [Do] and [Start] carry it out over any [Sender].
type Request[T any] struct {
	Method string
	// Path is relative to the ARI root and already escaped: "channels/l12/answer".
	Path  string
	Query url.Values
	// Body is sent as JSON unless nil.
	Body any
	// GoneIsDone makes a 404 a success: what should be taken away is not there.
	GoneIsDone bool
	// ConflictIsDone makes a 409 a success: what should be taken away is just going.
	ConflictIsDone bool
}

// None is the result of an operation that returns nothing.
type None struct{}

// Message is a request as it goes over a transport.
type Message struct {
	Method string
	// URI is relative to the ARI root, with its query.
	URI  string
	Body []byte
}

// Answer is Asterisk's answer, of whatever status.
type Answer struct {
	Status int
	Reason string
	Body   []byte
}

// Sender is a transport: a [*Client] (its first WebSocket), or what its HTTP and Lane methods return.
type Sender interface {
	// Send sends the message and calls done exactly once, also when ctx ends first. Messages that are sent one after
	// the other over one WebSocket are carried out in that order. done may run on the goroutine that reads the socket,
	// so that it must not block and must not wait for another request.
	Send(ctx context.Context, m Message, done func(Answer, error))
}

// Do carries out the request and waits for its result, for the end of ctx, or for the client's own request time-out,
// whichever is first. See errors.go for what the error tells about the outcome.
func Do[T any](ctx context.Context, via Sender, r Request[T]) (T, error) {
	type result struct {
		value T
		err   error
	}
	results := make(chan result, 1)
	Start(ctx, via, r, func(value T, err error) { results <- result{value, err} })
	got := <-results
	return got.value, got.err
}

// Start sends the request and returns without waiting for its result, so that several requests can be on their way in a
// known order (see [Sender]). done is called exactly once and must not block; it may be nil.
func Start[T any](ctx context.Context, via Sender, r Request[T], done func(T, error)) {
	if done == nil {
		done = func(T, error) {}
	}
	message, err := r.Message()
	if err != nil {
		var zero T
		done(zero, &TransportError{Method: r.Method, Path: r.Path, Err: err})
		return
	}
	via.Send(ctx, message, func(answer Answer, err error) {
		if err != nil {
			var zero T
			done(zero, err)
			return
		}
		done(r.read(answer))
	})
}

// Message returns the request as it goes over a transport.
func (r Request[T]) Message() (Message, error) {
	m := Message{Method: r.Method, URI: r.Path}
	if len(r.Query) > 0 {
		// A plus sign for a blank is a convention of forms that not every decoder in Asterisk shares.
		m.URI += "?" + strings.ReplaceAll(r.Query.Encode(), "+", "%20")
	}
	if r.Body != nil {
		body, err := json.Marshal(r.Body)
		if err != nil {
			return Message{}, err
		}
		m.Body = body
	}
	return m, nil
}

// read looks at the status first: the body of a refusal is no T.
func (r Request[T]) read(answer Answer) (T, error) {
	var value T
	if answer.Status < 200 || answer.Status > 299 {
		if r.GoneIsDone && answer.Status == http.StatusNotFound || r.ConflictIsDone && answer.Status == http.StatusConflict {
			return value, nil
		}
		return value, refusal(r.Method, r.Path, answer)
	}
	if _, none := any(value).(None); none {
		return value, nil
	}
	if err := json.Unmarshal(answer.Body, &value); err != nil {
		var zero T
		return zero, &DecodeError{Method: r.Method, Path: r.Path, Err: err}
	}
	return value, nil
}

func refusal(method, path string, answer Answer) *StatusError {
	e := &StatusError{Method: method, Path: path, Status: answer.Status, Reason: answer.Reason}
	var body struct {
		Message string `json:"message"`
		Error   string `json:"error"`
	}
	// Asterisk's refusals are JSON; those of a proxy are not, and their text is of no use to anybody.
	if json.Unmarshal(answer.Body, &body) == nil {
		e.Message = body.Message
		if body.Error != "" {
			e.Message = strings.TrimPrefix(e.Message+": "+body.Error, ": ")
		}
	}
	return e
}

// resource joins and escapes the parts of a path.
func resource(parts ...string) string {
	escaped := make([]string, len(parts))
	for i, part := range parts {
		escaped[i] = url.PathEscape(part)
	}
	return strings.Join(escaped, "/")
}

// query collects parameters and leaves the empty ones out, so that Asterisk's defaults hold.
type query url.Values

func (q query) text(name, value string) query {
	if value != "" {
		url.Values(q).Set(name, value)
	}
	return q
}

func (q query) list(name string, values []string) query {
	return q.text(name, strings.Join(values, ","))
}

func (q query) number(name string, value int) query {
	if value != 0 {
		url.Values(q).Set(name, strconv.Itoa(value))
	}
	return q
}

func (q query) flag(name string, value bool) query {
	if value {
		url.Values(q).Set(name, "true")
	}
	return q
}

func (q query) values() url.Values { return url.Values(q) }

// variablesBody is the body of the requests that set variables.
func variablesBody(variables map[string]string) any {
	if len(variables) == 0 {
		return nil
	}
	return map[string]any{"variables": variables}
}
