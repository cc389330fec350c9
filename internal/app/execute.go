package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"contactd/acd"
	"contactd/acd/engine"
	"contactd/internal/auth"
	"contactd/internal/httpapi"
	"contactd/store"
	pagesync "contactd/sync"
	"contactd/sync/wsroom"
)

var _ engine.Executor = originating{}

// Execute counts a call to a customer before it is made.
func (o originating) Execute(ctx context.Context, command acd.Command, settle func(acd.CommandSettled)) {
	originate, ok := command.Do.(acd.OriginateLeg)
	if !ok || originate.Agent != "" {
		o.next.Execute(ctx, command, settle)
		return
	}
	err := o.limits.Call(ctx, o.settings().config, o.calls.others(command.Contact, o.view()))
	if err == nil {
		o.next.Execute(ctx, command, settle)
		return
	}
	o.calls.leave(command.Contact)
	settled := acd.CommandSettled{Command: command.ID, Outcome: acd.Refused, Cause: causeFailure, Detail: "not called: " + err.Error()}
	if errors.Is(err, httpapi.ErrTooManyCalls) {
		settled.Outcome, settled.Cause = acd.Postponed, causeCongestion
		o.metrics.refused.Inc()
	}
	o.log.Warn("call not made", "contact", command.Contact, "error", err)
	settle(settled)
}

// calls are the contacts whose customers are being called or talk. The director's picture alone would count contacts that
// are about to be called in the same step, each of which would then see the others and give way.
type calls struct {
	mu    sync.Mutex
	known bool
	going map[acd.ContactID]bool
}

// others admits a contact and says how many others are called or talk.
func (k *calls) others(contact acd.ContactID, view *acd.View) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	underWay := func(c *acd.ContactView) bool {
		return c != nil && c.Kind != acd.Inbound && (c.State == acd.Calling || c.State == acd.Connected)
	}
	if !k.known {
		// After a start: what went on before counts.
		k.known, k.going = true, map[acd.ContactID]bool{}
		for id, c := range view.Contacts {
			if underWay(c) {
				k.going[id] = true
			}
		}
	}
	for id := range k.going {
		if !underWay(view.Contacts[id]) {
			delete(k.going, id)
		}
	}
	delete(k.going, contact)
	n := len(k.going)
	k.going[contact] = true
	return n
}

// leave forgets a contact that is not called after all.
func (k *calls) leave(contact acd.ContactID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.going, contact)
}

// recorder keeps the records of contacts that are complete.
type recorder struct {
	store     *store.Store
	retention func() time.Duration
	metrics   *metrics
	// kept is told when a record was written.
	kept func()
	log  *slog.Logger
}

var _ engine.Executor = recorder{}

// Execute writes the record and sets the time at which the contact's personal data goes.
func (r recorder) Execute(ctx context.Context, command acd.Command, settle func(acd.CommandSettled)) {
	keep, ok := command.Do.(acd.KeepRecord)
	if !ok {
		settle(unfit(command))
		return
	}
	data, err := json.Marshal(keep.Record)
	if err != nil {
		settle(acd.CommandSettled{Command: command.ID, Outcome: acd.Refused, Detail: err.Error()})
		return
	}
	batch := r.store.Batch()
	at := keep.Record.Ended
	batch.PutRecord(string(command.Contact), at, data)
	batch.ExpireContact(string(command.Contact), at.Add(r.retention()))
	err = r.store.WriteAsync(batch, func(err error) {
		if err != nil {
			r.log.Error("record not kept", "contact", command.Contact, "error", err)
			settle(acd.CommandSettled{Command: command.ID, Outcome: acd.Unknown, Detail: err.Error()})
			return
		}
		r.metrics.record(keep.Record)
		r.kept()
		settle(acd.CommandSettled{Command: command.ID, Outcome: acd.Done})
	})
	if err != nil {
		r.log.Error("record not kept", "contact", command.Contact, "error", err)
		outcome := acd.Refused
		if errors.Is(err, store.ErrBusy) || errors.Is(err, store.ErrFailed) || errors.Is(err, store.ErrClosed) {
			outcome = acd.Unknown // the command stays, and the next start keeps the record
		}
		settle(acd.CommandSettled{Command: command.ID, Outcome: outcome, Detail: err.Error()})
	}
}

