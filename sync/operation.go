package pagesync

import (
	"encoding/json"
	"fmt"
	"time"
)

// Op is something that happens in the durable lane. The set is closed.
type Op interface {
	// Kind names the operation on the wire and in the log; it never changes.
	Kind() string
}

// What people do.
type (
	// Navigate says where the customer's browser is.
	Navigate struct {
		URL string `json:"url"`
	}
	// Push moves everybody, the customer's browser too.
	Push struct {
		URL string `json:"url"`
	}
	// Form is the value of a field that is shared. Page, when not 0, is the offset of the operation that led to the
	// page that the field is on.
	Form struct {
		Field string `json:"field"`
		Value string `json:"value"`
		Page  uint64 `json:"page,omitempty"`
	}
	Chat struct {
		Text string `json:"text"`
	}
	// Consent to the agent's seeing the page.
	Consent struct {
		Granted bool `json:"granted"`
	}
	// Control says whether the agent may fill shared fields.
	Control struct {
		Fill bool `json:"fill"`
	}
)

// What contactd tells.
type (
	// CallState is the state of the contact, in the director's words.
	CallState struct {
		State string    `json:"state"`
		Since time.Time `json:"since"`
	}
	// MediaState of one medium: up, held, down.
	MediaState struct {
		Medium string `json:"medium"`
		State  string `json:"state"`
	}
	// RoleSet gives an agent a role; RoleNone, "none" on the wire, takes it.
	RoleSet struct {
		Agent string
		Name  string
		Role  Role
	}
	// RoomOpened begins every log.
	RoomOpened struct {
		Epoch   string `json:"epoch"`
		Site    string `json:"site"`
		URL     string `json:"url,omitempty"`
		Consent Choice `json:"consent"`
	}
	// RoomClosed ends the customer's part, or everybody's.
	RoomClosed struct {
		All bool `json:"all"`
	}
)

// What is remembered of participants and told to nobody.
type (
	// Joined: a new participant. Replaces is one who is forgotten for it, because the room has many.
	Joined struct {
		ID         string `json:"id"`
		Subject    string `json:"subject"`
		Name       string `json:"name,omitempty"`
		Supervisor bool   `json:"supervisor,omitempty"`
		Address    string `json:"address,omitempty"`
		Next       string `json:"next"`
		Replaces   string `json:"replaces,omitempty"`
	}
	// Resumed: a participant came back with the secret whose hash is Current and was given the one of Next.
	Resumed struct {
		ID      string `json:"id"`
		Address string `json:"address,omitempty"`
		Current string `json:"current"`
		Next    string `json:"next"`
	}
)

func (Navigate) Kind() string   { return "navigate" }
func (Push) Kind() string       { return "push" }
func (Form) Kind() string       { return "form" }
func (Chat) Kind() string       { return "chat" }
func (Consent) Kind() string    { return "consent" }
func (Control) Kind() string    { return "control" }
func (CallState) Kind() string  { return "call" }
func (MediaState) Kind() string { return "media" }
func (RoleSet) Kind() string    { return "role" }
func (RoomOpened) Kind() string { return "opened" }
func (RoomClosed) Kind() string { return "closed" }
func (Joined) Kind() string     { return "joined" }
func (Resumed) Kind() string    { return "resumed" }

// MarshalJSON names the absent role, which an empty word would not.
func (r RoleSet) MarshalJSON() ([]byte, error) {
	role := r.Role
	if role == RoleNone {
		role = "none"
	}
	return json.Marshal(roleWire{Agent: r.Agent, Name: r.Name, Role: role})
}

func (r *RoleSet) UnmarshalJSON(data []byte) error {
	var wire roleWire
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	if wire.Role == "none" {
		wire.Role = RoleNone
	}
	*r = RoleSet(wire)
	return nil
}

type roleWire struct {
	Agent string `json:"agent"`
	Name  string `json:"name"`
	Role  Role   `json:"role"`
}

// AppendOp encodes an operation as one JSON object that begins with its kind.
func AppendOp(dst []byte, op Op) ([]byte, error) {
	body, err := json.Marshal(op)
	if err != nil {
		return dst, fmt.Errorf("pagesync: encode %s: %w", op.Kind(), err)
	}
	dst = append(dst, `{"kind":"`...)
	dst = append(dst, op.Kind()...)
	dst = append(dst, '"')
	if len(body) > 2 { // Not "{}".
		dst = append(dst, ',')
	}
	return append(dst, body[1:]...), nil
}

// decodeOp decodes what AppendOp encoded. Whether somebody may do it is another question: see Decide.
func decodeOp(data []byte) (Op, error) {
	var head struct {
		Kind string `json:"kind"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, err
	}
	switch head.Kind {
	case "navigate":
		return decodeAs[Navigate](data)
	case "push":
		return decodeAs[Push](data)
	case "form":
		return decodeAs[Form](data)
	case "chat":
		return decodeAs[Chat](data)
	case "consent":
		return decodeAs[Consent](data)
	case "control":
		return decodeAs[Control](data)
	case "call":
		return decodeAs[CallState](data)
	case "media":
		return decodeAs[MediaState](data)
	case "role":
		return decodeAs[RoleSet](data)
	case "opened":
		return decodeAs[RoomOpened](data)
	case "closed":
		return decodeAs[RoomClosed](data)
	case "joined":
		return decodeAs[Joined](data)
	case "resumed":
		return decodeAs[Resumed](data)
	}
	return nil, errKind(head.Kind)
}

type errKind string

func (e errKind) Error() string { return fmt.Sprintf("operation kind %q is not known", string(e)) }

func decodeAs[T Op](data []byte) (Op, error) {
	var op T
	if err := json.Unmarshal(data, &op); err != nil {
		return nil, err
	}
	return op, nil
}
