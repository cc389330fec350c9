package webtest

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"contactd/web"
	"contactd/web/shop"
)

// fake speaks contactd's HTTP contract to browsers and does what the test says: it decides nothing.
type fake struct {
	t                     *testing.T
	customer, agent, shop *httptest.Server
	shopURL               string

	mu       sync.Mutex
	down     bool
	avail    object
	contacts map[string]*fakeContact
	desk     object
	signedIn bool
	streams  map[chan struct{}]bool
	asked    []asked
	rooms    *rooms
	network  *cuttable // the customers'
	// deskOrigin is where the page script is told that desks are.
	deskOrigin string
	deskAlive  bool
}

type object = map[string]any

type fakeContact struct {
	token string
	state object
}

// asked is one request that changes something.
type asked struct {
	Method, Path string
	Body         object
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, contacts: map[string]*fakeContact{}, streams: map[chan struct{}]bool{}, deskAlive: true}
	f.avail = object{"queue": "sales", "title": "Sales", "free": 1, "waiting": 0,
		"estimate": object{"known": true, "low_s": 20, "high_s": 50, "reason": ""}, "phone": "+49 30 123456"}
	f.desk = object{"agent": object{"id": "ann", "name": "Ann", "state": "not_ready", "reason": "", "since": now(), "after": "", "after_reason": "", "wrap_up_until": ""},
		"offer": nil, "contact": nil, "reasons": []string{"break", "lunch"}, "pbx_connected": true,
		"queues": []object{{"id": "sales", "title": "Sales", "waiting": 2, "free": 1, "busy": 3, "wrap_up": 0, "not_ready": 2,
			"estimate": object{"known": true, "low_s": 120, "high_s": 280, "reason": ""}},
			{"id": "support", "title": "Support", "waiting": 0, "free": 0, "busy": 1, "wrap_up": 1, "not_ready": 0,
				"estimate": object{"known": false, "low_s": 0, "high_s": 0, "reason": "no_history"}}}}

	f.agent = httptest.NewUnstartedServer(http.HandlerFunc(f.serveAgent))
	f.agent.Start()
	f.deskOrigin = f.agent.URL
	f.customer = httptest.NewUnstartedServer(http.HandlerFunc(f.serveCustomer))
	f.network = &cuttable{Listener: f.customer.Listener}
	f.customer.Listener = f.network
	f.customer.Start()
	pages, err := shop.Handler(shop.Options{Contact: f.customer.URL, Desk: f.agent.URL, Queue: "sales", Site: "shop", Phone: "+49 30 123456"})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", pages)
	mux.HandleFunc("/headless", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `<!doctype html><script src="%s/v1/page.js" data-queue="sales" data-site="shop" data-headless defer></script><p>quiet`, f.customer.URL)
	})
	f.shop = httptest.NewServer(mux)
	// Another site than contactd's, as a company's pages are; another port alone would be the same site.
	f.shopURL = strings.Replace(f.shop.URL, "127.0.0.1", "localhost", 1)
	f.desk["sites"] = []object{{"origins": []string{f.shopURL}}}
	f.rooms = newRooms(t, f.shopURL, f.agent.URL)
	t.Cleanup(func() {
		f.endStreams()
		for _, s := range []*httptest.Server{f.shop, f.customer, f.agent} {
			_ = s.Config.Close()
			s.Close()
		}
	})
	return f
}

func now() string { return time.Now().UTC().Format(time.RFC3339Nano) }

func (f *fake) serveCustomer(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	down := f.down
	f.mu.Unlock()
	if down {
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_ = conn.Close()
		}
		return
	}
	if r.URL.Path == "/v1/room" {
		f.rooms.customer.ServeHTTP(w, r)
		return
	}
	h := w.Header()
	if r.Header.Get("Origin") == f.shopURL {
		h.Set("Access-Control-Allow-Origin", f.shopURL)
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
		h.Set("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE")
	}
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	switch {
	case path == "page.js":
		script, err := web.Page()
		if err != nil {
			f.t.Error(err)
		}
		h.Set("Content-Type", "text/javascript")
		_, _ = w.Write(script.Body)
	case path == "availability":
		f.answer(w, 200, func() any { return f.avail })
	case path == "site":
		f.answer(w, 200, func() any {
			return object{"desk_origins": []string{f.deskOrigin}, "origins": []string{f.shopURL}, "phone": "+49 30 123456"}
		})
	case path == "contacts" && r.Method == http.MethodPost:
		f.create(w, r)
	case strings.HasPrefix(path, "contacts/"):
		f.contact(w, r, strings.Split(path, "/"))
	default:
		http.NotFound(w, r)
	}
}

func (f *fake) note(r *http.Request) object {
	body := object{}
	_ = json.NewDecoder(r.Body).Decode(&body) // An empty body is no body.
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, asked{r.Method, strings.TrimPrefix(r.URL.Path, "/v1/"), body})
	return body
}

func (f *fake) create(w http.ResponseWriter, r *http.Request) {
	body := f.note(r)
	if number, _ := body["number"].(string); len(number) < 6 {
		problem(w, 422, "number_invalid")
		return
	}
	id, token := random(), random()
	state := object{"contact": id, "kind": body["kind"], "queue": "sales", "state": "waiting", "place": 3,
		"estimate": object{"known": true, "low_s": 120, "high_s": 240, "reason": ""}, "number_hint": "56", "attempt": 0,
		"next_attempt": "", "connected_at": "", "termination": "", "agent_name": ""}
	f.mu.Lock()
	f.contacts[id] = &fakeContact{token, state}
	f.mu.Unlock()
	page, _ := body["page"].(string) // It is told with consent only.
	if err := f.rooms.begin(id, page, body["consent"] == true); err != nil {
		f.t.Error(err)
	}
	f.answer(w, 201, func() any {
		return object{"contact": id, "token": token, "room_token": "customer " + id, "state": state}
	})
}