func unfit(command acd.Command) acd.CommandSettled {
	return acd.CommandSettled{Command: command.ID, Outcome: acd.Refused, Detail: fmt.Sprintf("no executor for %T", command.Do)}
}

// rooms carries out what the director wants of the contact's room. A room's commands are done in their order, beside
// the calls: nobody's phone waits for a page.
type rooms struct {
	hub      *wsroom.Hub
	tokens   *auth.Tokens
	people   people
	settings func() settings
	view     func() *acd.View
	log      *slog.Logger

	mu    sync.Mutex
	lines map[acd.ContactID][]func()
	busy  sync.WaitGroup
}

var _ engine.Executor = (*rooms)(nil)

// Execute queues the command behind the others of its room.
func (r *rooms) Execute(ctx context.Context, command acd.Command, settle func(acd.CommandSettled)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	line, running := r.lines[command.Contact]
	r.lines[command.Contact] = append(line, func() { r.carryOut(ctx, command, settle) })
	if !running {
		r.busy.Go(func() { r.run(command.Contact) })
	}
}

// run works off one room's line.
func (r *rooms) run(contact acd.ContactID) {
	for {
		r.mu.Lock()
		line := r.lines[contact]
		if len(line) == 0 {
			delete(r.lines, contact)
			r.mu.Unlock()
			return
		}
		r.lines[contact] = line[1:]
		r.mu.Unlock()
		line[0]()
	}
}

func (r *rooms) carryOut(ctx context.Context, command acd.Command, settle func(acd.CommandSettled)) {
	err := r.do(ctx, command)
	switch {
	case err == nil:
		settle(acd.CommandSettled{Command: command.ID, Outcome: acd.Done})
	case ctx.Err() != nil, errors.Is(err, wsroom.ErrStopped):
		// The daemon stops; the next start does it again.
	case errors.Is(err, wsroom.ErrNoRoom):
		// Turned away at the door, or erased: there is nobody to whom anything could be shown.
		r.log.Debug("no room for the command", "contact", command.Contact, "command", fmt.Sprintf("%T", command.Do))
		settle(acd.CommandSettled{Command: command.ID, Outcome: acd.Done})
	default:
		r.log.Error("room command failed", "contact", command.Contact, "command", fmt.Sprintf("%T", command.Do), "error", err)
		// A room that could not be closed is closed at the next start: the command stays.
		settle(acd.CommandSettled{Command: command.ID, Outcome: acd.Unknown, Detail: err.Error()})
	}
}

func (r *rooms) do(ctx context.Context, command acd.Command) error {
	room := string(command.Contact)
	switch do := command.Do.(type) {
	case acd.OpenRoom:
		person, err := r.people.Find(command.Contact)
		if err != nil && !errors.Is(err, httpapi.ErrUnknown) {
			return err
		}
		opening := wsroom.Opening{Site: person.Site, URL: person.Page, Consent: pagesync.Unasked}
		if person.Consent {
			opening.Consent = pagesync.Granted
		}
		return r.hub.OpenRoom(ctx, room, opening)
	case acd.SetRole:
		name := r.settings().config.Agents[string(do.Agent)].Name
		return r.hub.SetRole(ctx, room, string(do.Agent), name, roleOf(do.Role))
	case acd.ShowCallState:
		since := time.Now()
		if v, ok := r.view().Contacts[command.Contact]; ok && do.State == acd.Connected && !v.ConnectedAt.IsZero() {
			since = v.ConnectedAt
		}
		return r.hub.ShowCallState(ctx, room, string(do.State), since)
	case acd.CloseRoom:
		err := r.hub.CloseRoom(ctx, room, do.All)
		if errors.Is(err, wsroom.ErrNoRoom) {
			err = nil // there is nothing to close, but tokens may be about
		}
		return errors.Join(err, r.tokens.Revoke(ctx, room))
	default:
		return fmt.Errorf("no room command: %T", command.Do)
	}
}

func roleOf(role acd.Role) pagesync.Role {
	switch role {
	case acd.RolePreview:
		return pagesync.RolePreview
	case acd.RoleAgent:
		return pagesync.RoleAgent
	case acd.RoleReader:
		return pagesync.RoleReader
	case acd.RoleNone:
		return pagesync.RoleNone
	}
	panic(fmt.Sprintf("app: role %d of the director is unknown", role)) // The set is closed.
}
