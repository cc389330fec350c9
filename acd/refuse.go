package acd

import "fmt"

// Refusal says why an input of a person or program is not possible now. Code is stable and part of the API.
type Refusal struct {
	Code   string
	Detail string
}

func (r *Refusal) Error() string { return r.Detail }

// Codes of refusals.
const (
	RefusedQueue     = "unknown_queue"
	RefusedFull      = "queue_full"
	RefusedDuplicate = "duplicate_number"
	RefusedContact   = "unknown_contact"
	RefusedState     = "wrong_state"
	RefusedAgent     = "unknown_agent"
	RefusedSignedOut = "signed_out"
	RefusedOffer     = "stale_offer"
	RefusedTrunks    = "no_trunk"
)

func refuse(code, format string, args ...any) error {
	return &Refusal{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Refuse says why the input would change nothing: a *[Refusal], or nil. The engine asks before it steps the inputs of
// the API; Step itself asks too, so that an input that was overtaken does no harm.
func (s *State) Refuse(in Input) error {
	switch in := in.(type) {
	case CallBackRequested:
		return s.refuseCallBack(in)
	case NumberChanged:
		c, err := s.open(in.Contact)
		if err != nil {
			return err
		}
		if c.Kind == Inbound || (c.State != Waiting && c.State != Paused) {
			return refuse(RefusedState, "the number can be changed only while a call-back waits; this contact is %s", c.State)
		}
		if len(in.Trunks) == 0 {
			return refuse(RefusedTrunks, "no route leads to this number")
		}
		if other, taken := s.numbers[in.Caller]; taken && other != in.Contact {
			return refuse(RefusedDuplicate, "there is an open call-back to this number already")
		}
	case ContactCancelled:
		c, err := s.open(in.Contact)
		if err != nil {
			return err
		}
		if c.State == WrappingUp {
			return refuse(RefusedState, "the contact has ended already")
		}
	case AgentSignedIn:
		return s.refuseAgent(in.Agent, false)
	case AgentSignedOut:
		return s.refuseAgent(in.Agent, true)
	case AgentReady:
		return s.refuseAgent(in.Agent, true)
	case AgentNotReady:
		return s.refuseAgent(in.Agent, true)
	case OfferAccepted:
		return s.refuseOffer(in.Agent, in.Offer)
	case OfferRejected:
		return s.refuseOffer(in.Agent, in.Offer)
	case HangUpRequested:
		c, err := s.open(in.Contact)
		if err != nil {
			return err
		}
		if c.Agent != in.Agent || (c.State != Connected && c.State != Calling) {
			return refuse(RefusedState, "you are not talking in this contact")
		}
	case WrapUpEnded:
		return s.refuseWrapUp(in.Agent)
	case WrapUpExtended:
		if err := s.refuseWrapUp(in.Agent); err != nil {
			return err
		}
		c := s.d.Contacts[s.d.Agents[in.Agent].Contact]
		if q := s.queue(c.Queue); q == nil || q.WrapUpExtension <= 0 {
			return refuse(RefusedState, "wrap-up cannot be extended in this queue")
		}
	}
	return nil
}

func (s *State) open(id ContactID) (*contact, error) {
	c := s.d.Contacts[id]
	if c == nil || c.State == Ended {
		return nil, refuse(RefusedContact, "there is no open contact with this id")
	}
	return c, nil
}

func (s *State) refuseCallBack(in CallBackRequested) error {
	q := s.queue(in.Queue)
	switch {
	case q == nil:
		return refuse(RefusedQueue, "there is no queue %q", in.Queue)
	case in.Kind != CallBackNow && in.Kind != CallBackTurn:
		return refuse(RefusedState, "a call-back is of kind %s or %s", CallBackNow, CallBackTurn)
	case len(in.Trunks) == 0:
		return refuse(RefusedTrunks, "no route leads to this number")
	case s.d.Contacts[in.Contact] != nil:
		return refuse(RefusedState, "the contact exists already")
	case s.numbers[in.Caller] != "":
		return refuse(RefusedDuplicate, "there is an open call-back to this number already")
	case q.MaxWaiting > 0 && len(s.lines[q.ID].contacts) >= q.MaxWaiting:
		return refuse(RefusedFull, "%d contacts wait already, as many as may", len(s.lines[q.ID].contacts))
	}
	return nil
}

func (s *State) refuseAgent(id AgentID, signedIn bool) error {
	a := s.d.Agents[id]
	if a == nil || a.conf == nil {
		return refuse(RefusedAgent, "there is no agent %q", id)
	}
	if signedIn && a.State == LoggedOut {
		return refuse(RefusedSignedOut, "sign in first")
	}
	return nil
}

func (s *State) refuseOffer(id AgentID, offer OfferID) error {
	if err := s.refuseAgent(id, true); err != nil {
		return err
	}
	if o := s.d.Agents[id].Offer; o == nil || o.ID != offer {
		return refuse(RefusedOffer, "this offer is over")
	}
	return nil
}

func (s *State) refuseWrapUp(id AgentID) error {
	if err := s.refuseAgent(id, true); err != nil {
		return err
	}
	if s.d.Agents[id].State != WrapUp {
		return refuse(RefusedState, "you are not in wrap-up")
	}
	return nil
}
