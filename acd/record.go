package acd

import "time"

// Record tells the whole story of one contact, without personal data. Its JSON form is what the API shows.
type Record struct {
	Contact     ContactID     `json:"contact"`
	Kind        Kind          `json:"kind"`
	Queue       QueueID       `json:"queue"`
	Arrived     time.Time     `json:"arrived"`
	Connected   time.Time     `json:"connected,omitzero"`
	Ended       time.Time     `json:"ended"`
	WrappedUp   time.Time     `json:"wrapped_up,omitzero"`
	Agent       AgentID       `json:"agent,omitempty"`
	Termination Termination   `json:"termination"`
	Offers      []OfferRecord `json:"offers"`
	Legs        []LegRecord   `json:"legs"`
}

// OfferRecord is one offer and how it ended.
type OfferRecord struct {
	Offer   OfferID      `json:"offer"`
	Agent   AgentID      `json:"agent"`
	Rule    string       `json:"rule"`
	Made    time.Time    `json:"made"`
	Ended   time.Time    `json:"ended,omitzero"`
	Outcome OfferOutcome `json:"outcome"`
	Cause   int          `json:"cause,omitempty"`
}

// OfferOutcome is one of six.
type OfferOutcome string

const (
	OfferTaken        OfferOutcome = "accepted"
	OfferRefused      OfferOutcome = "rejected"
	OfferRescinded    OfferOutcome = "rescinded"
	OfferNoAnswer     OfferOutcome = "ring_no_answer"
	OfferFailed       OfferOutcome = "failed"
	OfferCustomerGone OfferOutcome = "customer_gone"
)

// LegRecord is one channel's life.
type LegRecord struct {
	Leg      LegID     `json:"leg"`
	Party    string    `json:"party"` // "customer" or "agent"
	Agent    AgentID   `json:"agent,omitempty"`
	Trunk    string    `json:"trunk,omitempty"`
	Attempt  int       `json:"attempt,omitempty"`
	Started  time.Time `json:"started"`
	Rang     time.Time `json:"rang,omitzero"`
	Answered time.Time `json:"answered,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
	Cause    int       `json:"cause,omitempty"`
}

// Termination says why a contact (or an attempt to call the customer) ended. The list is closed.
type Termination string

const (
	CustomerHungUp      Termination = "customer_hung_up"
	AgentHungUp         Termination = "agent_hung_up"
	CustomerAbandoned   Termination = "abandoned"         // hung up while waiting or ringing
	CustomerCancelled   Termination = "cancelled"         // on the page or by the company
	CustomerNoAnswer    Termination = "no_answer"         // Q.850 18, 19
	CustomerBusy        Termination = "busy"              // Q.850 17
	CustomerRejected    Termination = "customer_rejected" // Q.850 21
	NumberInvalid       Termination = "number_invalid"    // Q.850 1, 28
	CustomerUnreachable Termination = "unreachable"       // Q.850 20, 31 …
	TrunkFailed         Termination = "trunk_failed"      // every trunk failed, Q.850 3, 27, 34, 38, 41, 42 …
	QueueFull           Termination = "queue_full"
	QueueUnknown        Termination = "queue_unknown"
	PBXLost             Termination = "pbx_lost" // the PBX restarted, or lost the channels
	// CallsLimited is the outcome of an attempt that was put off, never of a contact.
	CallsLimited Termination = "calls_limited"
)
