package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Session of an agent who signed in.
type Session struct {
	User    string    `json:"user"`
	Started time.Time `json:"started"`
	// Password is the digest of the hash of the password that it was begun with.
	Password string `json:"password"`
	// Expires moves on while the session is used.
	Expires time.Time `json:"expires"`
}

// Holds says whether the user's password is still the one that the session was begun with: a new one ends it.
func (s Session) Holds(passwordHash string) bool { return s.Password == digest(passwordHash) }

// CookieName of the session, and its name over TLS, which browsers accept from the same host over TLS only.
const (
	CookieName       = "contactd"
	SecureCookieName = "__Host-contactd"
)

// UnsafeHeader must be "1" on every request of a session that changes something. Another site cannot send it without
// a CORS preflight, which the agent listener never grants.
const UnsafeHeader = "X-Contactd"

// Sessions are kept under the hash of an opaque random id, so that they outlive a restart and can be ended at once.
type Sessions struct {
	table Table
	idle  time.Duration
	now   func() time.Time
}

// NewSessions keeps sessions in a table; one that is not used for idle ends.
func NewSessions(table Table, idle time.Duration, now func() time.Time) *Sessions {
	if now == nil {
		now = time.Now
	}
	return &Sessions{table: table, idle: idle, now: now}
}

const sessionPrefix = "session/"

// Start begins a session of a user whose password has this hash, and returns its id, for [SetCookie].
func (s *Sessions) Start(ctx context.Context, user, passwordHash string) (id string, session Session, err error) {
	id = secret()
	now := s.now().UTC()
	session = Session{User: user, Started: now, Password: digest(passwordHash), Expires: now.Add(s.idle)}
	return id, session, s.put(ctx, id, session)
}

func (s *Sessions) put(ctx context.Context, id string, session Session) error {
	value, err := json.Marshal(session)
	if err != nil {
		return fmt.Errorf("auth: encode session: %w", err)
	}
	if err := s.table.Put(ctx, sessionPrefix+digest(id), value, session.Expires); err != nil {
		return fmt.Errorf("auth: keep session: %w", err)
	}
	return nil
}

// Find returns the session with this id and lets it live on. [ErrInvalid] and [ErrExpired] mean: sign in.
func (s *Sessions) Find(ctx context.Context, id string) (Session, error) {
	if id == "" || len(id) > 128 {
		return Session{}, fmt.Errorf("auth: session: %w", ErrInvalid)
	}
	value, err := get(s.table, sessionPrefix+digest(id))
	if err != nil {
		return Session{}, fmt.Errorf("auth: read session: %w", err)
	}
	var session Session
	if value == nil || json.Unmarshal(value, &session) != nil {
		return Session{}, fmt.Errorf("auth: session: %w", ErrInvalid)
	}
	now := s.now().UTC()
	if !now.Before(session.Expires) {
		return Session{}, fmt.Errorf("auth: session: %w", ErrExpired)
	}
	// One write in a twentieth of its life is enough to keep it.
	if session.Expires.Sub(now) < s.idle-s.idle/20 {
		session.Expires = now.Add(s.idle)
		if err := s.put(ctx, id, session); err != nil {
			return Session{}, err
		}
	}
	return session, nil
}

// End ends a session; an unknown one is no error.
func (s *Sessions) End(ctx context.Context, id string) error {
	if err := s.table.Delete(ctx, sessionPrefix+digest(id)); err != nil {
		return fmt.Errorf("auth: end session: %w", err)
	}
	return nil
}

// Users are those who have a living session that holds with the hash of their password.
func (s *Sessions) Users(passwordHash func(user string) string) (map[string]bool, error) {
	users := map[string]bool{}
	now := s.now()
	if err := s.table.Each(sessionPrefix, func(_ string, value []byte) bool {
		var session Session
		if json.Unmarshal(value, &session) == nil && now.Before(session.Expires) && session.Holds(passwordHash(session.User)) {
			users[session.User] = true
		}
		return true
	}); err != nil {
		return nil, fmt.Errorf("auth: list sessions: %w", err)
	}
	return users, nil
}

// SessionCookie gives the browser the session's id; an empty id takes it away. secure says that the browser speaks TLS.
func SessionCookie(id string, secure bool) http.Cookie {
	cookie := http.Cookie{
		Name: CookieName, Value: id, Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode,
	}
	if secure {
		cookie.Name = SecureCookieName
	}
	if id == "" {
		cookie.MaxAge = -1
	}
	return cookie
}

// SetCookie sets the [SessionCookie].
func SetCookie(w http.ResponseWriter, id string, secure bool) {
	cookie := SessionCookie(id, secure)
	http.SetCookie(w, &cookie)
}

// Cookie returns the session's id that the browser sent, or "".
func Cookie(r *http.Request, secure bool) string {
	name := CookieName
	if secure {
		name = SecureCookieName
	}
	cookie, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// CheckUnsafe refuses a request that changes something and could have been made by another site.
func CheckUnsafe(r *http.Request) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	if r.Header.Get(UnsafeHeader) != "1" {
		return fmt.Errorf("auth: %w: requests that change something need the header %s: 1", ErrForbidden, UnsafeHeader)
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return fmt.Errorf("auth: %w: the request comes from another site", ErrForbidden)
	}
	return nil
}
