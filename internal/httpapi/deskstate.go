package httpapi

import (
	"cmp"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"

	"contactd/acd"
)

// dated sets the clock of a desk that is sent.
func (d Desk) dated(now time.Time) any {
	d.Now = now
	return d
}

// deskOf is the state of one agent's desk, without its clock.
func (s *Server) deskOf(view *acd.View, id acd.AgentID) Desk {
	c := s.Config()
	configured := c.Agents[string(id)]
	desk := Desk{
		Agent:  DeskAgent{ID: id, Name: configured.Name, State: acd.LoggedOut},
		Queues: []DeskQueue{}, Reasons: slices.Concat([]string{}, c.Reasons), Sites: []DeskSite{},
		PBX: view.PBXs[acd.PBXID(configured.PBX)],
	}
	for _, site := range slices.Sorted(maps.Keys(c.Sites)) {
		desk.Sites = append(desk.Sites, DeskSite{Origins: c.Sites[site].Origins})
	}
	agent, ok := view.Agents[id]
	if !ok {
		return desk
	}
	desk.Agent = DeskAgent{
		ID: id, Name: configured.Name, State: agent.State, Reason: agent.Reason, Since: stamp(agent.Since),
		After: agent.After, AfterReason: agent.AfterReason, WrapUpUntil: stamp(agent.WrapUpUntil),
	}
	for _, q := range agent.Queues {
		if v, ok := view.Queues[q]; ok {
			desk.Queues = append(desk.Queues, DeskQueue{
				ID: q, Title: title(c.Queues[string(q)], string(q), ""), Waiting: v.Waiting, Free: v.Free, Busy: v.Busy,
				WrapUp: v.WrapUp, NotReady: v.NotReady, Estimate: estimateOf(v.Estimate),
			})
		}
	}
	contact := agent.Contact
	if o := agent.Offer; o != nil {
		desk.Offer = &DeskOffer{
			Offer: strconv.FormatUint(uint64(o.ID), 10), Contact: o.Contact, Queue: o.Queue, Title: title(c.Queues[string(o.Queue)], string(o.Queue), ""),
			Kind: o.Kind, Made: stamp(o.Made), Until: stamp(o.Until), Accepted: o.Accepted,
		}
		contact = o.Contact
	}
	if v, ok := view.Contacts[contact]; ok {
		state, err := s.state(c, view, contact)
		if err != nil {
			return desk // It is in the view: state reads nothing else.
		}
		person, err := s.People.Find(contact)
		if err != nil && !errors.Is(err, ErrUnknown) {
			s.log.Warn("personal data not readable", "contact", contact, "error", err)
		}
		desk.Contact = &DeskContact{
			ContactState: state, QueueTitle: title(c.Queues[string(v.Queue)], string(v.Queue), ""),
			Caller: person.NumberOf(v.Caller, s.People.Pseudonym), Address: person.Address,
		}
		if room, ok := s.Room(contact); ok {
			desk.Contact.PageShared = room.Shared
			if room.Address != "" {
				desk.Contact.Address = room.Address
			}
		}
	}
	return desk
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
