package wsroom

import (
	"context"
	"fmt"
	"time"

	pagesync "contactd/sync"
)

// Opening says how a room begins.
type Opening struct {
	// Site is the configured name of the site whose page the customer is on; empty for a caller without a page.
	Site string
	// URL is that page, and Consent what the customer chose when asked.
	URL     string
	Consent pagesync.Choice
}

// OpenRoom makes the contact's room; opening an open one changes nothing. An address that cannot be shown is left out.
func (h *Hub) OpenRoom(ctx context.Context, room string, o Opening) error {
	return h.command(ctx, room, "open", func(s *pagesync.State) pagesync.Op {
		if s.Offset > 0 {
			return nil
		}
		opened := pagesync.RoomOpened{Epoch: newEpoch(), Site: o.Site, Consent: o.Consent}
		if opened.Consent == "" {
			opened.Consent = pagesync.Unasked
		}
		if opened.Consent == pagesync.Granted && o.URL != "" {
			site, _ := h.options.Site(o.Site)
			opened.URL, _ = site.Check(o.URL)
		}
		return opened
	})
}

// SetRole binds an agent to the room, or changes what the agent may do there. RoleNone takes the agent out.
func (h *Hub) SetRole(ctx context.Context, room, agent, name string, role pagesync.Role) error {
	return h.command(ctx, room, "set role", func(s *pagesync.State) pagesync.Op {
		if now := s.Agents[agent]; now.Role == role && (now.Name == name || role == pagesync.RoleNone) {
			return nil
		}
		return pagesync.RoleSet{Agent: agent, Name: name, Role: role}
	})
}

// ShowCallState shows the state of the contact at all locations, in step with the page.
func (h *Hub) ShowCallState(ctx context.Context, room, state string, since time.Time) error {
	since = since.UTC()
	return h.command(ctx, room, "show call state", func(s *pagesync.State) pagesync.Op {
		if s.Call.State == state {
			return nil
		}
		return pagesync.CallState{State: state, Since: since}
	})
}

// ShowMedia shows whether a medium is up, held or down.
func (h *Hub) ShowMedia(ctx context.Context, room, medium, state string) error {
	return h.command(ctx, room, "show media", func(s *pagesync.State) pagesync.Op {
		if s.Media[medium] == state {
			return nil
		}
		return pagesync.MediaState{Medium: medium, State: state}
	})
}

// CloseRoom ends the customer's part, or (all) everybody's. The log stays until the store lets the contact go.
func (h *Hub) CloseRoom(ctx context.Context, room string, all bool) error {
	return h.command(ctx, room, "close", func(s *pagesync.State) pagesync.Op {
		if s.Closed == pagesync.ClosedForAll || s.Closed == pagesync.ClosedForCustomer && !all {
			return nil
		}
		return pagesync.RoomClosed{All: all}
	})
}

// command has the worker decide and commit an operation of the daemon's. decide returns nil when there is nothing to do.
func (h *Hub) command(ctx context.Context, room, what string, decide func(*pagesync.State) pagesync.Op) error {
	done := make(chan error, 1)
	if err := h.enqueue(room, &commandTask{choose: decide, done: done}); err != nil {
		return err
	}
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("wsroom: %s room %s: %w", what, room, err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wsroom: %s room %s: %w", what, room, context.Cause(ctx))
	}
}

// Picture is what the desk shows of a room beside the call.
type Picture struct {
	Consent pagesync.Choice
	// URL of the shared page, "" without consent.
	URL    string
	Closed pagesync.Closing
	// People who are connected, with the observed network addresses of customers.
	People []pagesync.Face
	// Address of the customer's connection that was seen last, also after it went.
	Address string
}

// Look returns a room's picture. The room is brought into memory when it is not there.
func (h *Hub) Look(ctx context.Context, room string) (Picture, error) {
	done := make(chan Picture, 1)
	failed := make(chan error, 1)
	if err := h.enqueue(room, &lookTask{done: done, failed: failed}); err != nil {
		return Picture{}, err
	}
	select {
	case p := <-done:
		return p, nil
	case err := <-failed:
		return Picture{}, fmt.Errorf("wsroom: look at room %s: %w", room, err)
	case <-ctx.Done():
		return Picture{}, fmt.Errorf("wsroom: look at room %s: %w", room, context.Cause(ctx))
	}
}
