package app

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"contactd/acd"
	"contactd/acd/engine"
	"contactd/acd/voice"
	"contactd/internal/config"
	"contactd/internal/httpapi"
	"contactd/store"
)

// Q.850 causes of calls that are not made.
const (
	causeUnallocated = 1  // the contact has no number any more
	causeFailure     = 41 // temporary failure
	causeCongestion  = 42 // the cap on calls
)

// directory knows the telephones of agents and customers for voice.
type directory struct {
	settings func() settings
	view     func() *acd.View
	people   people
	store    *store.Store
	// arriving holds the numbers of callers (contact → number) until they are on the disk: the agent's phone may ring before.
	arriving *sync.Map
	log      *slog.Logger
}

// callerKept is how long the number of a caller is kept of whom no record is, because the director was never told of the
// contact, or knew the call by another one from before a restart. A record moves the time.
const callerKept = 24 * time.Hour

var _ voice.Directory = directory{}

// AgentCall shows an agent's phone the customer's number where it is known, as an ordinary call would.
func (d directory) AgentCall(agent acd.AgentID, contact acd.ContactID) (voice.Call, error) {
	a, ok := d.settings().config.Agents[string(agent)]
	if !ok {
		return voice.Call{}, &voice.Refusal{Cause: causeUnallocated, Reason: "the agent is not configured any more"}
	}
	call := voice.Call{Dial: "PJSIP/" + a.Phone.Endpoint}
	if number, ok := d.arriving.Load(contact); ok {
		call.CallerID = number.(string)
		return call, nil
	}
	if v, ok := d.view().Contacts[contact]; ok {
		if person, err := d.people.Find(contact); err == nil {
			call.CallerID = person.NumberOf(v.Caller, d.people.Pseudonym)
		}
	}
	return call, nil
}

// CustomerCall dials the number that the director means by its pseudonym.
func (d directory) CustomerCall(contact acd.ContactID, trunk string) (voice.Call, error) {
	v, ok := d.view().Contacts[contact]
	if !ok {
		return voice.Call{}, &voice.Refusal{Cause: causeFailure, Reason: "the contact has ended"}
	}
	person, err := d.people.Find(contact)
	if err != nil {
		return voice.Call{}, &voice.Refusal{Cause: causeUnallocated, Reason: "the contact's number was erased"}
	}
	number := person.NumberOf(v.Caller, d.people.Pseudonym)
	if number == "" {
		return voice.Call{}, &voice.Refusal{Cause: causeUnallocated, Reason: "the contact has no such number"}
	}
	return d.settings().routes.Call(v.Queue, trunk, number)
}

// CallerArrived keeps an inbound caller's number while the call goes on.
func (d directory) CallerArrived(contact acd.ContactID, number string) string {
	if number == "" {
		return ""
	}
	value, err := json.Marshal(httpapi.Person{Number: number})
	if err == nil {
		batch := d.store.Batch()
		batch.PutPersonal(string(contact), fieldPerson, value)
		batch.ExpireContact(string(contact), time.Now().Add(callerKept))
		d.arriving.Store(contact, number)
		err = d.store.WriteAsync(batch, func(err error) {
			d.arriving.Delete(contact)
			if err != nil {
				d.log.Error("caller's number not kept", "contact", contact, "error", err)
			}
		})
	}
	if err != nil {
		d.arriving.Delete(contact)
		d.log.Error("caller's number not kept", "contact", contact, "error", err)
	}
	return d.people.Pseudonym(number)
}

// settings are a configuration and what is made of it; they are replaced together.
type settings struct {
	config *config.Config
	routes *voice.Routes
}

func newSettings(c *config.Config) (settings, error) {
	trunks := map[string]voice.Trunk{}
	for id, t := range c.Trunks {
		trunks[id] = voice.Trunk{PBX: acd.PBXID(t.PBX), Dial: t.Dial}
	}
	var routes []voice.Route
	for _, r := range c.Routes {
		route := voice.Route{Prefix: r.Prefix, Trunks: r.Trunks, CallerID: r.CallerID}
		for _, q := range r.Queues {
			route.Queues = append(route.Queues, acd.QueueID(q))
		}
		routes = append(routes, route)
	}
	made, err := voice.NewRoutes(trunks, routes)
	if err != nil {
		return settings{}, fmt.Errorf("app: routes: %w", err)
	}
	return settings{config: c, routes: made}, nil
}

// trunks that lead from a queue's PBX to a number.
func (s settings) trunks(queue acd.QueueID, e164 string) []string {
	trunks, err := s.routes.Trunks(queue, acd.PBXID(s.config.Queues[string(queue)].PBX), e164)
	if err != nil {
		return nil // The route's refusal says that there is none.
	}
	return trunks
}

// originating is the executor of OriginateLeg: no call to a customer passes it that is above the caps.
type originating struct {
	next     engine.Executor
	limits   *httpapi.Limits
	settings func() settings
	view     func() *acd.View
	calls    *calls
	metrics  *metrics
	log      *slog.Logger
}
