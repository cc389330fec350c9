package acd

import (
	"slices"
	"strings"
)

func (s *State) pbxDisconnected(in PBXDisconnected) {
	p := s.d.PBXs[in.PBX]
	if p != nil && p.Connected && p.Epoch == in.Epoch {
		s.emit(PBXDown{PBX: in.PBX})
	}
}

// pbxConnected compares what the PBX has with what the state knows, and repairs: what is gone has ended, what is
// nobody's is hung up, what belongs together is joined.
func (s *State) pbxConnected(in PBXConnected) {
	s.emit(PBXUp{PBX: in.PBX, Epoch: in.Epoch})
	s.held(func() { s.reconcile(in) })
}

func (s *State) reconcile(in PBXConnected) {
	seen := map[LegID]LegSeen{}
	for _, l := range in.Legs {
		seen[l.Leg] = l
	}
	bridged := map[LegID]BridgeID{}
	bridges := map[BridgeID]bool{}
	for _, b := range in.Bridges {
		bridges[b.Bridge] = true
		for _, l := range b.Legs {
			bridged[l] = b.Bridge
		}
	}
	// What is settled here is known before: bridges first, so that legs can join them.
	known := s.contactsByAge()
	talked := map[ContactID]bool{}
	for _, c := range known {
		talked[c.ID] = c.State == Connected
		if c.PBX == in.PBX && c.keepsBridge() && !bridges[c.Bridge] {
			s.may(c.ID, CreateBridge{PBX: c.PBX, Bridge: c.Bridge})
		}
	}
	s.closeOriginates(in.PBX, seen)
	for _, id := range sortedKeys(s.d.Legs) {
		l := s.d.Legs[id]
		if l == nil || l.PBX != in.PBX { // ended by an earlier one's end
			continue
		}
		switch got, there := seen[id]; {
		case !there:
			s.legOver(id, 0, true)
		case !l.Again.IsZero():
			s.release(l, causeNormal)
		case got.Up && l.Answered.IsZero():
			s.legAnswered(LegAnswered{Leg: id})
		}
	}
	for _, l := range in.Legs {
		switch {
		case s.d.Legs[l.Leg] != nil:
		case l.Arrival != nil:
			s.callArrived(*l.Arrival)
		default: // an orphan
			s.may("", HangUpLeg{PBX: in.PBX, Leg: l.Leg, Cause: causeNormal})
		}
	}
	for _, c := range known {
		switch {
		case c.PBX != in.PBX:
		case c.State == Connected && talked[c.ID]:
			s.rejoin(c, bridged)
		case (c.State == Waiting || c.State == Offered) && c.Kind == Inbound:
			s.may(c.ID, AnswerLeg{PBX: c.PBX, Leg: c.Customer})
			s.may(c.ID, StartMusic{PBX: c.PBX, Leg: c.Customer, Class: s.settings(c.Queue).Music})
		}
	}
	mine := map[BridgeID]bool{}
	for _, c := range known {
		mine[c.Bridge] = mine[c.Bridge] || c.keepsBridge()
	}
	for _, b := range in.Bridges {
		if !mine[b.Bridge] && strings.HasPrefix(string(b.Bridge), "cdb-") {
			s.may("", DestroyBridge{PBX: in.PBX, Bridge: b.Bridge})
		}
	}
}

// keepsBridge says whether the contact's bridge is or will be used.
func (c *contact) keepsBridge() bool {
	return c.Bridge != "" && c.State != Ended && c.State != WrappingUp
}

// closeOriginates: the listing tells what came of every originate. One whose leg is not there was made and came to
// nothing, or is on its way: then its leg is hung up behind it.
func (s *State) closeOriginates(id PBXID, seen map[LegID]LegSeen) {
	for _, n := range sortedKeys(s.d.Outbox) {
		k := s.d.Outbox[n]
		do, is := k.Do.(OriginateLeg)
		if !is || do.PBX != id {
			continue
		}
		s.emit(CommandClosed{Command: n})
		if s.d.Legs[do.Leg] != nil && seen[do.Leg].Leg == "" {
			s.may(k.Contact, HangUpLeg{PBX: id, Leg: do.Leg, Cause: causeNormal})
		}
	}
}

// rejoin makes the contact's bridge hold the legs that talk; those that are where they belong are left alone.
func (s *State) rejoin(c *contact, bridged map[LegID]BridgeID) {
	var apart []LegID
	for _, id := range []LegID{c.Customer, c.Desk} {
		if bridged[id] != c.Bridge {
			apart = append(apart, id)
		}
	}
	// What was to end with the joining may still sound, when the one was lost with the other.
	if inbound := c.Kind == Inbound; inbound && slices.Contains(apart, c.Customer) {
		s.may(c.ID, StopSound{PBX: c.PBX, Leg: c.Customer, Music: true})
	} else if !inbound && slices.Contains(apart, c.Desk) {
		s.may(c.ID, StopSound{PBX: c.PBX, Leg: c.Desk})
	}
	if len(apart) > 0 {
		s.may(c.ID, JoinLegs{PBX: c.PBX, Bridge: c.Bridge, Legs: apart})
	}
}