func (f *fake) contact(w http.ResponseWriter, r *http.Request, path []string) {
	f.mu.Lock()
	c := f.contacts[path[1]]
	f.mu.Unlock()
	if c == nil || r.Header.Get("Authorization") != "Bearer "+c.token {
		problem(w, 401, "token")
		return
	}
	switch {
	case len(path) == 3 && path[2] == "events":
		f.stream(w, r, "state", func() any { return c.state })
	case len(path) == 3 && path[2] == "room-token":
		f.answer(w, 200, func() any { return object{"token": "customer " + path[1]} })
	case r.Method == http.MethodPatch:
		number, _ := f.note(r)["number"].(string)
		f.change(func() { c.state["number_hint"] = number[len(number)-2:] })
		f.answer(w, 200, func() any { return c.state })
	case r.Method == http.MethodDelete:
		f.note(r)
		f.change(func() { c.state["state"], c.state["termination"] = "ended", "cancelled" })
		w.WriteHeader(http.StatusNoContent)
	default:
		http.NotFound(w, r)
	}
}

func (f *fake) serveAgent(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	_, err := r.Cookie("session")
	f.mu.Lock()
	in, alive := err == nil && f.signedIn, f.deskAlive
	f.mu.Unlock()
	if !alive && strings.HasPrefix(r.URL.Path, "/v1/") {
		problem(w, 503, "overloaded")
		return
	}
	switch {
	case !strings.HasPrefix(r.URL.Path, "/v1/"):
		desk, err := web.Desk([]string{f.shopURL})
		if err != nil {
			f.t.Error(err)
			return
		}
		desk.ServeHTTP(w, r)
	case path == "session" && r.Method == http.MethodPost:
		body := f.note(r)
		if r.Header.Get("X-Contactd") == "" || body["password"] != "secret" {
			problem(w, 401, "credentials")
			return
		}
		f.mu.Lock()
		f.signedIn = true
		f.mu.Unlock()
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1", Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		f.answer(w, 200, func() any { return object{"id": "ann", "name": "Ann"} })
	case !in:
		problem(w, 401, "signed_out")
	case path == "session" && r.Method == http.MethodDelete:
		f.mu.Lock()
		f.signedIn = false
		f.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	case path == "session":
		f.answer(w, 200, func() any { return object{"id": "ann", "name": "Ann"} })
	case path == "desk/events":
		f.stream(w, r, "desk", func() any { f.desk["now"] = now(); return f.desk })
	case path == "room":
		f.rooms.agent.ServeHTTP(w, r)
	case strings.HasSuffix(path, "/room-token"):
		contact := strings.Split(path, "/")[2]
		f.answer(w, 200, func() any { return object{"token": "agent " + contact} })
	case r.Method == http.MethodPost && r.Header.Get("X-Contactd") != "":
		f.note(r)
		w.WriteHeader(http.StatusNoContent)
	default:
		http.NotFound(w, r)
	}
}

func problem(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(object{"code": code, "title": code, "status": status})
}

func (f *fake) answer(w http.ResponseWriter, status int, value func() any) {
	f.mu.Lock()
	data, err := json.Marshal(value())
	f.mu.Unlock()
	if err != nil {
		f.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data)
}

// stream sends the value now and after each change.
func (f *fake) stream(w http.ResponseWriter, r *http.Request, name string, value func() any) {
	changed := make(chan struct{}, 1)
	f.mu.Lock()
	f.streams[changed] = true
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.streams, changed)
		f.mu.Unlock()
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(200)
	beat := time.NewTicker(10 * time.Second)
	defer beat.Stop()
	for {
		f.mu.Lock()
		data, err := json.Marshal(value())
		f.mu.Unlock()
		if err != nil {
			f.t.Error(err)
		}
		if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", name, data); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		select {
		case _, more := <-changed:
			if !more {
				return
			}
		case <-beat.C:
		case <-r.Context().Done():
			return
		}
	}
}

// change runs the change and tells all streams.
func (f *fake) change(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	for s := range f.streams {
		select {
		case s <- struct{}{}:
		default:
		}
	}
}

func (f *fake) endStreams() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.streams {
		close(s)
		delete(f.streams, s)
	}
}

// only returns the one contact that there is.
func (f *fake) only() (string, object) {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.contacts) != 1 {
		f.t.Fatalf("there are %d contacts, want 1", len(f.contacts))
	}
	for id, c := range f.contacts {
		return id, c.state
	}
	return "", nil
}

// wasAsked waits for a request and returns it.
func (f *fake) wasAsked(method, path string) asked {
	f.t.Helper()
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		f.mu.Lock()
		for _, a := range f.asked {
			if a.Method == method && a.Path == path {
				f.mu.Unlock()
				return a
			}
		}
		all := fmt.Sprint(f.asked)
		f.mu.Unlock()
		if time.Now().After(deadline) {
			f.t.Fatalf("no %s %s was asked, only %s", method, path, all)
		}
		<-tick.C
	}
}

func random() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails.
	return hex.EncodeToString(b[:])
}
