package acd

import (
	"fmt"
	"time"
)

// RulesVersion changes whenever the same inputs may give other facts than before.
const RulesVersion = 1

const (
	// offerGrace is added to the time that a phone rings: an offer ends by then even when the PBX is silent.
	offerGrace = 2 * time.Second
	// hangUpAgain is how long a leg that was hung up may stay before it is hung up once more.
	hangUpAgain = 10 * time.Second
	// rejectedPause is how long a contact is not offered again to an agent who rejected it.
	rejectedPause = 30 * time.Second
	// limitedPause is how long a call-back waits that met a limit on calls.
	limitedPause = 15 * time.Second
)

// State of the director. It belongs to one goroutine.
type State struct {
	d data
	index
	out []Fact
	do  []Command
}

// data is everything that facts change; its encoding is the snapshot. What can be derived from it lives in index.
type data struct {
	At                               time.Time
	Installation                     string
	Boot                             uint64
	LastLeg, LastBridge, LastContact uint64
	LastOffer                        OfferID
	LastCommand                      CommandID
	Arrived, Closed                  uint64
	Config                           Config
	PBXs                             map[PBXID]*pbx
	Agents                           map[AgentID]*agent
	Contacts                         map[ContactID]*contact
	Legs                             map[LegID]*leg
	Outbox                           map[CommandID]kept
	Handled                          map[QueueID][]time.Duration
}

type pbx struct {
	Connected bool
	Epoch     uint64
}

// contact is an open contact.
type contact struct {
	ID      ContactID
	Kind    Kind
	Queue   QueueID
	PBX     PBXID
	State   ContactState
	Arrived time.Time
	// Since is the age: when the customer began to wait.
	Since time.Time
	// Seq orders contacts of the same age.
	Seq    uint64
	Caller string
	Trunks []string

	Agent    AgentID
	Offer    OfferID
	Bridge   BridgeID
	Customer LegID // the customer's present leg
	Desk     LegID // the agent's present leg

	Trunk       int
	Attempt     int
	NextAttempt time.Time
	CallUntil   time.Time
	Connected   time.Time
	Ended       time.Time
	WrappedUp   time.Time
	Termination Termination
	LastOutcome Termination
	Barred      []barred

	Offers []OfferRecord
	Ends   []LegRecord // legs that have ended
	Open   int         // legs that have not

	place int // in line, derived
}

// barred: the contact is not offered to the agent before Until.
type barred struct {
	Agent AgentID
	Until time.Time
}

// agent is a configured person; one who is removed from the configuration stays until he is free.
type agent struct {
	ID          AgentID
	State       AgentState
	Reason      string
	Since       time.Time
	Idle        time.Time
	Misses      int
	After       AgentState
	AfterReason string
	Contact     ContactID
	WrapUpUntil time.Time
	Offer       *offer

	conf  *Agent // nil when removed from the configuration
	order int
	group *group
	slot  int   // in the group's heap, -1 when not idle
	since int64 // Idle in Unix nanoseconds, while in the heap
	legs  int   // of his phone that have not ended
}

type offer struct {
	ID       OfferID
	Contact  ContactID
	Made     time.Time
	Until    time.Time
	Accepted bool
	// Lift: the ringing leg is being exchanged for one that answers by itself.
	Lift bool
	Rule string
}

// leg is a channel that has not ended.
type leg struct {
	ID       LegID
	PBX      PBXID
	Contact  ContactID
	Agent    AgentID
	Trunk    string
	Attempt  int
	Inbound  bool
	Started  time.Time
	Rang     time.Time
	Answered time.Time
	// Again is when a leg that was hung up is hung up once more; zero while it lives.
	Again time.Time
}

// New is a State that knows nothing yet: it wants [Started] and [ConfigurationApplied].
func New() *State {
	s := &State{d: data{
		PBXs: map[PBXID]*pbx{}, Agents: map[AgentID]*agent{}, Contacts: map[ContactID]*contact{},
		Legs: map[LegID]*leg{}, Outbox: map[CommandID]kept{}, Handled: map[QueueID][]time.Duration{},
	}}
	s.rebuild()
	return s
}

