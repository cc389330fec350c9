package acd

import "time"

// Kind of a contact.
type Kind string

const (
	Inbound      Kind = "inbound"
	CallBackNow  Kind = "callback_now"
	CallBackTurn Kind = "callback_turn"
)

// ContactState is one of a closed list; the sum over it is the number of contacts that arrived.
type ContactState string

const (
	// Waiting in line for an agent.
	Waiting ContactState = "waiting"
	// Paused until the next attempt is due; keeps its age.
	Paused ContactState = "paused"
	// Offered to an agent whose phone rings.
	Offered ContactState = "offered"
	// Calling the customer while the agent who answered waits.
	Calling ContactState = "calling"
	// Connected: customer and agent talk.
	Connected ContactState = "connected"
	// WrappingUp: the talk is over, the agent has not finished.
	WrappingUp ContactState = "wrapping_up"
	Ended      ContactState = "ended"
)

// AgentState is the person's state, never mixed with the phone's.
type AgentState string

const (
	LoggedOut    AgentState = "logged_out"
	NotReady     AgentState = "not_ready"
	Ready        AgentState = "ready"
	AgentOffered AgentState = "offered"
	Talking      AgentState = "talking"
	WrapUp       AgentState = "wrap_up"
)

// View is an immutable picture of a State for readers. Entities that did not change are the same pointers as in the
// view before.
type View struct {
	At       time.Time
	Seq      uint64 // grows with every change
	Contacts map[ContactID]*ContactView
	Agents   map[AgentID]*AgentView
	Queues   map[QueueID]*QueueView
	PBXs     map[PBXID]bool // connected
}

// ContactView is an open contact, or one whose agent still wraps up.
type ContactView struct {
	ID      ContactID
	Kind    Kind
	Queue   QueueID
	State   ContactState
	Arrived time.Time
	// Place in line, 1 is next; 0 when the contact does not wait.
	Place    int
	Estimate Estimate
	Agent    AgentID
	Caller   string
	// Attempt counts the calls to the customer so far; NextAttempt is when a paused contact is due.
	Attempt     int
	NextAttempt time.Time
	ConnectedAt time.Time
	EndedAt     time.Time
	Termination Termination
	// LastOutcome of the last attempt to call the customer, if there was one.
	LastOutcome Termination
}

// AgentView is one configured agent.
type AgentView struct {
	ID     AgentID
	State  AgentState
	Reason string
	Since  time.Time
	// After is what the agent becomes after talk and wrap-up: Ready or NotReady (with AfterReason), empty when unset.
	After       AgentState
	AfterReason string
	Offer       *OfferView
	Contact     ContactID
	WrapUpUntil time.Time
	Queues      []QueueID
}

// OfferView is the live offer of an agent.
type OfferView struct {
	ID       OfferID
	Contact  ContactID
	Queue    QueueID
	Kind     Kind
	Made     time.Time
	Until    time.Time
	Accepted bool
	// Rule says why this agent: "only", "longest_idle" …
	Rule string
}

// QueueView is one configured queue.
type QueueView struct {
	ID                           QueueID
	Waiting                      int
	Free, Busy, WrapUp, NotReady int
	// Estimate is what a newcomer would be told.
	Estimate Estimate
}

// Estimate of a wait. Known is false when nothing can be said, with the reason.
type Estimate struct {
	Known     bool
	Low, High time.Duration
	Reason    string // "no_agents", "no_history" …
}
