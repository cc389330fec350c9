package acdtest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"contactd/acd"
)

// line is one line of a story.
func (s *Scenario) line(verb string, w words) (string, error) {
	switch verb {
	case "queue":
		return s.queue(w)
	case "agent":
		return s.agent(w)
	case "remove":
		s.conf.Agents = slices.DeleteFunc(slices.Clone(s.conf.Agents), func(a acd.Agent) bool { return string(a.ID) == w.at(0) })
		s.conf.Queues = slices.DeleteFunc(slices.Clone(s.conf.Queues), func(q acd.Queue) bool { return string(q.ID) == w.at(0) })
		return s.configure()
	case "pbx":
		return s.pbx(w)
	case "wait":
		return s.wait(w.at(0))
	case "away": // time passes and nobody is there to see it
		d, err := time.ParseDuration(w.at(0))
		s.now = s.now.Add(d)
		return "", err
	case "restart":
		return s.restart()
	case "view":
		return s.view(), nil
	case "why":
		return s.why(acd.ContactID(w.at(0)))
	}
	in, err := s.input(verb, w)
	if err != nil {
		return "", err
	}
	if err := s.state.Refuse(in); err != nil {
		if facts, commands := s.state.Step(s.now, in); len(facts)+len(commands) > 0 {
			return "", fmt.Errorf("refused (%w), and yet it did something", err)
		}
		return "refused: " + err.Error() + "\n", nil
	}
	return s.step(in), nil
}

func (s *Scenario) input(verb string, w words) (acd.Input, error) {
	id, agent := acd.ContactID(w.at(0)), acd.AgentID(w.at(0))
	leg := acd.LegID(w.at(0))
	if strings.Trim(w.at(0), "0123456789") == "" {
		leg = acd.LegID("cd-t-1-" + w.at(0))
	}
	switch verb {
	case "signin":
		return acd.AgentSignedIn{Agent: agent}, nil
	case "ready":
		s.step(acd.AgentSignedIn{Agent: agent})
		return acd.AgentReady{Agent: agent}, nil
	case "notready":
		return acd.AgentNotReady{Agent: agent, Reason: w.at(1)}, nil
	case "signout":
		return acd.AgentSignedOut{Agent: agent}, nil
	case "call":
		since := time.Time{}
		if w.named["since"] != "" {
			since = s.now.Add(-w.duration("since", "0s"))
		}
		return acd.CallArrived{Contact: id, PBX: "main", Leg: acd.LegID(w.at(0) + "-in"), Queue: acd.QueueID(w.or("queue", "sales")), Since: since}, nil
	case "callback":
		trunks := w.list("trunks")
		if trunks == nil {
			trunks = []string{"t1"}
		}
		return acd.CallBackRequested{Contact: id, Queue: acd.QueueID(w.or("queue", "sales")), Kind: acd.Kind("callback_" + w.or("kind", "turn")), Caller: w.or("number", "n-"+w.at(0)), Trunks: trunks}, nil
	case "number":
		return acd.NumberChanged{Contact: id, Caller: w.at(1), Trunks: []string{"t1"}}, nil
	case "cancel":
		return acd.ContactCancelled{Contact: id}, nil
	case "accept", "reject":
		offer := acd.OfferID(w.number("offer", 0))
		if a := s.state.View(nil).Agents[agent]; offer == 0 && a != nil && a.Offer != nil {
			offer = a.Offer.ID
		}
		if verb == "accept" {
			return acd.OfferAccepted{Agent: agent, Offer: offer}, nil
		}
		return acd.OfferRejected{Agent: agent, Offer: offer}, nil
	case "hangup":
		return acd.HangUpRequested{Agent: agent, Contact: acd.ContactID(w.at(1))}, nil
	case "wrapped":
		return acd.WrapUpEnded{Agent: agent}, nil
	case "extend":
		return acd.WrapUpExtended{Agent: agent}, nil
	case "rang":
		return acd.LegRang{Leg: leg}, nil
	case "answered":
		return acd.LegAnswered{PBX: "main", Leg: leg}, nil
	case "ended":
		return acd.LegEnded{Leg: leg, Cause: w.number("cause", 16)}, nil
	case "settled":
		outcome := map[string]acd.Outcome{"done": acd.Done, "refused": acd.Refused, "unknown": acd.Unknown, "postponed": acd.Postponed}[w.at(0)]
		if outcome == 0 {
			return nil, fmt.Errorf("settled done, refused or unknown")
		}
		return acd.CommandSettled{Command: acd.CommandID(w.number("command", 0)), Outcome: outcome, Cause: w.number("cause", 0)}, nil
	}
	return nil, fmt.Errorf("no such line")
}

