package acd

import "time"

// Fact is something that the core decided. Facts are all that changes a State. The set is closed, and the tags in
// codec.go are stable.
type Fact interface{ fact() }

type (
	// BootStarted: ids are minted with this installation and boot from here on.
	BootStarted struct {
		Installation string
		Boot         uint64
	}
	// ConfigurationAdopted replaces the configuration whole.
	ConfigurationAdopted struct{ Config Config }
	PBXUp                struct {
		PBX   PBXID
		Epoch uint64
	}
	PBXDown struct{ PBX PBXID }

	// ContactArrived: the contact waits from now on.
	ContactArrived struct {
		Contact ContactID
		Kind    Kind
		Queue   QueueID
		PBX     PBXID
		Caller  string
		Trunks  []string
		Since   time.Time
	}
	// NumberReplaced: the customer of a call-back is called at another number.
	NumberReplaced struct {
		Contact ContactID
		Caller  string
		Trunks  []string
	}
	// OfferMade: the contact is reserved for the agent until Until. Rule and Tie explain the choice.
	OfferMade struct {
		Offer   OfferID
		Contact ContactID
		Agent   AgentID
		Bridge  BridgeID
		Until   time.Time
		Rule    string
		Tie     string
	}
	// OfferTakenUp: accepted on the desk. When Lift is set the ringing leg is exchanged for one that answers by itself.
	OfferTakenUp struct {
		Offer OfferID
		Agent AgentID
		Lift  bool
	}
	// OfferEnded with its outcome. The contact is not offered to the agent again before NotBefore.
	OfferEnded struct {
		Offer     OfferID
		Contact   ContactID
		Agent     AgentID
		Outcome   OfferOutcome
		Cause     int
		NotBefore time.Time
	}

	// LegStarted: a leg belongs to the contact; an inbound one, or one that is now originated.
	LegStarted struct {
		Leg     LegID
		PBX     PBXID
		Contact ContactID
		Agent   AgentID // empty for the customer's
		Trunk   string
		Attempt int
		Inbound bool
	}
	LegRinging struct{ Leg LegID }
	LegUp      struct{ Leg LegID }
	// LegReleased: contactd hangs the leg up. When its end is not told before Again, it is hung up once more.
	LegReleased struct {
		Leg   LegID
		Again time.Time
	}
	LegDown struct {
		Leg   LegID
		Cause int
	}

	// CustomerCalled: the customer's phone is called until Until, over the trunk with the index Trunk.
	CustomerCalled struct {
		Contact ContactID
		Trunk   int
		Attempt int
		Until   time.Time
	}
	// AttemptEnded: the customer was not reached. Next is when the contact is due again, zero when it is the last.
	// Uncounted: nobody was dialled, so that it was no attempt.
	AttemptEnded struct {
		Contact   ContactID
		Outcome   Termination
		Next      time.Time
		Uncounted bool
	}
	// ContactDue: a paused contact waits again, with its old age.
	ContactDue       struct{ Contact ContactID }
	ContactConnected struct{ Contact ContactID }
	// ContactEnded: nobody talks any more. With WrapUp the agent has the time until Until for himself.
	ContactEnded struct {
		Contact     ContactID
		Termination Termination
		WrapUp      bool
		Until       time.Time
	}
	WrapUpMoved struct {
		Agent AgentID
		Until time.Time
	}
	// WrapUpOver: the agent is done with the contact. Handled is the time since the parties were joined.
	WrapUpOver struct {
		Contact ContactID
		Handled time.Duration
	}
	// ContactClosed: its record is complete and it leaves the state.
	ContactClosed struct{ Contact ContactID }

	// AgentMoved to a state. Idle is since when he waits for a contact (kept by one whose offer came to nothing).
	AgentMoved struct {
		Agent  AgentID
		State  AgentState
		Reason string
		Idle   time.Time
		Misses int
	}
	// AgentPlanned: what the agent becomes after the present offer, talk or wrap-up.
	AgentPlanned struct {
		Agent  AgentID
		State  AgentState
		Reason string
	}

	// CommandsIssued counts the commands of a step and keeps those whose outcome must be known.
	CommandsIssued struct {
		Last CommandID
		Kept []Command
	}
	CommandClosed struct{ Command CommandID }
)

func (BootStarted) fact()          {}
func (ConfigurationAdopted) fact() {}
func (PBXUp) fact()                {}
func (PBXDown) fact()              {}
func (ContactArrived) fact()       {}
func (NumberReplaced) fact()       {}
func (OfferMade) fact()            {}
func (OfferTakenUp) fact()         {}
func (OfferEnded) fact()           {}
func (LegStarted) fact()           {}
func (LegRinging) fact()           {}
func (LegUp) fact()                {}
func (LegReleased) fact()          {}
func (LegDown) fact()              {}
func (CustomerCalled) fact()       {}
func (AttemptEnded) fact()         {}
func (ContactDue) fact()           {}
func (ContactConnected) fact()     {}
func (ContactEnded) fact()         {}
func (WrapUpMoved) fact()          {}
func (WrapUpOver) fact()           {}
func (ContactClosed) fact()        {}
func (AgentMoved) fact()           {}
func (AgentPlanned) fact()         {}
func (CommandsIssued) fact()       {}
func (CommandClosed) fact()        {}
