package acd

import "strings"

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
	for _, id := range sortedKeys(s.d.Legs) {
		l := s.d.Legs[id]
		if l == nil || l.PBX != in.PBX { // ended by an earlier one's end
			continue
		}
		switch got, there := seen[id]; {
		case !there:
			s.originateLost(id)
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
	mine := map[BridgeID]bool{}
	for _, c := range s.contactsByAge() {
		if c.PBX == in.PBX && c.Bridge != "" && c.State != Ended && c.State != WrappingUp {
			mine[c.Bridge] = true
			s.rejoin(c, bridges, bridged)
		}
		if c.PBX == in.PBX && (c.State == Waiting || c.State == Offered) && c.Kind == Inbound && seen[c.Customer].Leg != "" {
			s.may(c.ID, AnswerLeg{PBX: c.PBX, Leg: c.Customer})
			s.may(c.ID, StartMusic{PBX: c.PBX, Leg: c.Customer, Class: s.d.Config.music(c.Queue)})
		}
	}
	for _, b := range in.Bridges {
		if !mine[b.Bridge] && strings.HasPrefix(string(b.Bridge), "cdb-") {
			s.may("", DestroyBridge{PBX: in.PBX, Bridge: b.Bridge})
		}
	}
}

// originateLost closes the originate of a leg that the PBX does not have: the attempt counts as made.
func (s *State) originateLost(id LegID) {
	for _, n := range sortedKeys(s.d.Outbox) {
		if do, is := s.d.Outbox[n].Do.(OriginateLeg); is && do.Leg == id {
			s.emit(CommandClosed{Command: n})
		}
	}
}

// rejoin makes the contact's bridge hold the legs that talk; those that are where they belong are left alone.
func (s *State) rejoin(c *contact, bridges map[BridgeID]bool, bridged map[LegID]BridgeID) {
	if !bridges[c.Bridge] {
		s.may(c.ID, CreateBridge{PBX: c.PBX, Bridge: c.Bridge})
	}
	if c.State != Connected {
		return
	}
	var apart []LegID
	for _, id := range []LegID{c.Customer, c.Desk} {
		if id != "" && bridged[id] != c.Bridge {
			apart = append(apart, id)
		}
	}
	if len(apart) > 0 {
		s.may(c.ID, JoinLegs{PBX: c.PBX, Bridge: c.Bridge, Legs: apart})
	}
}
