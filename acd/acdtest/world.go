package acdtest

import (
	"fmt"
	"slices"
	"time"

	"contactd/acd"
)

// next lets something happen.
func (s *Simulation) next() acd.Input {
	s.now = s.now.Add(time.Duration(s.rng.IntN(3000)) * time.Millisecond)
	if len(s.pending) > 0 && s.rng.IntN(3) > 0 {
		return s.arrive()
	}
	agent := acd.AgentID(fmt.Sprint("a", s.rng.IntN(7)))
	switch s.rng.IntN(26) {
	case 0, 1, 2:
		return s.call()
	case 3, 4:
		s.contacts++
		kind := acd.CallBackNow
		if s.rng.IntN(2) == 0 {
			kind = acd.CallBackTurn
		}
		return acd.CallBackRequested{Contact: acd.ContactID(fmt.Sprintf("%032d", s.contacts)), Queue: s.queue(), Kind: kind, Caller: fmt.Sprint("n", s.rng.IntN(12)), Trunks: []string{"t1", "t2"}[:1+s.rng.IntN(2)]}
	case 5, 6:
		return acd.AgentSignedIn{Agent: agent}
	case 7, 8, 9, 10:
		return acd.AgentReady{Agent: agent}
	case 11:
		return acd.AgentNotReady{Agent: agent, Reason: "break"}
	case 12:
		return acd.AgentSignedOut{Agent: agent}
	case 13:
		return s.onOffer(agent)
	case 14:
		return acd.WrapUpEnded{Agent: agent}
	case 15:
		return acd.WrapUpExtended{Agent: agent}
	case 16:
		return s.onContact(agent)
	case 17:
		s.conf = s.config(s.rng.IntN(5))
		return acd.ConfigurationApplied{Config: s.conf}
	case 18:
		return s.fault()
	case 19:
		s.now = s.now.Add(time.Duration(s.rng.IntN(90)) * time.Second)
		return acd.DeadlineReached{}
	default:
		return s.channel()
	}
}

func (s *Simulation) queue() acd.QueueID { return acd.QueueID(fmt.Sprint("q", s.rng.IntN(4))) } // q3 is none

func (s *Simulation) call() acd.Input {
	s.contacts++
	leg := acd.LegID(fmt.Sprint("in-", s.contacts))
	if !s.pbx.up {
		return acd.DeadlineReached{}
	}
	s.pbx.legs[leg] = &channel{inbound: true}
	return acd.CallArrived{Contact: acd.ContactID(fmt.Sprintf("%032d", s.contacts)), PBX: "main", Leg: leg, Queue: s.queue()}
}

func (s *Simulation) onOffer(agent acd.AgentID) acd.Input {
	var offer acd.OfferID
	if a := s.state.View(nil).Agents[agent]; a != nil && a.Offer != nil {
		offer = a.Offer.ID
	}
	if s.rng.IntN(2) == 0 {
		return acd.OfferRejected{Agent: agent, Offer: offer}
	}
	return acd.OfferAccepted{Agent: agent, Offer: offer}
}