// Step decides what follows from an input, applies it, and says what must now be done. at must not be before the last.
// An input that fits nothing gives neither facts nor commands.
func (s *State) Step(at time.Time, in Input) ([]Fact, []Command) {
	s.out, s.do = nil, nil
	s.setTime(at)
	// What was due before the input comes first, so that no input meets a deadline that has passed. Only a boot comes
	// before that: from then on no PBX counts as connected, so that nobody is blamed for what nobody could see.
	if _, boot := in.(Started); !boot {
		s.deadlineReached()
	}
	s.decide(in)
	s.deadlineReached()
	if len(s.do) > 0 {
		issued := CommandsIssued{Last: s.d.LastCommand + CommandID(len(s.do))}
		for i := range s.do {
			s.do[i].ID = s.d.LastCommand + CommandID(i) + 1
			if s.do[i].Irreversible {
				issued.Kept = append(issued.Kept, s.do[i])
			}
		}
		s.emit(issued)
	}
	return s.out, s.do
}

func (s *State) decide(in Input) {
	switch in := in.(type) {
	case Started:
		s.started(in)
	case ConfigurationApplied:
		s.configurationApplied(in)
	case DeadlineReached:
		// The deadlines that were due are done already.
	case CallArrived:
		s.callArrived(in)
	case CallBackRequested:
		s.callBackRequested(in)
	case NumberChanged:
		s.numberChanged(in)
	case ContactCancelled:
		s.contactCancelled(in)
	case AgentSignedIn:
		s.agentSignedIn(in)
	case AgentSignedOut:
		s.agentSignedOut(in)
	case AgentReady:
		s.agentReady(in)
	case AgentNotReady:
		s.agentNotReady(in)
	case OfferAccepted:
		s.offerAccepted(in)
	case OfferRejected:
		s.offerRejected(in)
	case HangUpRequested:
		s.hangUpRequested(in)
	case WrapUpEnded:
		s.wrapUpEnded(in)
	case WrapUpExtended:
		s.wrapUpExtended(in)
	case PBXConnected:
		s.pbxConnected(in)
	case PBXDisconnected:
		s.pbxDisconnected(in)
	case LegRang:
		s.legRang(in)
	case LegAnswered:
		s.legAnswered(in)
	case LegEnded:
		s.legEnded(in)
	case CommandSettled:
		s.commandSettled(in)
	default:
		panic(fmt.Sprintf("acd: no handler for %T", in))
	}
}

// Recover applies a journal entry; it decides nothing.
func (s *State) Recover(e Entry) {
	s.setTime(e.At)
	for _, f := range e.Facts {
		s.Apply(f)
	}
}

// Now is the time of the last step.
func (s *State) Now() time.Time { return s.d.At }

func (s *State) setTime(at time.Time) {
	at = at.UTC().Round(0)
	if at.After(s.d.At) {
		s.d.At = at
	}
}

// emit applies a fact and notes it as decided.
func (s *State) emit(f Fact) {
	s.Apply(f)
	s.out = append(s.out, f)
}

// must issues a command whose outcome is awaited and that waits for the commit.
func (s *State) must(c ContactID, a Action) {
	s.do = append(s.do, Command{Contact: c, Irreversible: true, Do: a})
}

// may issues a repeatable command.
func (s *State) may(c ContactID, a Action) {
	s.do = append(s.do, Command{Contact: c, Do: a})
}

func (s *State) mintLeg() LegID {
	return LegID(fmt.Sprintf("cd-%s-%d-%d", s.d.Installation, s.d.Boot, s.d.LastLeg+1))
}

func (s *State) mintBridge() BridgeID {
	return BridgeID(fmt.Sprintf("cdb-%s-%d-%d", s.d.Installation, s.d.Boot, s.d.LastBridge+1))
}

// queue is the configured queue, nil when there is none.
func (s *State) queue(id QueueID) *Queue { return s.queues[id] }
