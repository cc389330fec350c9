package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"contactd/acd"
)

const (
	// beat is how often a silent stream gets a comment, so that both sides notice a dead connection.
	beat = 15 * time.Second
	// writeTimeout is how long a reader may take for one event; a slower one is closed and connects again.
	writeTimeout = 5 * time.Second
	// streamPause lies between two events of a stream, so that a busy centre does not make every desk busy.
	streamPause = 100 * time.Millisecond
)

// snapshot makes the whole state that a stream sends. last ends the stream after this state.
type snapshot func(view *acd.View) (state any, last bool, err error)

// dated is a state with a clock in it, which is set when the state is sent: the clock alone is no change.
type dated interface{ dated(now time.Time) any }

// stream sends whole states, the first at once and another each time it differs, until the reader goes or is too slow.
// alive is asked at every beat whether the reader may still read.
func (s *Server) stream(ctx huma.Context, event string, make snapshot, alive func() bool) {
	r, w := humago.Unwrap(ctx)
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would hold events back
	control := http.NewResponseController(w)
	send := func(text []byte) bool {
		_ = control.SetWriteDeadline(time.Now().Add(writeTimeout)) // A recorder in a test has no deadlines.
		if _, err := w.Write(text); err != nil {
			return false
		}
		return control.Flush() == nil
	}

	beats := time.NewTicker(beat)
	defer beats.Stop()
	var sent []byte
	for {
		changed := s.Director.Changed()
		state, last, err := make(s.Director.View())
		if errors.Is(err, ErrUnknown) { // It has ended, and its record is being written: that is news too.
			if !s.await(r.Context(), changed, beats.C, alive, send) {
				return
			}
			continue
		}
		if err != nil {
			s.log.Error("stream ended", "event", event, "error", err)
			return
		}
		text, err := json.Marshal(state)
		if err != nil {
			s.log.Error("stream ended", "event", event, "error", err)
			return
		}
		if !bytes.Equal(text, sent) {
			sent = text
			if d, ok := state.(dated); ok {
				if text, err = json.Marshal(d.dated(s.Now().UTC())); err != nil {
					s.log.Error("stream ended", "event", event, "error", err)
					return
				}
			}
			if !send(fmt.Appendf(nil, "event: %s\ndata: %s\n\n", event, text)) {
				return
			}
		}
		if last {
			return
		}
		if !pause(r.Context(), streamPause) {
			return
		}
		if !s.await(r.Context(), changed, beats.C, alive, send) {
			return
		}
	}
}

// await waits for news; false when the stream has ended. At each beat the reader is looked at and told of.
func (s *Server) await(ctx context.Context, changed <-chan struct{}, beats <-chan time.Time, alive func() bool, send func([]byte) bool) bool {
	for {
		select {
		case <-changed:
			return true
		case <-beats:
			if !alive() || !send([]byte(": still here\n\n")) {
				return false
			}
		case <-ctx.Done():
			return false
		}
	}
}

// pause waits; false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// streamed describes an answer of events whose data is a T.
func streamed[T any](api huma.API, event string) map[string]*huma.Response {
	schema := api.OpenAPI().Components.Schemas.Schema(typeOf[T](), true, "")
	return map[string]*huma.Response{"200": {
		Description: "Server-sent events named " + event + "; the data of each is the whole state.",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: schema}},
	}}
}

// stateStream is a contact's state as it changes.
func (s *Server) stateStream(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "contactEvents", Method: http.MethodGet, Path: "/v1/contacts/{id}/events", Summary: "The contact's state as it changes",
		Security: onContact, Responses: streamed[ContactState](api, "state"), Errors: []int{401, 404},
	}, func(ctx context.Context, in *ContactInput) (*huma.StreamResponse, error) {
		id, p := s.contactOf(in)
		if p != nil {
			return nil, p
		}
		if _, err := s.known(ctx, id); err != nil {
			return nil, s.gone(err)
		}
		return &huma.StreamResponse{Body: func(ctx huma.Context) {
			s.stream(ctx, "state", func(view *acd.View) (any, bool, error) {
				state, err := s.state(s.Config(), view, id)
				return state, state.State == acd.Ended, err
			}, func() bool {
				_, p := s.contactOf(in)
				return p == nil
			})
		}}, nil
	})
}
