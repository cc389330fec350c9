package acd

// ContactID is 128 random bits as 32 lower-case hexadecimal digits. The shell supplies it; it is the room's id too.
type ContactID string

// LegID names an Asterisk channel. Legs that contactd originates have ids minted by the core,
// "cd-<installation>-<boot>-<n>"; an inbound leg keeps the id that Asterisk gave it.
type LegID string

// BridgeID names an Asterisk bridge; always minted by the core, "cdb-<installation>-<boot>-<n>".
type BridgeID string

// PBXID is the configured name of one Asterisk.
type PBXID string

// QueueID, AgentID and SkillID are the configured names of queues, agents and skills.
type (
	QueueID string
	AgentID string
	SkillID string
)

// OfferID numbers the offers of an installation. It only grows: an answer to an older offer is hung up, not bridged.
type OfferID uint64

// CommandID numbers the commands whose outcome the core waits for.
type CommandID uint64
