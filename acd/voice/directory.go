package voice

import (
	"errors"

	"contactd/acd"
)

// Call says how a leg is dialled.
type Call struct {
	// Dial is Asterisk's dial string, "PJSIP/ann".
	Dial string
	// CallerID is what the called telephone shows: a number, or `Name <number>`; empty leaves the PBX's own.
	CallerID string
}

// Directory knows what the director does not: telephones, numbers and names. Its methods must not block for long.
type Directory interface {
	// AgentCall says how the agent's phone is called for a contact.
	AgentCall(agent acd.AgentID, contact acd.ContactID) (Call, error)
	// CustomerCall says how the contact's customer is called over a trunk. See [Routes].
	CustomerCall(contact acd.ContactID, trunk string) (Call, error)
	// CallerArrived is told the number of an inbound caller, empty when it is withheld, before the director is told of the
	// contact. It returns the number's keyed hash. It is called while events wait, so that it must store in the background.
	CallerArrived(contact acd.ContactID, number string) (hash string)
}

// Refusal is an error of a [Directory]: the call is not made, and the director is told the cause.
type Refusal struct {
	// Cause is a Q.850 value.
	Cause int
	// Reason is for the record and holds no personal data.
	Reason string
}

func (r *Refusal) Error() string { return "voice: " + r.Reason }

// Q.850 causes that are given here.
const (
	causeNoRoute          = 3  // no route to destination
	causeNormal           = 16 // normal call clearing
	causeAbsent           = 20 // subscriber absent: the endpoint has no reachable contact
	causeInvalidNumber    = 28 // invalid number format
	causeTemporaryFailure = 41 // temporary failure
)

// refused returns what a directory's error tells the director.
func refused(err error) (cause int, reason string) {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return refusal.Cause, refusal.Reason
	}
	// The error's own text may hold what the record must not.
	return causeTemporaryFailure, "the directory does not know how to call"
}