func (s *Simulation) onContact(agent acd.AgentID) acd.Input {
	v := s.state.View(nil)
	var ids []acd.ContactID
	for id := range v.Contacts {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if len(ids) == 0 {
		return acd.DeadlineReached{}
	}
	id := ids[s.rng.IntN(len(ids))]
	switch s.rng.IntN(4) {
	case 0:
		return acd.ContactCancelled{Contact: id}
	case 1:
		return acd.NumberChanged{Contact: id, Caller: fmt.Sprint("n", s.rng.IntN(12)), Trunks: []string{"t1"}}
	default:
		return acd.HangUpRequested{Agent: agent, Contact: id}
	}
}

// fault: the connection to the PBX drops or comes, the PBX dies, the director dies.
func (s *Simulation) fault() acd.Input {
	switch s.rng.IntN(5) {
	case 0:
		s.pbx.legs, s.pbx.bridges = map[acd.LegID]*channel{}, map[acd.BridgeID][]acd.LegID{}
		fallthrough
	case 1, 2:
		s.pbx.up, s.pending = false, nil
		return acd.PBXDisconnected{PBX: "main", Epoch: s.pbx.epoch}
	case 3:
		s.pbx.up = true
		return s.listing()
	default:
		if err := s.restart(); err != nil {
			panic(err)
		}
		return acd.DeadlineReached{}
	}
}

// channel lets a channel of the PBX ring, answer or end.
func (s *Simulation) channel() acd.Input {
	ids := s.legs(nil)
	if len(ids) == 0 {
		return acd.DeadlineReached{}
	}
	id := ids[s.rng.IntN(len(ids))]
	c := s.pbx.legs[id]
	switch {
	case s.rng.IntN(3) == 0:
		s.drop(id)
		s.tell(acd.LegEnded{Leg: id, Cause: []int{0, 1, 16, 17, 18, 19, 20, 21, 34, 38}[s.rng.IntN(10)]})
	case c.up || c.inbound:
	case s.rng.IntN(2) == 0:
		s.tell(acd.LegRang{Leg: id})
	default:
		c.up = true
		s.tell(acd.LegAnswered{PBX: "main", Leg: id})
	}
	return s.arrive()
}

func (s *Simulation) drop(id acd.LegID) {
	delete(s.pbx.legs, id)
	for b, legs := range s.pbx.bridges {
		s.pbx.bridges[b] = slices.DeleteFunc(legs, func(l acd.LegID) bool { return l == id })
	}
}

// tell sends an input on its way; one in forty is lost, one in forty comes twice.
func (s *Simulation) tell(in acd.Input) {
	if !s.pbx.up {
		return
	}
	switch s.rng.IntN(40) {
	case 0:
	case 1:
		s.pending = append(s.pending, in, in)
	default:
		s.pending = append(s.pending, in)
	}
}

// arrive takes one input of those on their way, mostly the first.
func (s *Simulation) arrive() acd.Input {
	if len(s.pending) == 0 {
		return acd.DeadlineReached{}
	}
	i := 0
	if s.rng.IntN(5) == 0 {
		i = s.rng.IntN(len(s.pending))
	}
	in := s.pending[i]
	s.pending = slices.Delete(s.pending, i, i+1)
	return in
}

// execute carries a command out, as the PBX and the room hub would.
func (s *Simulation) execute(c acd.Command) {
	settle := func(o acd.Outcome, cause int) {
		if c.Irreversible {
			s.pending = append(s.pending, acd.CommandSettled{Command: c.ID, Outcome: o, Cause: cause})
		}
	}
	switch do := c.Do.(type) {
	case acd.OriginateLeg:
		switch {
		case !s.pbx.up, s.rng.IntN(15) == 0:
			settle(acd.Refused, 20)
		case s.rng.IntN(30) == 0:
			settle(acd.Unknown, 0)
		case do.Trunk != "" && s.rng.IntN(15) == 0:
			settle(acd.Postponed, 0)
		default:
			s.pbx.legs[do.Leg] = &channel{}
			settle(acd.Done, 0)
		}
	case acd.HangUpLeg:
		if s.pbx.up && s.pbx.legs[do.Leg] != nil {
			s.drop(do.Leg)
			s.tell(acd.LegEnded{Leg: do.Leg, Cause: do.Cause})
		} else if s.pbx.up {
			// The PBX does not know it: it is gone.
			s.pending = append(s.pending, acd.LegEnded{Leg: do.Leg})
		}
	case acd.CreateBridge:
		if s.pbx.up && s.pbx.bridges[do.Bridge] == nil {
			s.pbx.bridges[do.Bridge] = []acd.LegID{}
		}
	case acd.JoinLegs:
		if s.pbx.up {
			s.pbx.bridges[do.Bridge] = append(s.pbx.bridges[do.Bridge], do.Legs...)
		}
	case acd.DestroyBridge:
		if s.pbx.up {
			delete(s.pbx.bridges, do.Bridge)
		}
	case acd.KeepRecord:
		s.Records = append(s.Records, do.Record)
		settle(acd.Done, 0)
	default:
		settle(acd.Done, 0)
	}
}
