package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"contactd/acd"
	"contactd/internal/auth"
	"contactd/internal/config"
)

// SessionInfo says who is signed in.
type SessionInfo struct {
	Agent   acd.AgentID `json:"agent"`
	Name    string      `json:"name"`
	Role    string      `json:"role" enum:"agent,supervisor"`
	Expires time.Time   `json:"expires" doc:"When the session ends if it is not used."`
}

type sessionOutput struct {
	// SetCookie gives the browser the session, or takes it away.
	SetCookie *http.Cookie `header:"Set-Cookie"`
	Body      SessionInfo
}

type signedOutOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

type agentKey struct{}

// signedIn is a request's agent and session.
type signedIn struct {
	agent   acd.AgentID
	id      string
	session auth.Session
}

// byAgent refuses a request without session, and one that another site may have caused.
func (s *Server) byAgent(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	who, p := s.agentOf(r)
	if p != nil {
		p.write(w)
		return
	}
	next(huma.WithValue(ctx, agentKey{}, who))
}

func (s *Server) agentOf(r *http.Request) (signedIn, *Problem) {
	if err := auth.CheckUnsafe(r); err != nil {
		return signedIn{}, problem(http.StatusForbidden, CodeForbidden, "%s", err)
	}
	c := s.Config()
	id := auth.Cookie(r, secure(c))
	session, err := s.Sessions.Find(r.Context(), id)
	switch {
	case errors.Is(err, auth.ErrInvalid), errors.Is(err, auth.ErrExpired):
		return signedIn{}, problem(http.StatusUnauthorized, CodeUnauthorized, "sign in")
	case err != nil:
		return signedIn{}, s.failed(r.Context(), "look at the session", err)
	}
	if !holds(c, session) {
		return signedIn{}, problem(http.StatusUnauthorized, CodeUnauthorized, "you are no agent any more, or your password was changed: sign in")
	}
	return signedIn{agent: acd.AgentID(session.User), id: id, session: session}, nil
}

// holds says whether the session's agent is still one, with the same password.
func holds(c *config.Config, session auth.Session) bool {
	agent, known := c.Agents[session.User]
	return known && session.Holds(agent.PasswordHash.Reveal())
}

func agentIn(ctx context.Context) signedIn {
	who, _ := ctx.Value(agentKey{}).(signedIn)
	return who
}

func (s *Server) info(who signedIn) SessionInfo {
	agent := s.Config().Agents[string(who.agent)]
	return SessionInfo{Agent: who.agent, Name: agent.Name, Role: agent.Role, Expires: who.session.Expires}
}

// sessions mounts signing in, which needs no session, and what needs one.
func (s *Server) sessions(open huma.API, agents huma.API) {
	huma.Register(open, huma.Operation{
		OperationID: "signIn", Method: http.MethodPost, Path: "/v1/session", Summary: "Sign in",
		Errors: []int{400, 401, 403, 422, 429, 503}, Middlewares: huma.Middlewares{s.unsafe},
	}, s.signIn)
	huma.Register(agents, huma.Operation{
		OperationID: "session", Method: http.MethodGet, Path: "/v1/session", Summary: "Who is signed in",
	}, func(ctx context.Context, _ *struct{}) (*sessionOutput, error) {
		return &sessionOutput{Body: s.info(agentIn(ctx))}, nil
	})
	huma.Register(agents, huma.Operation{
		OperationID: "signOut", Method: http.MethodDelete, Path: "/v1/session", Summary: "Sign out", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, _ *struct{}) (*signedOutOutput, error) {
		who := agentIn(ctx)
		err := s.ask(ctx, "sign out", acd.AgentSignedOut{Agent: who.agent})
		var refused *Problem
		if err != nil && !(errors.As(err, &refused) && refused.Code == acd.RefusedSignedOut) {
			return nil, err
		}
		if err := s.Sessions.End(ctx, who.id); err != nil {
			return nil, s.failed(ctx, "end the session", err)
		}
		return &signedOutOutput{SetCookie: s.cookie("")}, nil
	})
}

// unsafe refuses what another site may have caused, and remembers the sender's address.
func (s *Server) unsafe(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	if err := auth.CheckUnsafe(r); err != nil {
		problem(http.StatusForbidden, CodeForbidden, "%s", err).write(w)
		return
	}
	next(huma.WithValue(ctx, observedKey{}, observedAddress(r, s.Config().Listen.Agent)))
}

func (s *Server) signIn(ctx context.Context, in *struct {
	Body struct {
		User     string `json:"user" maxLength:"80"`
		Password string `json:"password" maxLength:"1024"`
	}
}) (*sessionOutput, error) {
	switch p, err := s.limits.SignIn(ctx, in.Body.User, observed(ctx)); {
	case err != nil:
		return nil, s.failed(ctx, "count the attempt", err)
	case p != nil:
		return nil, p
	}
	agent := s.Config().Agents[in.Body.User]
	good, err := auth.CheckPassword(agent.PasswordHash.Reveal(), in.Body.Password)
	if err != nil {
		return nil, s.failed(ctx, "check the password", err)
	}
	if !good {
		return nil, problem(http.StatusUnauthorized, CodeSignIn, "user or password is wrong")
	}
	// The session is there before the agent is signed in: an agent without one is signed out by the housekeeping.
	who := signedIn{agent: acd.AgentID(in.Body.User)}
	if who.id, who.session, err = s.Sessions.Start(ctx, in.Body.User, agent.PasswordHash.Reveal()); err != nil {
		return nil, s.failed(ctx, "begin the session", err)
	}
	if err := s.ask(ctx, "sign in", acd.AgentSignedIn{Agent: who.agent}); err != nil {
		if fault := s.Sessions.End(context.WithoutCancel(ctx), who.id); fault != nil {
			s.log.Error("session not ended", "agent", who.agent, "error", fault)
		}
		return nil, err
	}
	cookie := s.cookie(who.id)
	return &sessionOutput{SetCookie: &cookie, Body: s.info(who)}, nil
}

// cookie with the session's id; an empty id takes it away.
func (s *Server) cookie(id string) http.Cookie {
	return auth.SessionCookie(id, secure(s.Config()))
}
