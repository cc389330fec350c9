package acd

import "time"

// Input is something that happened outside the core. The set is closed.
type Input interface{ input() }

// The configuration and the clock.
type (
	// ConfigurationApplied arrives at start and whenever the configuration differs.
	ConfigurationApplied struct{ Config Config }
	// DeadlineReached says that the time given by [State.NextDeadline] has come.
	DeadlineReached struct{}
	// Started opens a boot: ids are minted with the installation and the boot number from here on.
	Started struct {
		Installation string
		Boot         uint64
	}
)

// What customers ask for.
type (
	// CallArrived: an inbound channel entered the application for a queue.
	CallArrived struct {
		Contact ContactID
		PBX     PBXID
		Leg     LegID
		Queue   QueueID
		// Caller is the keyed hash of the caller's number, empty when it is withheld.
		Caller string
		// Since is when the caller began to wait, if that was before now (handed back by the plain queue).
		Since time.Time
	}
	// CallBackRequested: a customer asks to be called. The number is kept outside the core with the contact's
	// personal data; the core knows its keyed hash (one open call-back a number) and the trunks that may carry it.
	CallBackRequested struct {
		Contact ContactID
		Queue   QueueID
		Kind    Kind // CallBackNow or CallBackTurn
		Caller  string
		// Trunks are tried in this order when one fails for a reason of its own.
		Trunks []string
	}
	// NumberChanged: the customer of a waiting call-back changed the number.
	NumberChanged struct {
		Contact ContactID
		Caller  string
		Trunks  []string
	}
	// ContactCancelled: the customer, or the company for him, wants the contact no more. A connected talk is hung up.
	ContactCancelled struct{ Contact ContactID }
)

// What agents do.
type (
	AgentSignedIn  struct{ Agent AgentID }
	AgentSignedOut struct{ Agent AgentID }
	// AgentReady and AgentNotReady take effect at once, or after the present talk and wrap-up.
	AgentReady    struct{ Agent AgentID }
	AgentNotReady struct {
		Agent  AgentID
		Reason string
	}
	// OfferAccepted: the agent accepts on the desk. Only an answered leg accepts for real; a phone that can is made
	// to answer, others ring on.
	OfferAccepted struct {
		Agent AgentID
		Offer OfferID
	}
	OfferRejected struct {
		Agent AgentID
		Offer OfferID
	}
	// HangUpRequested: the agent ends the talk on the desk.
	HangUpRequested struct {
		Agent   AgentID
		Contact ContactID
	}
	WrapUpEnded    struct{ Agent AgentID }
	WrapUpExtended struct{ Agent AgentID }
)

// What the PBX tells.
type (
	// PBXConnected carries all channels and bridges that the PBX has at the begin of a connection epoch: the core
	// adopts what is its own, ends what is gone and hangs up orphans.
	PBXConnected struct {
		PBX     PBXID
		Epoch   uint64
		Legs    []LegSeen
		Bridges []BridgeSeen
	}
	PBXDisconnected struct {
		PBX   PBXID
		Epoch uint64
	}
	LegRang struct{ Leg LegID }
	// LegAnswered names the PBX too, so that a leg that nobody knows can be hung up there.
	LegAnswered struct {
		PBX PBXID
		Leg LegID
	}
	// LegEnded: the channel is gone or has left the application. Cause is a Q.850 value, 0 when unknown.
	LegEnded struct {
		Leg   LegID
		Cause int
	}
)

// LegSeen is a channel in a PBX's listing. Only channels of the application, or with a minted id, are listed.
type LegSeen struct {
	Leg LegID
	// Up is true when the channel is answered.
	Up bool
	// Arrival is set by the shell for an inbound channel that waits in the application: the core adopts it as an
	// arrival when it does not know the leg (the event was lost while nobody listened).
	Arrival *CallArrived
}

// BridgeSeen is a bridge in a PBX's listing, with the legs in it.
type BridgeSeen struct {
	Bridge BridgeID
	Legs   []LegID
}

// CommandSettled is the outcome of a command. Of a repeatable command only Refused and Unknown are told.
type CommandSettled struct {
	Command CommandID
	Outcome Outcome
	// Cause is a Q.850 value where the PBX gave one.
	Cause int
	// Detail is for the record, without personal data.
	Detail string
}

// Outcome of a command.
type Outcome uint8

const (
	Done Outcome = iota + 1
	// Refused: certainly not carried out.
	Refused
	// Unknown: perhaps carried out. An originate with this outcome is never repeated.
	Unknown
	// Postponed: certainly not carried out, because a limit of contactd's own is reached. For a call to a customer this
	// is no attempt: he is called later.
	Postponed
)

func (ConfigurationApplied) input() {}
func (DeadlineReached) input()      {}
func (Started) input()              {}
func (CallArrived) input()          {}
func (CallBackRequested) input()    {}
func (NumberChanged) input()        {}
func (ContactCancelled) input()     {}
func (AgentSignedIn) input()        {}
func (AgentSignedOut) input()       {}
func (AgentReady) input()           {}
func (AgentNotReady) input()        {}
func (OfferAccepted) input()        {}
func (OfferRejected) input()        {}
func (HangUpRequested) input()      {}
func (WrapUpEnded) input()          {}
func (WrapUpExtended) input()       {}
func (PBXConnected) input()         {}
func (PBXDisconnected) input()      {}
func (LegRang) input()              {}
func (LegAnswered) input()          {}
func (LegEnded) input()             {}
func (CommandSettled) input()       {}
