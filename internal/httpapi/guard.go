package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"time"

	"contactd/internal/config"
	"contactd/sync/wsroom"
)

const (
	// maxBody is the largest request; the largest honest one is far below a kilobyte.
	maxBody = 64 << 10
	// maxDepth is how deeply a request's JSON may nest.
	maxDepth = 16
	// bodyTimeout is how long a client may take to send a body.
	bodyTimeout = 10 * time.Second
)

// guard is around every handler but the room sockets: it bounds what comes in, keeps a panic from ending the daemon,
// and tells what was answered.
func (s *Server) guard(listener string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		recorded := &recorder{ResponseWriter: w}
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		header.Set("Cache-Control", "no-store")
		defer func() {
			if fault := recover(); fault != nil {
				if fault == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so.
					panic(fault)
				}
				s.log.Error("handler panicked", "route", r.Pattern, "fault", fault, "stack", string(debug.Stack()))
				if recorded.status == 0 {
					problem(http.StatusInternalServerError, CodeInternal, "contactd could not answer; its log says why").write(recorded)
				}
			}
			s.Observe(listener, r.Pattern, recorded.status, time.Since(began))
		}()
		if p := bounded(w, r); p != nil {
			p.write(recorded)
			return
		}
		next.ServeHTTP(recorded, r)
	})
}

// bounded reads the body, so that nothing behind it meets one that is too large, too deep or too slow.
func bounded(w http.ResponseWriter, r *http.Request) *Problem {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	control := http.NewResponseController(w)
	// A recorder in a test has no deadlines; a connection has.
	_ = control.SetReadDeadline(time.Now().Add(bodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	_ = control.SetReadDeadline(time.Time{})
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return problem(http.StatusRequestEntityTooLarge, CodeTooLarge, "the body is larger than %d bytes", maxBody)
	case err != nil:
		return problem(http.StatusBadRequest, CodeMalformed, "the body did not arrive whole")
	case depth(body) > maxDepth:
		return problem(http.StatusBadRequest, CodeTooDeep, "the body nests deeper than %d levels", maxDepth)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	return nil
}

// depth is how deeply brackets nest outside of JSON strings. It is right for JSON, and an upper bound is all that other
// input needs.
func depth(body []byte) int {
	level, most, text := 0, 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			level++
			most = max(most, level)
		case c == '}' || c == ']':
			level--
		}
	}
	return most
}

// recorder remembers the status for the metrics.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// SetReadDeadline does nothing: the body was read, and a deadline that runs out later would end a request that is being
// answered (huma sets one of 5 s before it reads the body again).
func (r *recorder) SetReadDeadline(time.Time) error { return nil }

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// observedAddress is the network address that a request comes from, behind the listener's proxies; not valid when it
// cannot be told.
func observedAddress(r *http.Request, l config.Listener) netip.Addr {
	addr, err := netip.ParseAddr(wsroom.Observed(r, l.Proxies()))
	if err != nil {
		return netip.Addr{}
	}
	return addr
}

// network is the part of an address that one customer's connection usually has: an IPv4 /24, an IPv6 /64.
func network(addr netip.Addr) string {
	bits := 64
	if addr.Is4() {
		bits = 24
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return ""
	}
	return prefix.String()
}

// siteOf finds the site that an origin belongs to.
func siteOf(c *config.Config, origin string) (id string, site config.Site, ok bool) {
	for id, site := range c.Sites {
		if slices.Contains(site.Origins, origin) {
			return id, site, true
		}
	}
	return "", config.Site{}, false
}

// cors answers the pages of the sites, and no others.
func (s *Server) cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Add("Vary", "Origin")
		origin := r.Header.Get("Origin")
		c := s.Config()
		if origin == "" || origin == c.Listen.Customer.Origin() {
			next.ServeHTTP(w, r)
			return
		}
		if _, _, ok := siteOf(c, origin); !ok {
			problem(http.StatusForbidden, CodeOrigin, "pages of %s may not use this: add the origin to a site in contactd's configuration", origin).write(w)
			return
		}
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Access-Control-Expose-Headers", "Retry-After")
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			header.Set("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE")
			header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Cache-Control, Accept")
			header.Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// fallback gives problem documents where the mux would answer in plain text.
func fallback(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		// The mux knows whether the path exists with another method: let it say so to nobody, and say it our way.
		probe := &discarded{header: http.Header{}}
		handler.ServeHTTP(probe, r)
		switch {
		case probe.status == http.StatusMethodNotAllowed:
			w.Header().Set("Allow", probe.header.Get("Allow"))
			problem(http.StatusMethodNotAllowed, CodeMethod, "%s is not possible here; possible: %s", r.Method, probe.header.Get("Allow")).write(w)
		case probe.status >= 300 && probe.status < 400:
			mux.ServeHTTP(w, r)
		default:
			problem(http.StatusNotFound, CodeNotFound, "there is nothing at this address; /v1/openapi.json describes what there is").write(w)
		}
	})
}

type discarded struct {
	header http.Header
	status int
}

func (d *discarded) Header() http.Header { return d.header }
func (d *discarded) WriteHeader(status int) {
	if d.status == 0 {
		d.status = status
	}
}
func (d *discarded) Write(b []byte) (int, error) {
	d.WriteHeader(http.StatusOK)
	return len(b), nil
}
