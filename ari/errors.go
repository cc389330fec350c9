package ari

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// What became of a request is told by these, to be tried with errors.Is.
var (
	// ErrOutcomeUnknown: the request was sent, or may have been, and no answer came. It may have been carried out.
	ErrOutcomeUnknown = errors.New("outcome unknown")
	// ErrNotSent: the request certainly did not reach Asterisk.
	ErrNotSent = errors.New("not sent")

	// ErrNotFound: status 404; what the request speaks of is gone or never was.
	ErrNotFound = errors.New("not found")
	// ErrConflict: status 409; an id is taken already, or the channel is not in the application any more.
	ErrConflict = errors.New("conflict")
	// ErrUnprocessable: status 422; the channel is in no state for this.
	ErrUnprocessable = errors.New("unprocessable")
	// ErrUnauthorized: status 401; wrong user or password.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrNotBooted: status 503; Asterisk is still starting. Requests over HTTP are repeated by themselves.
	ErrNotBooted = errors.New("asterisk has not booted")
	// ErrAllocationFailed: status 500; for an originate it means that the endpoint has no reachable contact or is
	// unknown. No event follows.
	ErrAllocationFailed = errors.New("allocation failed")
)

// Why an epoch or a connection ended, to be tried with errors.Is.
var (
	// ErrNotConnected: there is no epoch at the moment.
	ErrNotConnected = errors.New("ari: not connected")
	// ErrOverflow: the handler did not keep up and the inbox was full, so that events would have been lost.
	ErrOverflow = errors.New("ari: inbox overflow")
	// ErrReplaced: another client connected with the same application name.
	ErrReplaced = errors.New("ari: application taken over by another client")
	// ErrDeaf: nothing was heard within the read time-out, not even the answer to a ping.
	ErrDeaf = errors.New("ari: nothing heard within the read time-out")
)

// StatusError is Asterisk's refusal: it answered, and what was asked for has not been done.
type StatusError struct {
	Method string
	// Path is without the query, which may hold what no log should show.
	Path string
	// Status and Reason are those of HTTP, also over the WebSocket.
	Status int
	Reason string
	// Message is Asterisk's own word on it, if it gave one.
	Message string
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("ari: %s %s: %d %s", e.Method, e.Path, e.Status, e.Reason)
	if e.Message != "" && e.Message != e.Reason {
		text += ": " + e.Message
	}
	return text
}

// Is matches the sentinel that stands for the status.
func (e *StatusError) Is(target error) bool {
	switch target {
	case ErrNotFound:
		return e.Status == http.StatusNotFound
	case ErrConflict:
		return e.Status == http.StatusConflict
	case ErrUnprocessable:
		return e.Status == http.StatusUnprocessableEntity
	case ErrUnauthorized:
		return e.Status == http.StatusUnauthorized
	case ErrNotBooted:
		return e.Status == http.StatusServiceUnavailable
	case ErrAllocationFailed:
		return e.Status == http.StatusInternalServerError
	case ErrOutcomeUnknown:
		// A proxy in between gave up on Asterisk.
		return e.Status == http.StatusBadGateway || e.Status == http.StatusGatewayTimeout
	}
	return false
}

// TransportError tells that no answer came.
type TransportError struct {
	Method string
	Path   string
	// Sent says that the request may have reached Asterisk, so that its outcome is unknown.
	Sent bool
	Err  error
}

func (e *TransportError) Error() string {
	outcome := ErrNotSent
	if e.Sent {
		outcome = ErrOutcomeUnknown
	}
	return fmt.Sprintf("ari: %s %s: %v: %v", e.Method, e.Path, outcome, e.Err)
}

// Unwrap returns the cause.
func (e *TransportError) Unwrap() error { return e.Err }

// Is matches [ErrOutcomeUnknown] or [ErrNotSent].
func (e *TransportError) Is(target error) bool {
	return target == ErrOutcomeUnknown && e.Sent || target == ErrNotSent && !e.Sent
}

// DecodeError tells that the request was carried out but that its answer is not what the api-docs say.
type DecodeError struct {
	Method string
	Path   string
	Err    error
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("ari: %s %s: carried out, but the answer cannot be read: %v", e.Method, e.Path, e.Err)
}

// Unwrap returns the cause.
func (e *DecodeError) Unwrap() error { return e.Err }

// pathOf is the URI without its query.
func pathOf(uri string) string {
	path, _, _ := strings.Cut(uri, "?")
	return path
}
