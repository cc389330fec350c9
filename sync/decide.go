package pagesync

import (
	"fmt"
	"unicode/utf8"
)

// Code of a refusal. The list is closed.
type Code string

const (
	NotAllowed    Code = "not_allowed"
	NoConsent     Code = "no_consent"
	URLInvalid    Code = "url_invalid"
	URLNotAllowed Code = "url_not_allowed"
	URLExcluded   Code = "url_excluded"
	Private       Code = "private"
	TooLong       Code = "too_long"
	TooMany       Code = "too_many"
	StalePage     Code = "stale_page"
	Invalid       Code = "invalid"
	UnknownKind   Code = "unknown_kind"
	RoomIsClosed  Code = "closed"
)

// Refusal says why an operation did not happen, in words for the person who wanted it.
type Refusal struct {
	Code Code
	Text string
}

func (r *Refusal) Error() string { return string(r.Code) + ": " + r.Text }

func refuse(code Code, format string, args ...any) *Refusal {
	return &Refusal{code, fmt.Sprintf(format, args...)}
}

// Decide says whether the participant may do what it wants, and returns the operation in the form in which it happens:
// an address may have lost parts that are secret. It changes nothing.
func (s *State) Decide(from string, op Op, site Site) (Op, *Refusal) {
	role := s.RoleOf(from)
	if s.Closed != StillOpen {
		return nil, refuse(RoomIsClosed, "the contact has ended")
	}
	switch op := op.(type) {
	case Navigate:
		if r := s.allowed(role, RightNavigate); r != nil {
			return nil, r
		}
		url, r := site.Check(op.URL)
		if r != nil {
			// The customer is there, whether it can be shown or not. What is not shown must not be taken for the page
			// before: the room goes nowhere, and nothing of fields and pointers is shared meanwhile.
			return Navigate{}, nil
		}
		return Navigate{url}, nil
	case Push:
		if r := s.allowed(role, RightPush); r != nil {
			return nil, r
		}
		url, r := site.Check(op.URL)
		if r != nil {
			return nil, r
		}
		return Push{url}, nil
	case Form:
		if r := s.allowed(role, RightForm); r != nil {
			return nil, r
		}
		return op, s.checkForm(op)
	case Chat:
		if r := s.allowed(role, RightChat); r != nil {
			return nil, r
		}
		return op, checkChat(op)
	case Consent:
		return op, s.allowed(role, RightConsent)
	case Control:
		return op, s.allowed(role, RightControl)
	}
	return nil, refuse(NotAllowed, "%s is told by contactd alone", op.Kind())
}

func (s *State) allowed(role Role, right Right) *Refusal {
	if s.may(role, right) {
		return nil
	}
	// Would it be allowed with the customer's consent?
	if s.Consent != Granted {
		with := *s
		with.Consent = Granted
		if with.may(role, right) {
			return refuse(NoConsent, "the customer does not share the page")
		}
	}
	if role == RoleAgent && right == RightForm {
		return refuse(NotAllowed, "the customer does not let the agent fill fields")
	}
	return refuse(NotAllowed, "the role %q may not %s", string(role), string(right))
}

func (s *State) checkForm(op Form) *Refusal {
	old, known := s.Fields[op.Field]
	switch {
	case op.Field == "":
		return refuse(Invalid, "the field has no name")
	case len(op.Field) > MaxField:
		return refuse(TooLong, "the field's name has %d bytes, at most %d are allowed", len(op.Field), MaxField)
	case len(op.Value) > MaxValue:
		return refuse(TooLong, "the value has %d bytes, at most %d are allowed", len(op.Value), MaxValue)
	case op.Page != 0 && op.Page != s.Page:
		return refuse(StalePage, "the field is on a page that was left")
	case s.URL == "":
		return refuse(StalePage, "the page that the field is on is not shown")
	case privateField(op.Field):
		return refuse(Private, "the field looks private and is not shared")
	case privateText(op.Value):
		return refuse(Private, "the value looks like the number of a card and is not shared")
	case !known && len(s.Fields) >= MaxFields:
		return refuse(TooMany, "the page has more than %d shared fields", MaxFields)
	case s.fieldBytes-len(old)+len(op.Value)+len(op.Field) > MaxFieldBytes:
		return refuse(TooMany, "the shared fields of this page hold more than %d bytes", MaxFieldBytes)
	}
	return nil
}

func checkChat(op Chat) *Refusal {
	switch {
	case op.Text == "":
		return refuse(Invalid, "the line is empty")
	case utf8.RuneCountInString(op.Text) > MaxText:
		return refuse(TooLong, "the line is too long: at most %d characters", MaxText)
	case privateText(op.Text):
		return refuse(Private, "the line has what looks like the number of a card: please do not send it")
	}
	return nil
}
