package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"contactd/acd"
	"contactd/internal/auth"
	"contactd/internal/config"
	pagesync "contactd/sync"
)

// ContactRequest asks to be called.
type ContactRequest struct {
	Queue    string   `json:"queue" maxLength:"80"`
	Kind     acd.Kind `json:"kind" enum:"callback_now,callback_turn"`
	Number   string   `json:"number" maxLength:"40" doc:"As people write it; without + it is of the company's country." example:"030 123456"`
	Page     string   `json:"page,omitempty" maxLength:"2000" doc:"The page that the customer sees; it is kept with consent only."`
	Consent  bool     `json:"consent,omitempty" doc:"The customer lets the agent see the page."`
	Language string   `json:"language,omitempty" maxLength:"20"`
	Site     string   `json:"site,omitempty" maxLength:"80" doc:"The site of the page; it must be that of the Origin."`
}

// Created is a new contact with what its page needs.
type Created struct {
	Contact   acd.ContactID `json:"contact"`
	Token     string        `json:"token" doc:"Bearer token for this contact."`
	RoomToken string        `json:"room_token" doc:"For the first frame of the room's WebSocket."`
	State     ContactState  `json:"state"`
}

type createdOutput struct {
	Status int
	Body   Created
}

type stateOutput struct{ Body ContactState }

// RoomToken opens the contact's room.
type RoomToken struct {
	Token string `json:"token"`
}

type roomTokenOutput struct{ Body RoomToken }

// ContactInput is what every request about one contact has.
type ContactInput struct {
	ID            string `path:"id" maxLength:"64"`
	Authorization string `header:"Authorization" hidden:"true"`
}

var onContact = []map[string][]string{{"contact": {}}}

func (s *Server) contacts(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "createContact", Method: http.MethodPost, Path: "/v1/contacts", Summary: "Call me", DefaultStatus: http.StatusCreated,
		Errors: []int{400, 403, 409, 422, 429, 503}, Middlewares: huma.Middlewares{s.observe},
	}, s.create)
	huma.Register(api, huma.Operation{
		OperationID: "contact", Method: http.MethodGet, Path: "/v1/contacts/{id}", Summary: "Where is my contact",
		Security: onContact, Errors: []int{401, 404},
	}, func(ctx context.Context, in *ContactInput) (*stateOutput, error) {
		id, p := s.contactOf(in)
		if p != nil {
			return nil, p
		}
		return s.stateOf(ctx, id)
	})
	huma.Register(api, huma.Operation{
		OperationID: "changeContact", Method: http.MethodPatch, Path: "/v1/contacts/{id}", Summary: "Call me at another number",
		Security: onContact, Errors: []int{400, 401, 404, 409, 422, 429, 503}, Middlewares: huma.Middlewares{s.observe},
	}, func(ctx context.Context, in *struct {
		ContactInput
		Body struct {
			Number string `json:"number" maxLength:"40"`
		}
	}) (*stateOutput, error) {
		id, p := s.contactOf(&in.ContactInput)
		if p != nil {
			return nil, p
		}
		if err := s.changeNumber(ctx, id, in.Body.Number, observed(ctx)); err != nil {
			return nil, err
		}
		return s.stateOf(ctx, id)
	})
	huma.Register(api, huma.Operation{
		OperationID: "cancelContact", Method: http.MethodDelete, Path: "/v1/contacts/{id}", Summary: "Do not call me; a talk is hung up",
		Security: onContact, Errors: []int{401, 404, 409, 503}, DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *ContactInput) (*struct{}, error) {
		id, p := s.contactOf(in)
		if p != nil {
			return nil, p
		}
		return nil, s.ask(ctx, "cancel the contact", acd.ContactCancelled{Contact: id})
	})
	huma.Register(api, huma.Operation{
		OperationID: "customerRoomToken", Method: http.MethodPost, Path: "/v1/contacts/{id}/room-token", Summary: "A fresh token for the room",
		Security: onContact, Errors: []int{401, 404},
	}, func(ctx context.Context, in *ContactInput) (*roomTokenOutput, error) {
		id, p := s.contactOf(in)
		if p != nil {
			return nil, p
		}
		v, open := s.Director.View().Contacts[id]
		if !open || v.State == acd.WrappingUp || v.State == acd.Ended {
			return nil, problem(http.StatusNotFound, CodeContactGone, "the contact has ended, and its page is shared no more")
		}
		token, err := s.Tokens.IssueRoom(ctx, auth.Person{Room: string(id), Subject: auth.SubjectCustomer})
		if err != nil {
			return nil, s.failed(ctx, "issue a token", err)
		}
		return &roomTokenOutput{Body: RoomToken{Token: token}}, nil
	})
	s.stateStream(api)
}

