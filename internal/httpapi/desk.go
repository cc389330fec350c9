package httpapi

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"contactd/acd"
	"contactd/internal/auth"
	"contactd/web"
)

// Agent is the handler of the agent listener.
func (s *Server) Agent() (http.Handler, error) {
	mux := http.NewServeMux()
	health(mux)
	api := s.api(mux, "contactd for agents and companies", "The desk's requests, the records, and the API for the company's servers.", agentSchemes)
	agents := huma.NewGroup(api)
	agents.UseMiddleware(s.byAgent)
	agents.UseSimpleModifier(func(o *huma.Operation) {
		o.Security = []map[string][]string{{"session": {}}}
		o.Errors = append(o.Errors, 401, 403, 503)
	})
	s.sessions(api, agents)
	s.desk(agents)
	s.records(agents)
	s.company(api)
	if err := s.serveDesk(mux); err != nil {
		return nil, err
	}
	described := s.guard("agent", fallback(mux))

	outer := http.NewServeMux()
	outer.Handle("/", described)
	outer.Handle("GET /v1/room", s.AgentRoom)
	return outer, nil
}

// serveDesk mounts the desk, which may frame the pages of the sites.
func (s *Server) serveDesk(mux *http.ServeMux) error {
	if _, err := web.Desk(nil); err != nil {
		return fmt.Errorf("httpapi: desk: %w", err)
	}
	for _, path := range []string{"/{$}", "/index.html", "/desk.js", "/desk.css"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			var origins []string
			c := s.Config()
			for _, id := range slices.Sorted(maps.Keys(c.Sites)) {
				origins = append(origins, c.Sites[id].Origins...)
			}
			desk, err := web.Desk(origins) // The sites may have changed since the last time.
			if err != nil {
				s.failed(r.Context(), "serve the desk", err).write(w)
				return
			}
			desk.ServeHTTP(w, r)
		})
	}
	return nil
}

// desk mounts what an agent does.
func (s *Server) desk(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "deskEvents", Method: http.MethodGet, Path: "/v1/desk/events", Summary: "The desk's state as it changes",
		Responses: streamed[Desk](api, "desk"),
	}, func(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
		who := agentIn(ctx)
		return &huma.StreamResponse{Body: func(ctx huma.Context) {
			s.stream(ctx, "desk", func(view *acd.View) (any, bool, error) { return s.deskOf(view, who.agent), false, nil }, func() bool {
				session, err := s.Sessions.Find(ctx.Context(), who.id)
				return err == nil && holds(s.Config(), session)
			})
		}}, nil
	})

	type nothing struct{}
	do(s, api, "ready", "/v1/desk/ready", "Take contacts", func(who acd.AgentID, _ *nothing) (acd.Input, *Problem) {
		return acd.AgentReady{Agent: who}, nil
	})
	type reason struct {
		Body struct {
			Reason string `json:"reason" maxLength:"80"`
		}
	}
	do(s, api, "notReady", "/v1/desk/not-ready", "Take none, for a reason", func(who acd.AgentID, in *reason) (acd.Input, *Problem) {
		if reasons := s.Config().Reasons; !slices.Contains(reasons, in.Body.Reason) && (in.Body.Reason != "" || len(reasons) > 0) {
			return nil, problem(http.StatusUnprocessableEntity, CodeReasonUnknown, "%q is no reason; there are %v", in.Body.Reason, reasons)
		}
		return acd.AgentNotReady{Agent: who, Reason: in.Body.Reason}, nil
	})
	type offer struct {
		Offer string `path:"offer" maxLength:"20"`
	}
	offerOf := func(in *offer) (acd.OfferID, *Problem) {
		id, err := strconv.ParseUint(in.Offer, 10, 64)
		if err != nil {
			return 0, problem(http.StatusNotFound, acd.RefusedOffer, "this offer is over")
		}
		return acd.OfferID(id), nil
	}
	do(s, api, "accept", "/v1/desk/offers/{offer}/accept", "Accept an offer; only the answered phone takes it for real", func(who acd.AgentID, in *offer) (acd.Input, *Problem) {
		id, p := offerOf(in)
		return acd.OfferAccepted{Agent: who, Offer: id}, p
	})
	do(s, api, "reject", "/v1/desk/offers/{offer}/reject", "Reject an offer", func(who acd.AgentID, in *offer) (acd.Input, *Problem) {
		id, p := offerOf(in)
		return acd.OfferRejected{Agent: who, Offer: id}, p
	})
	type contact struct {
		ID string `path:"id" maxLength:"64"`
	}
	do(s, api, "hangUp", "/v1/desk/contacts/{id}/hang-up", "End the talk", func(who acd.AgentID, in *contact) (acd.Input, *Problem) {
		return acd.HangUpRequested{Agent: who, Contact: acd.ContactID(in.ID)}, nil
	})
	do(s, api, "endWrapUp", "/v1/desk/wrap-up/end", "End wrap-up", func(who acd.AgentID, _ *nothing) (acd.Input, *Problem) {
		return acd.WrapUpEnded{Agent: who}, nil
	})
	do(s, api, "extendWrapUp", "/v1/desk/wrap-up/extend", "Take more time for wrap-up", func(who acd.AgentID, _ *nothing) (acd.Input, *Problem) {
		return acd.WrapUpExtended{Agent: who}, nil
	})
	huma.Register(api, huma.Operation{
		OperationID: "agentRoomToken", Method: http.MethodPost, Path: "/v1/desk/contacts/{id}/room-token", Summary: "A token for the contact's room",
		Errors: []int{404},
	}, func(ctx context.Context, in *contact) (*roomTokenOutput, error) {
		who := agentIn(ctx).agent
		v, ok := s.Director.View().Contacts[acd.ContactID(in.ID)]
		if !ok || v.Agent != who {
			return nil, problem(http.StatusNotFound, CodeContactGone, "you have no such contact")
		}
		agent := s.Config().Agents[string(who)]
		token, err := s.Tokens.IssueRoom(ctx, auth.Person{Room: in.ID, Subject: auth.SubjectAgent + string(who), Name: agent.Name})
		if err != nil {
			return nil, s.failed(ctx, "issue a token", err)
		}
		return &roomTokenOutput{Body: RoomToken{Token: token}}, nil
	})
}

