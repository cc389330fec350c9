package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"contactd/acd"
)

// ErrOverloaded is what a Director answers when commits stall: the request was not taken.
var ErrOverloaded = errors.New("overloaded")

// refusalStatus is the status of a refusal; its code is that of the director.
func refusalStatus(code string) int {
	switch code {
	case acd.RefusedQueue, acd.RefusedTrunks:
		return http.StatusUnprocessableEntity
	case acd.RefusedContact, acd.RefusedAgent:
		return http.StatusNotFound
	case acd.RefusedFull:
		return http.StatusServiceUnavailable
	default: // duplicate_number, wrong_state, stale_offer, signed_out: at odds with what is
		return http.StatusConflict
	}
}

// ask hands an input to the director and tells its refusal as a problem.
func (s *Server) ask(ctx context.Context, operation string, in acd.Input) error {
	err := s.Director.Ask(ctx, in)
	var refusal *acd.Refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refusal):
		p := problem(refusalStatus(refusal.Code), refusal.Code, "%s", refusal.Detail)
		if refusal.Code == acd.RefusedFull {
			p.later(time.Minute)
		}
		return p
	case errors.Is(err, ErrOverloaded):
		return problem(http.StatusServiceUnavailable, CodeOverloaded, "contactd is overloaded; try again in a moment").later(2 * time.Second)
	default:
		return s.failed(ctx, operation, err)
	}
}