// contactOf is the contact that the token is for, which must be the one asked about.
func (s *Server) contactOf(in *ContactInput) (acd.ContactID, *Problem) {
	token, ok := strings.CutPrefix(in.Authorization, "Bearer ")
	if !ok {
		return "", problem(http.StatusUnauthorized, CodeUnauthorized, "send the contact's token as Authorization: Bearer")
	}
	contact, err := s.Tokens.VerifyContact(token)
	switch {
	case errors.Is(err, auth.ErrExpired):
		return "", problem(http.StatusUnauthorized, CodeUnauthorized, "the contact's token has expired")
	case err != nil || contact != in.ID || !isContact(contact):
		return "", problem(http.StatusUnauthorized, CodeUnauthorized, "the token is not for this contact")
	}
	return acd.ContactID(contact), nil
}

func (s *Server) stateOf(ctx context.Context, id acd.ContactID) (*stateOutput, error) {
	state, err := s.known(ctx, id)
	if err != nil {
		return nil, s.gone(err)
	}
	return &stateOutput{Body: state}, nil
}

// recordWithin is how long a contact may be neither open nor recorded: it has ended, and its record is being written.
const recordWithin = 2 * time.Second

// known is the state of a contact that is known to have existed: it waits for the record of one that has just ended.
func (s *Server) known(ctx context.Context, id acd.ContactID) (ContactState, error) {
	ctx, cancel := context.WithTimeout(ctx, recordWithin)
	defer cancel()
	for {
		changed := s.Director.Changed()
		state, err := s.state(s.Config(), s.Director.View(), id)
		if !errors.Is(err, ErrUnknown) {
			return state, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return state, err
		}
	}
}

// gone tells that there is no such contact, or that it cannot be told.
func (s *Server) gone(err error) *Problem {
	if errors.Is(err, ErrUnknown) {
		return problem(http.StatusNotFound, CodeContactGone, "there is no such contact, or it was erased")
	}
	return s.failed(context.Background(), "read the contact", err)
}

type observedKey struct{}

// observe keeps the network address that the request comes from for the handler.
func (s *Server) observe(ctx huma.Context, next func(huma.Context)) {
	r, _ := humago.Unwrap(ctx)
	next(huma.WithValue(ctx, observedKey{}, observedAddress(r, s.Config().Listen.Customer)))
}

func observed(ctx context.Context) netip.Addr {
	addr, _ := ctx.Value(observedKey{}).(netip.Addr)
	return addr
}

func (s *Server) create(ctx context.Context, in *struct {
	Origin string `header:"Origin" hidden:"true"`
	Body   ContactRequest
}) (*createdOutput, error) {
	c := s.Config()
	if in.Origin == "" {
		return nil, problem(http.StatusForbidden, CodeOriginMissing, "the header Origin is missing; browsers send it. A server of the company uses the company API")
	}
	siteID, site, ok := siteOf(c, in.Origin)
	switch {
	case !ok:
		return nil, problem(http.StatusForbidden, CodeOrigin, "%s is no site of contactd's configuration", in.Origin)
	case in.Body.Site != "" && in.Body.Site != siteID:
		return nil, problem(http.StatusForbidden, CodeOrigin, "%s belongs to the site %s and not to %q; look at data-site", in.Origin, siteID, in.Body.Site)
	case len(site.Queues) > 0 && !slices.Contains(site.Queues, in.Body.Queue):
		if _, exists := c.Queues[in.Body.Queue]; exists {
			return nil, problem(http.StatusForbidden, CodeQueueForbidden, "the site %s may not ask for the queue %q", siteID, in.Body.Queue)
		}
	}
	page, p := pageOf(in.Body.Page, site)
	if p != nil {
		return nil, p
	}
	if !in.Body.Consent {
		page = "" // Where the customer is, is nobody's to know.
	}
	addr := observed(ctx)
	person := Person{Page: page, Address: addr.String(), Language: in.Body.Language, Site: siteID, Consent: in.Body.Consent}
	id := newContact()
	if err := s.request(ctx, c, id, in.Body.Queue, in.Body.Kind, in.Body.Number, person, addr); err != nil {
		return nil, err
	}
	out := &createdOutput{Status: http.StatusCreated}
	out.Body.Contact = id
	var err error
	if out.Body.Token, err = s.Tokens.IssueContact(ctx, string(id)); err != nil {
		return nil, s.failed(ctx, "issue a token", err)
	}
	if out.Body.RoomToken, err = s.Tokens.IssueRoom(ctx, auth.Person{Room: string(id), Subject: auth.SubjectCustomer}); err != nil {
		return nil, s.failed(ctx, "issue a token", err)
	}
	if out.Body.State, err = s.state(c, s.Director.View(), id); err != nil {
		return nil, s.gone(err)
	}
	return out, nil
}

