package acd

import "time"

// Command is something that must now be carried out.
type Command struct {
	ID      CommandID
	Contact ContactID
	// Irreversible commands wait for the commit and stay in the state's outbox until they are settled; repeatable
	// ones may be sent while the commit is in flight and are derived again by reconciliation.
	Irreversible bool
	Do           Action
}

// Action is what a command does. The set is closed; executors are registered by type.
type Action interface{ action() }

// Actions on the PBX; executed by acd/voice. Those of one contact are carried out in their order.
type (
	// OriginateLeg dials an agent's phone (Agent set) or the contact's customer (Agent empty, Trunk set). The leg's
	// further life is told by LegRang, LegAnswered and LegEnded.
	OriginateLeg struct {
		PBX     PBXID
		Leg     LegID
		Agent   AgentID
		Trunk   string
		Timeout time.Duration
		// AutoAnswer asks the phone to answer by itself.
		AutoAnswer bool
		// Originator is the leg for which this one is made, if there is one (linked id, codecs).
		Originator LegID
	}
	AnswerLeg struct {
		PBX PBXID
		Leg LegID
	}
	// HangUpLeg ends a leg; Cause is the Q.850 value that the other side is given (16 normal clearing, 17 busy,
	// 26 answered elsewhere …).
	HangUpLeg struct {
		PBX   PBXID
		Leg   LegID
		Cause int
	}
	// StartMusic plays hold music to a leg in no bridge.
	StartMusic struct {
		PBX   PBXID
		Leg   LegID
		Class string
	}
	// StartRingback plays a ringing tone to a leg in no bridge, which waits for the other side's answer.
	StartRingback struct {
		PBX PBXID
		Leg LegID
	}
	// StopSound ends the music (Music true) or ringback of a leg; it must be over before the leg joins a bridge.
	StopSound struct {
		PBX   PBXID
		Leg   LegID
		Music bool
	}
	CreateBridge struct {
		PBX    PBXID
		Bridge BridgeID
	}
	JoinLegs struct {
		PBX    PBXID
		Bridge BridgeID
		Legs   []LegID
	}
	// DestroyBridge comes after the hang-up of its legs.
	DestroyBridge struct {
		PBX    PBXID
		Bridge BridgeID
	}
)

// Actions on the contact's room and record.
type (
	// OpenRoom makes the contact's room; opening an open one changes nothing.
	OpenRoom struct{}
	// SetRole binds an agent to the room, or changes what he may do there; RoleNone takes him out.
	SetRole struct {
		Agent AgentID
		Role  Role
	}
	// ShowCallState displays the call's state at all locations in step with the page.
	ShowCallState struct{ State ContactState }
	// CloseRoom ends the customer's part, or (All) everybody's.
	CloseRoom struct{ All bool }
	// KeepRecord stores the contact's record; it is complete.
	KeepRecord struct{ Record Record }
)

// Role in a room.
type Role uint8

const (
	RoleNone Role = iota
	// RolePreview sees the page (after consent) and changes nothing: an agent who is offered the contact.
	RolePreview
	// RoleAgent sees, pushes and points.
	RoleAgent
	// RoleReader keeps what was there, read-only: the agent in wrap-up.
	RoleReader
)

func (OriginateLeg) action()  {}
func (AnswerLeg) action()     {}
func (HangUpLeg) action()     {}
func (StartMusic) action()    {}
func (StartRingback) action() {}
func (StopSound) action()     {}
func (CreateBridge) action()  {}
func (JoinLegs) action()      {}
func (DestroyBridge) action() {}
func (OpenRoom) action()      {}
func (SetRole) action()       {}
func (ShowCallState) action() {}
func (CloseRoom) action()     {}
func (KeepRecord) action()    {}
