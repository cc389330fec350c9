package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"contactd/acd"
)

// answerLife is how long an idempotency key is remembered.
const answerLife = 24 * time.Hour

// answer is what was said to an idempotency key. Body is empty between the moment when the contact's id was chosen and
// the moment when the request was answered: a crash between them leaves the id, under which the contact is there or not.
type answer struct {
	// Request is the keyed hash of the request, which has a number in it.
	Request string        `json:"request"`
	Contact acd.ContactID `json:"contact"`
	// Body is the answer without what is personal; that is put in when it is said again.
	Body *CompanyContact `json:"body,omitempty"`
	// Refused is the answer to a request that was refused.
	Refused *Problem `json:"refused,omitempty"`
}

// companyCreate takes a request once for each idempotency key: the same request again gets the same answer and makes no
// second call, another request under the same key is refused.
func (s *Server) companyCreate(ctx context.Context, in *struct {
	Key  string `header:"Idempotency-Key" maxLength:"200" doc:"The sender's own word for this request, as a UUID; required."`
	Body CompanyRequest
}) (*companyOutput, error) {
	if in.Key == "" {
		return nil, problem(http.StatusBadRequest, CodeIdempotencyMissing, "the header Idempotency-Key is missing: send a word of your own, as a UUID, and the same one when you send the request again")
	}
	owner, _ := ctx.Value(apiKeyKey{}).(string)
	request, err := json.Marshal(in.Body)
	if err != nil {
		return nil, s.failed(ctx, "read the request", err)
	}
	name, hash := owner+"/"+in.Key, s.People.Pseudonym(string(request))
	defer s.once.lock(name)()

	kept, err := s.answerTo(name)
	if err != nil {
		return nil, s.failed(ctx, "look at the idempotency key", err)
	}
	if kept != nil {
		switch {
		case kept.Request != hash:
			return nil, problem(http.StatusUnprocessableEntity, CodeIdempotencyReuse, "this Idempotency-Key was used for another request; use a new one")
		case kept.Refused != nil:
			return nil, kept.Refused
		case kept.Body != nil:
			again := *kept.Body
			person, err := s.People.Find(kept.Contact)
			if err != nil && !errors.Is(err, ErrUnknown) {
				return nil, s.failed(ctx, "read the contact", err)
			}
			again.Reference, again.State.NumberHint = person.Reference, hint(person.Number)
			return &companyOutput{Status: http.StatusCreated, Replayed: true, Body: again}, nil
		}
		// contactd ended before it answered. The contact was taken, or the request is made again under the same id.
		if contact, err := s.companyContact(s.Director.View(), kept.Contact); err == nil {
			return &companyOutput{Status: http.StatusCreated, Replayed: true, Body: contact}, s.remember(ctx, name, kept.with(contact))
		} else if !errors.Is(err, ErrUnknown) {
			return nil, s.failed(ctx, "read the contact", err)
		}
	} else {
		kept = &answer{Request: hash, Contact: newContact()}
		if err := s.remember(ctx, name, kept); err != nil {
			return nil, err
		}
	}

	person := Person{Language: in.Body.Language, Reference: in.Body.Reference}
	err = s.request(ctx, s.Config(), kept.Contact, in.Body.Queue, in.Body.Kind, in.Body.Number, person, netip.Addr{})
	if certain(err) {
		var refused *Problem
		errors.As(err, &refused)
		if refused.Status == http.StatusTooManyRequests || refused.Code == acd.RefusedFull {
			kept.Contact = newContact() // It passes with time: the same key may be tried again.
		} else {
			kept.Refused = refused
		}
		if err := s.remember(ctx, name, kept); err != nil {
			return nil, err
		}
		return nil, refused
	}
	if err != nil {
		return nil, err
	}
	contact, err := s.companyContact(s.Director.View(), kept.Contact)
	if err != nil {
		return nil, s.gone(err)
	}
	return &companyOutput{Status: http.StatusCreated, Body: contact}, s.remember(ctx, name, kept.with(contact))
}

// with is the answer to keep when the contact was taken.
func (a *answer) with(contact CompanyContact) *answer {
	contact.Reference, contact.State.NumberHint = "", ""
	a.Body = &contact
	return a
}

// answerTo is what is kept for a key; nil when it is new.
func (s *Server) answerTo(name string) (*answer, error) {
	value, err := s.Answers.Get(name)
	if errors.Is(err, ErrUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	kept := &answer{}
	return kept, json.Unmarshal(value, kept)
}

// remember keeps an answer. The error is the request's: what is not remembered must not be acknowledged.
func (s *Server) remember(ctx context.Context, name string, kept *answer) error {
	value, err := json.Marshal(kept)
	if err == nil {
		err = s.Answers.Put(context.WithoutCancel(ctx), name, value, s.Now().Add(answerLife))
	}
	if err != nil {
		return s.failed(ctx, "keep the answer", err)
	}
	return nil
}