// request has the director take a call-back: number and limits are looked at, the person is kept, then it is asked for.
func (s *Server) request(ctx context.Context, c *config.Config, id acd.ContactID, queue string, kind acd.Kind, text string, person Person, addr netip.Addr) error {
	if _, ok := c.Queues[queue]; !ok {
		return problem(http.StatusUnprocessableEntity, CodeQueueUnknown, "there is no queue %q", queue)
	}
	number, trunks, p := s.dialable(c, queue, text)
	if p != nil {
		return p
	}
	pseudonym := s.People.Pseudonym(number)
	switch p, err := s.limits.Request(ctx, c, pseudonym, addr); {
	case err != nil:
		return s.failed(ctx, "count the request", err)
	case p != nil:
		return p
	}
	person.Number = number
	if err := s.People.Keep(ctx, id, person); err != nil {
		return s.failed(ctx, "keep the request", err)
	}
	err := s.ask(ctx, "take the request", acd.CallBackRequested{
		Contact: id, Queue: acd.QueueID(queue), Kind: kind, Caller: pseudonym, Trunks: trunks,
	})
	if certain(err) {
		// The director certainly has no such contact: nobody's data is kept for nothing.
		if err := s.People.Erase(context.WithoutCancel(ctx), id); err != nil {
			s.log.Error("personal data not erased", "contact", id, "error", err)
		}
	}
	return err
}

// dialable reads a number and finds the trunks that lead to it.
func (s *Server) dialable(c *config.Config, queue, text string) (number string, trunks []string, p *Problem) {
	number, p = parseNumber(text, c)
	if p != nil {
		return "", nil, p
	}
	trunks = s.Trunks(acd.QueueID(queue), number)
	if len(trunks) == 0 {
		return "", nil, problem(http.StatusUnprocessableEntity, CodeNumberNoRoute, "calls to this number are not possible")
	}
	return number, trunks, nil
}

// changeNumber has a waiting contact called at another number.
func (s *Server) changeNumber(ctx context.Context, id acd.ContactID, text string, addr netip.Addr) error {
	// One change at a time: each keeps the numbers that it found beside its own.
	defer s.once.lock("number/" + string(id))()
	c := s.Config()
	v, ok := s.Director.View().Contacts[id]
	if !ok {
		return problem(http.StatusNotFound, CodeContactGone, "the contact has ended")
	}
	number, trunks, p := s.dialable(c, string(v.Queue), text)
	if p != nil {
		return p
	}
	pseudonym := s.People.Pseudonym(number)
	if v.Caller == pseudonym {
		return nil
	}
	before, err := s.People.Find(id)
	if err != nil {
		return s.failed(ctx, "read the contact", err)
	}
	switch p, err := s.limits.Request(ctx, c, pseudonym, addr); {
	case err != nil:
		return s.failed(ctx, "count the request", err)
	case p != nil:
		return p
	}
	// Both numbers are kept until the director has decided; it names the one to call by its pseudonym.
	after := before.withNumber(s.People.Pseudonym(before.Number), number)
	if err := s.People.Keep(ctx, id, after); err != nil {
		return s.failed(ctx, "keep the number", err)
	}
	refused := s.ask(ctx, "change the number", acd.NumberChanged{Contact: id, Caller: pseudonym, Trunks: trunks})
	if certain(refused) {
		if err := s.People.Keep(context.WithoutCancel(ctx), id, before); err != nil {
			return s.failed(ctx, "keep the number", err)
		}
	}
	return refused
}

// certain says that the director refused and changed nothing.
func certain(err error) bool {
	var refused *Problem
	return errors.As(err, &refused) && (refused.Status < http.StatusInternalServerError || refused.Code == acd.RefusedFull)
}

// pageOf checks the page that a customer says to see: it must be of the site, and is kept without what is secret. A page
// that the site does not share is no obstacle to a call; it is not kept.
func pageOf(text string, site config.Site) (string, *Problem) {
	if text == "" {
		return "", nil
	}
	rules := pagesync.Site{Origins: site.Origins, SecretParameters: site.SecretParameters, ExcludedPaths: site.ExcludedPaths}
	page, refusal := rules.Check(text)
	switch {
	case refusal == nil:
		return page, nil
	case refusal.Code == pagesync.URLExcluded:
		return "", nil
	default:
		return "", problem(http.StatusUnprocessableEntity, CodePageForbidden, "page: %s", refusal.Text)
	}
}
