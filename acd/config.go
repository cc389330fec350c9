package acd

import "time"

// Config is all that the core needs to know of the configuration. The shell sends it whole, as [ConfigurationApplied].
type Config struct {
	// Digest is a hash over the whole; an equal digest changes nothing.
	Digest string
	Queues []Queue
	Agents []Agent
}

// Queue is a line of contacts with common needs.
type Queue struct {
	ID    QueueID
	Needs []Need
	// PBX places the calls that the queue originates.
	PBX PBXID
	// Priority goes before age: the higher is served first. 0 is the default.
	Priority int
	// RingTimeout is how long an offered agent's phone rings. The offer ends by then.
	RingTimeout time.Duration
	// WrapUp is the time after a talk that an agent has for himself; an extension adds WrapUpExtension once each.
	WrapUp, WrapUpExtension time.Duration
	// MaxWaiting refuses newcomers when that many contacts wait; 0 means no limit.
	MaxWaiting int
	// Music is the Asterisk music-on-hold class for waiting callers.
	Music    string
	CallBack CallBackPolicy
}

// CallBackPolicy says how customers are called.
type CallBackPolicy struct {
	// Attempts is how often a customer is called in all, at least 1.
	Attempts int
	// Pause lies between the end of an attempt and the time when the next is due.
	Pause time.Duration
	// RingTimeout is how long the customer's phone rings.
	RingTimeout time.Duration
}

// Need is a skill that an agent must have, at Level or better. Levels go from 1 to 10.
type Need struct {
	Skill SkillID
	Level int
}

// Agent is a person who takes contacts.
type Agent struct {
	ID     AgentID
	Queues []QueueID
	Skills []Need
	// PBX is where the agent's phone is registered.
	PBX PBXID
	// AutoAnswer says that the phone answers by itself when told to (Call-Info answer-after, Alert-Info), so that
	// accepting on the desk lifts it.
	AutoAnswer bool
	// MaxMisses is the number of ring-no-answers in a row after which the agent is made not-ready; 1 when 0.
	MaxMisses int
}
