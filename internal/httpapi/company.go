package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"contactd/acd"
	"contactd/internal/auth"
)

// CompanyRequest is a contact that the company asks for, for a customer.
type CompanyRequest struct {
	Queue     string   `json:"queue" maxLength:"80"`
	Kind      acd.Kind `json:"kind" enum:"callback_now,callback_turn"`
	Number    string   `json:"number" maxLength:"40"`
	Language  string   `json:"language,omitempty" maxLength:"20"`
	Reference string   `json:"reference,omitempty" maxLength:"200" doc:"The company's own word for it: an order, a ticket."`
}

// CompanyContact is a contact as the company sees it.
type CompanyContact struct {
	Contact   acd.ContactID `json:"contact"`
	Reference string        `json:"reference"`
	State     ContactState  `json:"state"`
}

type companyOutput struct {
	Status int
	// Replayed is true when the answer is that of an earlier request with the same key.
	Replayed bool `header:"Idempotency-Replayed"`
	Body     CompanyContact
}

type companyListOutput struct {
	Body struct {
		Contacts []CompanyContact `json:"contacts" doc:"All that are open, by id."`
	}
}

type apiKeyKey struct{}

// byKey refuses a request without a key that gives the right.
func (s *Server) byKey(scope auth.Scope) huma.Middlewares {
	return huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok {
			problem(http.StatusUnauthorized, CodeUnauthorized, "send a key made by `contactd user key` as Authorization: Bearer").write(w)
			return
		}
		key, err := s.Keys.Find(text)
		switch {
		case errors.Is(err, auth.ErrInvalid), errors.Is(err, auth.ErrExpired):
			problem(http.StatusUnauthorized, CodeUnauthorized, "the key is unknown, revoked or expired").write(w)
		case err != nil:
			s.failed(r.Context(), "look at the key", err).write(w)
		case !key.Allows(scope):
			problem(http.StatusForbidden, CodeForbidden, "the key does not have the scope %s", scope).write(w)
		default:
			next(huma.WithValue(ctx, apiKeyKey{}, key.ID))
		}
	}}
}

// company mounts the API of the company's servers.
func (s *Server) company(api huma.API) {
	security := []map[string][]string{{"key": {}}}
	type One struct {
		ID string `path:"id" maxLength:"64"`
	}
	huma.Register(api, huma.Operation{
		OperationID: "companyCreate", Method: http.MethodPost, Path: "/v1/company/contacts", Summary: "Have a customer called",
		DefaultStatus: http.StatusCreated, Security: security, Errors: []int{400, 401, 403, 409, 422, 429, 503}, Middlewares: s.byKey(auth.ContactsWrite),
	}, s.companyCreate)
	huma.Register(api, huma.Operation{
		OperationID: "companyList", Method: http.MethodGet, Path: "/v1/company/contacts", Summary: "The open contacts",
		Security: security, Errors: []int{401, 403}, Middlewares: s.byKey(auth.ContactsRead),
	}, func(context.Context, *struct{}) (*companyListOutput, error) {
		out := &companyListOutput{}
		out.Body.Contacts = []CompanyContact{}
		view := s.Director.View()
		for _, id := range sortedKeys(view.Contacts) {
			if contact, err := s.companyContact(view, id); err == nil {
				out.Body.Contacts = append(out.Body.Contacts, contact)
			}
		}
		return out, nil
	})
	huma.Register(api, huma.Operation{
		OperationID: "companyRead", Method: http.MethodGet, Path: "/v1/company/contacts/{id}", Summary: "A contact, open or ended",
		Security: security, Errors: []int{401, 403, 404}, Middlewares: s.byKey(auth.ContactsRead),
	}, func(_ context.Context, in *One) (*companyOutput, error) { return s.companyOut(in.ID) })
	huma.Register(api, huma.Operation{
		OperationID: "companyChange", Method: http.MethodPatch, Path: "/v1/company/contacts/{id}", Summary: "Call at another number",
		Security: security, Errors: []int{400, 401, 403, 404, 409, 422, 429, 503}, Middlewares: s.byKey(auth.ContactsWrite),
	}, func(ctx context.Context, in *struct {
		One
		Body struct {
			Number string `json:"number" maxLength:"40"`
		}
	}) (*companyOutput, error) {
		if err := s.changeNumber(ctx, acd.ContactID(in.ID), in.Body.Number, netip.Addr{}); err != nil {
			return nil, err
		}
		return s.companyOut(in.ID)
	})
	huma.Register(api, huma.Operation{
		OperationID: "companyCancel", Method: http.MethodDelete, Path: "/v1/company/contacts/{id}", Summary: "Do not call; a talk is hung up",
		DefaultStatus: http.StatusNoContent, Security: security, Errors: []int{401, 403, 404, 409, 503}, Middlewares: s.byKey(auth.ContactsWrite),
	}, func(ctx context.Context, in *One) (*struct{}, error) {
		return nil, s.ask(ctx, "cancel the contact", acd.ContactCancelled{Contact: acd.ContactID(in.ID)})
	})
}

func (s *Server) companyContact(view *acd.View, id acd.ContactID) (CompanyContact, error) {
	state, err := s.state(s.Config(), view, id)
	if err != nil {
		return CompanyContact{}, err
	}
	person, err := s.People.Find(id)
	if err != nil && !errors.Is(err, ErrUnknown) {
		return CompanyContact{}, err
	}
	return CompanyContact{Contact: id, Reference: person.Reference, State: state}, nil
}

func (s *Server) companyOut(id string) (*companyOutput, error) {
	if !isContact(id) {
		return nil, s.gone(ErrUnknown)
	}
	contact, err := s.companyContact(s.Director.View(), acd.ContactID(id))
	if err != nil {
		return nil, s.gone(err)
	}
	return &companyOutput{Status: http.StatusOK, Body: contact}, nil
}