func (s *Scenario) queue(w words) (string, error) {
	s.conf.Queues = append(slices.Clone(s.conf.Queues), acd.Queue{
		ID: acd.QueueID(w.at(0)), PBX: "main", Needs: w.levels("needs"), Priority: w.number("priority", 0),
		RingTimeout: w.duration("ring", "20s"), WrapUp: w.duration("wrap", "15s"), WrapUpExtension: w.duration("extension", "30s"),
		MaxWaiting: w.number("max", 0), Music: "default",
		CallBack: acd.CallBackPolicy{Attempts: w.number("attempts", 2), Pause: w.duration("pause", "5m"), RingTimeout: w.duration("customer-ring", "30s")},
	})
	return s.configure()
}

func (s *Scenario) agent(w words) (string, error) {
	a := acd.Agent{ID: acd.AgentID(w.at(0)), PBX: "main", Skills: w.levels("skills"), AutoAnswer: w.has("auto"), MaxMisses: w.number("misses", 1)}
	for _, q := range strings.Split(w.or("queues", "sales"), ",") {
		a.Queues = append(a.Queues, acd.QueueID(q))
	}
	s.conf.Agents = append(slices.Clone(s.conf.Agents), a)
	return s.configure()
}

func (s *Scenario) configure() (string, error) {
	s.conf.Digest += "+"
	out := s.step(acd.ConfigurationApplied{Config: s.conf})
	// The first line repeats the whole configuration.
	_, rest, _ := strings.Cut(out, "\n")
	return rest, nil
}

// pbx up legs=a:up,b bridges=1:a+b | pbx down epoch=1
func (s *Scenario) pbx(w words) (string, error) {
	if w.at(0) == "down" {
		return s.step(acd.PBXDisconnected{PBX: "main", Epoch: uint64(w.number("epoch", int(s.epoch)))}), nil
	}
	s.epoch++
	in := acd.PBXConnected{PBX: "main", Epoch: s.epoch}
	named := func(leg string) acd.LegID {
		if strings.Trim(leg, "0123456789") == "" {
			return acd.LegID("cd-t-1-" + leg)
		}
		return acd.LegID(leg)
	}
	for _, l := range w.list("legs") {
		id, up, _ := strings.Cut(l, ":")
		in.Legs = append(in.Legs, acd.LegSeen{Leg: named(id), Up: up == "up"})
	}
	for _, b := range w.list("bridges") {
		id, legs, _ := strings.Cut(b, ":")
		seen := acd.BridgeSeen{Bridge: acd.BridgeID("cdb-t-1-" + id)}
		for _, l := range strings.Split(legs, "+") {
			if l != "" {
				seen.Legs = append(seen.Legs, named(l))
			}
		}
		in.Bridges = append(in.Bridges, seen)
	}
	return s.step(in), nil
}

func (s *Scenario) wait(long string) (string, error) {
	d, err := time.ParseDuration(long)
	if err != nil {
		return "", err
	}
	until := s.now.Add(d)
	var out strings.Builder
	for {
		at, some := s.state.NextDeadline()
		if !some || at.After(until) {
			break
		}
		s.now = at
		fmt.Fprintf(&out, "at +%s\n%s", at.Sub(s.start), s.step(acd.DeadlineReached{}))
	}
	s.now = until
	return out.String(), nil
}

// restart recovers from the facts alone, which must give an equal state.
func (s *Scenario) restart() (string, error) {
	recovered := acd.New()
	for _, e := range s.facts {
		recovered.Recover(e)
	}
	want, err := s.state.Hash()
	if err != nil {
		return "", err
	}
	got, err := recovered.Hash()
	if err != nil {
		return "", err
	}
	if want != got {
		return "", fmt.Errorf("recovery gives another state")
	}
	s.state = recovered
	boot := uint64(len(s.facts))
	return s.step(acd.Started{Installation: "t", Boot: boot}), nil
}

func (s *Scenario) view() string {
	v := s.state.View(nil)
	var out strings.Builder
	for _, a := range s.conf.Agents {
		if av := v.Agents[a.ID]; av != nil {
			fmt.Fprintf(&out, "%s %s\n", a.ID, strings.TrimPrefix(s.show(*av), "AgentView "))
		}
	}
	var ids []acd.ContactID
	for id := range v.Contacts {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		fmt.Fprintln(&out, s.show(*v.Contacts[id]))
	}
	for _, q := range s.conf.Queues {
		fmt.Fprintln(&out, s.show(*v.Queues[q.ID]))
	}
	return out.String()
}

func (s *Scenario) why(id acd.ContactID) (string, error) {
	e, known := s.state.Explain(id)
	if !known {
		return "", fmt.Errorf("no such contact")
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s winner=%s rule=%s\n", e.State, e.Winner, e.Rule)
	for _, c := range e.Candidates {
		fmt.Fprintf(&out, "%s %s %s\n", c.Agent, c.State, strings.Join(c.Failed, " "))
	}
	return out.String(), nil
}
