package httpapi

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"contactd/acd"
	"contactd/internal/auth"
	"contactd/internal/config"
)

// Options of [New]. All but Metrics and the times are needed.
type Options struct {
	// Config is the configuration that is in force; it may change.
	Config   func() *config.Config
	Director Director
	People   People
	Records  Records
	// Trunks are those that may carry a call for a queue to a number in E.164; none when no route leads there.
	Trunks func(queue acd.QueueID, e164 string) []string
	// Room tells what the contact's room knows; false when there is no room.
	Room func(contact acd.ContactID) (RoomView, bool)
	// Counts keeps the limits' counts, Answers those to idempotency keys.
	Counts, Answers Table
	Tokens          Tokens
	Sessions        Sessions
	Keys            Keys
	// CustomerRoom and AgentRoom take the room's WebSocket on the two listeners.
	CustomerRoom, AgentRoom http.Handler
	Log                     *slog.Logger
	// Observe is told of every request that was answered; route is the pattern, never the path.
	Observe func(listener, route string, status int, took time.Duration)
	// Now is the clock; time.Now when nil.
	Now     func() time.Time
	Version string
}

// Server is the handlers of both listeners.
type Server struct {
	Options
	log    *slog.Logger
	limits *Limits
	once   keyedLock
}

// New makes the handlers; Customer and Agent give them.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Observe == nil {
		o.Observe = func(string, string, int, time.Duration) {}
	}
	return &Server{Options: o, log: o.Log, limits: NewLimits(o.Counts, o.People.Pseudonym, o.Now)}
}

// Limits are the counts that calls and requests share.
func (s *Server) Limits() *Limits { return s.limits }

// api makes one listener's described API on a mux.
func (s *Server) api(mux *http.ServeMux, title, about string, schemes map[string]*huma.SecurityScheme) huma.API {
	described := huma.DefaultConfig(title, s.Version)
	described.Info.Description = about
	described.Components.SecuritySchemes = schemes
	described.OpenAPIPath = "/v1/openapi"
	described.DocsPath, described.SchemasPath = "", ""
	described.CreateHooks = nil // No $schema members in answers.
	described.RejectUnknownQueryParameters = true
	return humago.New(mux, described)
}

// health answers whoever watches the process.
func health(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write([]byte("ok\n"))
	})
}

// newContact makes a contact's id: 128 random bits.
func newContact() acd.ContactID {
	var id [16]byte
	_, _ = rand.Read(id[:]) // Never fails (crypto/rand).
	return acd.ContactID(hex.EncodeToString(id[:]))
}

// isContact says that a text has the form of a contact's id.
func isContact(id string) bool {
	raw, err := hex.DecodeString(id)
	return err == nil && len(raw) == 16 && hex.EncodeToString(raw) == id
}

// secure says whether browsers reach the agent listener over TLS, so that its cookie can demand it.
func secure(c *config.Config) bool { return strings.HasPrefix(c.Listen.Agent.Origin(), "https://") }

// keyedLock lets one at a time do something with a key.
type keyedLock struct {
	mu   sync.Mutex
	held map[string]*heldLock
}

type heldLock struct {
	mu    sync.Mutex
	users int
}

func (k *keyedLock) lock(key string) (unlock func()) {
	k.mu.Lock()
	if k.held == nil {
		k.held = map[string]*heldLock{}
	}
	h := k.held[key]
	if h == nil {
		h = &heldLock{}
		k.held[key] = h
	}
	h.users++
	k.mu.Unlock()
	h.mu.Lock()
	return func() {
		h.mu.Unlock()
		k.mu.Lock()
		defer k.mu.Unlock()
		if h.users--; h.users == 0 {
			delete(k.held, key)
		}
	}
}

var bearer = map[string]*huma.SecurityScheme{
	"contact": {Type: "http", Scheme: "bearer", Description: "The token of the answer to POST /v1/contacts."},
}

var agentSchemes = map[string]*huma.SecurityScheme{
	"session": {Type: "apiKey", In: "cookie", Name: auth.CookieName, Description: "Set by POST /v1/session; over TLS its name is " + auth.SecureCookieName + ". Requests that change something need the header " + auth.UnsafeHeader + ": 1."},
	"key":     {Type: "http", Scheme: "bearer", Description: "A key made by `contactd user key`."},
}