// do mounts something that an agent does: it becomes an input of the director, and is done when that is committed.
func do[In any](s *Server, api huma.API, id, path, summary string, input func(acd.AgentID, *In) (acd.Input, *Problem)) {
	huma.Register(api, huma.Operation{
		OperationID: id, Method: http.MethodPost, Path: path, Summary: summary, DefaultStatus: http.StatusNoContent,
		Errors: []int{404, 409, 422},
	}, func(ctx context.Context, in *In) (*struct{}, error) {
		wanted, p := input(agentIn(ctx).agent, in)
		if p != nil {
			return nil, p
		}
		return nil, s.ask(ctx, summary, wanted)
	})
}

// Desk is all that an agent's desk shows.
type Desk struct {
	Now     time.Time    `json:"now" doc:"The server's clock when the state was made."`
	Agent   DeskAgent    `json:"agent"`
	Offer   *DeskOffer   `json:"offer"`
	Contact *DeskContact `json:"contact"`
	Queues  []DeskQueue  `json:"queues"`
	Reasons []string     `json:"reasons"`
	Sites   []DeskSite   `json:"sites"`
	PBX     bool         `json:"pbx_connected"`
}

// DeskAgent is the agent whose desk it is.
type DeskAgent struct {
	ID          acd.AgentID    `json:"id"`
	Name        string         `json:"name"`
	State       acd.AgentState `json:"state" enum:"logged_out,not_ready,ready,offered,talking,wrap_up"`
	Reason      string         `json:"reason"`
	Since       string         `json:"since"`
	After       acd.AgentState `json:"after" doc:"What the agent becomes after talk and wrap-up; empty when unset."`
	AfterReason string         `json:"after_reason"`
	WrapUpUntil string         `json:"wrap_up_until"`
}

// DeskOffer is the live offer.
type DeskOffer struct {
	Offer    string        `json:"offer" doc:"A number; a string, because it may be larger than scripts can count."`
	Contact  acd.ContactID `json:"contact"`
	Queue    acd.QueueID   `json:"queue"`
	Title    string        `json:"title"`
	Kind     acd.Kind      `json:"kind"`
	Made     string        `json:"made"`
	Until    string        `json:"until"`
	Accepted bool          `json:"accepted"`
}

// DeskContact is the contact that the agent has or is offered.
type DeskContact struct {
	ContactState
	QueueTitle string `json:"queue_title"`
	Caller     string `json:"caller" doc:"The customer's number."`
	Address    string `json:"address" doc:"The customer's network address as observed."`
	PageShared bool   `json:"page_shared" doc:"The customer lets the agent see the page."`
}

// DeskQueue is a queue that the agent serves.
type DeskQueue struct {
	ID       acd.QueueID `json:"id"`
	Title    string      `json:"title"`
	Waiting  int         `json:"waiting"`
	Free     int         `json:"free"`
	Busy     int         `json:"busy"`
	WrapUp   int         `json:"wrap_up"`
	NotReady int         `json:"not_ready"`
	Estimate Estimate    `json:"estimate"`
}

// DeskSite is a site whose pages the desk may show.
type DeskSite struct {
	Origins []string `json:"origins"`
}
