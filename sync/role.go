package pagesync

import "strings"

// Role of a participant in a room.
type Role string

const (
	// RoleNone has no business in the room.
	RoleNone     Role = ""
	RoleCustomer Role = "customer"
	// RolePreview sees the page, after consent, and changes nothing: an agent who is offered the contact.
	RolePreview Role = "preview"
	// RoleAgent sees, pushes, fills and points.
	RoleAgent Role = "agent"
	// RoleReader keeps the last picture, read-only: the agent in wrap-up.
	RoleReader Role = "reader"
	// RoleSupervisor sees, chats and points.
	RoleSupervisor Role = "supervisor"
)

// SubjectCustomer is the customer as a person; an agent is [AgentSubject].
const SubjectCustomer = "customer"

const agentPrefix = "agent:"

// AgentSubject is an agent as a person.
func AgentSubject(agent string) string { return agentPrefix + agent }

// IsAgent says whether the subject is an agent.
func IsAgent(subject string) bool { return strings.HasPrefix(subject, agentPrefix) }

// Right is something that a participant may do.
type Right string

const (
	RightNavigate Right = "navigate"
	RightPush     Right = "push"
	RightForm     Right = "form"
	RightChat     Right = "chat"
	RightConsent  Right = "consent"
	RightControl  Right = "control"
	RightPoint    Right = "point"
)

// Rights returns what the role may do now, in a fixed order.
func (s *State) Rights(role Role) []Right {
	if s.Closed != StillOpen {
		return nil
	}
	shared := s.Consent == Granted
	var rights []Right
	add := func(right Right, condition bool) {
		if condition {
			rights = append(rights, right)
		}
	}
	switch role {
	case RoleCustomer:
		add(RightNavigate, shared)
		add(RightForm, shared)
		add(RightChat, true)
		add(RightConsent, true)
		add(RightControl, true)
		add(RightPoint, shared)
	case RoleAgent:
		add(RightPush, shared)
		add(RightForm, shared && s.Fill)
		add(RightChat, true)
		add(RightPoint, shared)
	case RoleSupervisor:
		add(RightChat, true)
		add(RightPoint, shared)
	}
	return rights
}

// may is Rights without making a list.
func (s *State) may(role Role, right Right) bool {
	for _, has := range s.Rights(role) {
		if has == right {
			return true
		}
	}
	return false
}

// Points says whether pointer and scroll positions of the role are passed on now.
func (s *State) Points(role Role) bool { return s.URL != "" && s.may(role, RightPoint) }

// SeesPage says whether the role may see the page, its fields and where people point.
func (s *State) SeesPage(role Role) bool {
	switch role {
	case RoleCustomer:
		return true
	case RolePreview, RoleAgent, RoleReader, RoleSupervisor:
		return s.Consent == Granted
	}
	return false
}

// SeesAddress says whether the role may see the network addresses of customers.
func SeesAddress(role Role) bool {
	return role == RoleAgent || role == RoleSupervisor || role == RoleReader || role == RolePreview
}
