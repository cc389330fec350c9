package ari

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"
)

// The defaults of [Config].
const (
	// DefaultPingEvery and DefaultReadTimeout together find a half-open socket within 6 s: what was heard last is at
	// most a ping's answer old.
	DefaultPingEvery      = 1500 * time.Millisecond
	DefaultReadTimeout    = 5 * time.Second
	DefaultConnectTimeout = 5 * time.Second
	DefaultRequestTimeout = 10 * time.Second
	DefaultBackoffMin     = 50 * time.Millisecond
	DefaultBackoffMax     = 5 * time.Second
	DefaultProbeEvery     = 10 * time.Second
	DefaultInboxBytes     = 16 << 20
	DefaultMaxPending     = 8192
)

// Config is what a client needs to know. Zero values stand for the defaults.
type Config struct {
	// URL is the ARI root, "http://pbx:8088/ari" or https.
	URL string
	// Username and Password are those of ari.conf. They travel in a header, never in a URL.
	Username, Password string
	// Application is the Stasis application's name. One client at a time may have it: a second one takes it over.
	Application string
	// SubscribeAll asks for the events of everything, not only of what belongs to the application.
	SubscribeAll bool
	// Lanes is how many WebSockets there are for requests besides the one with the events. Asterisk serves the requests
	// of one WebSocket one after the other, so that a slow one delays those behind it. See [Client.Lane].
	Lanes int
	// TLS is for https; nil uses the system's authorities.
	TLS *tls.Config
	// Dial makes the connections; nil uses a [net.Dialer]. It is for tests and tunnels.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// InboxBytes bounds the events that wait for the handler. Overflow ends the epoch.
	InboxBytes int
	// MaxPending bounds the requests of one WebSocket that wait for their answer.
	MaxPending int
	// PingEvery is the time between two pings, ReadTimeout how long nothing may be heard.
	PingEvery, ReadTimeout time.Duration
	// ConnectTimeout bounds one attempt to connect, RequestTimeout one request.
	ConnectTimeout, RequestTimeout time.Duration
	// BackoffMin and BackoffMax bound the pause between two attempts to connect.
	BackoffMin, BackoffMax time.Duration
	// ProbeEvery is how often Asterisk is asked to list its channels, to find a deadlock that its socket does not show.
	// Negative switches the probe off.
	ProbeEvery time.Duration

	// Log is told of connections, at most; nil is silent.
	Log *slog.Logger
}

// withDefaults returns a complete configuration, or all that is wrong with it at once.
func (c Config) withDefaults() (Config, *url.URL, error) {
	var problems []error
	root, err := url.Parse(c.URL)
	switch {
	case err != nil:
		problems = append(problems, fmt.Errorf("URL: %w", err))
	case root.Scheme != "http" && root.Scheme != "https":
		problems = append(problems, problem("URL", `must begin with http:// or https://, as in "http://pbx:8088/ari"`))
	case root.Host == "":
		problems = append(problems, problem("URL", `names no host, as in "http://pbx:8088/ari"`))
	case root.User != nil:
		problems = append(problems, problem("URL", "user and password belong into Username and Password"))
	case root.RawQuery != "" || root.Fragment != "":
		problems = append(problems, problem("URL", "must not have a query or a fragment"))
	default:
		root.Path = strings.TrimRight(root.Path, "/")
	}
	if c.Username == "" {
		problems = append(problems, problem("Username", "is the name of a user section in ari.conf, and empty"))
	}
	if c.Application == "" || strings.ContainsAny(c.Application, ", ") {
		problems = append(problems, problem("Application", "is the name in the dialplan's Stasis(…), without blank or comma"))
	}
	if c.Lanes < 0 || c.Lanes > 64 {
		problems = append(problems, problem("Lanes", "must be between 0 and 64"))
	}
	for _, bound := range []struct {
		name  string
		value *int
		std   int
	}{{"InboxBytes", &c.InboxBytes, DefaultInboxBytes}, {"MaxPending", &c.MaxPending, DefaultMaxPending}} {
		if *bound.value < 0 {
			problems = append(problems, fmt.Errorf("%s: must not be negative", bound.name))
		}
		if *bound.value == 0 {
			*bound.value = bound.std
		}
	}
	for _, span := range []struct {
		name  string
		value *time.Duration
		std   time.Duration
	}{
		{"PingEvery", &c.PingEvery, DefaultPingEvery},
		{"ReadTimeout", &c.ReadTimeout, DefaultReadTimeout},
		{"ConnectTimeout", &c.ConnectTimeout, DefaultConnectTimeout},
		{"RequestTimeout", &c.RequestTimeout, DefaultRequestTimeout},
		{"BackoffMin", &c.BackoffMin, DefaultBackoffMin},
		{"BackoffMax", &c.BackoffMax, DefaultBackoffMax},
	} {
		if *span.value < 0 {
			problems = append(problems, fmt.Errorf("%s: must not be negative", span.name))
		}
		if *span.value == 0 {
			*span.value = span.std
		}
	}
	if c.ProbeEvery == 0 {
		c.ProbeEvery = DefaultProbeEvery
	}
	if c.PingEvery >= c.ReadTimeout {
		problems = append(problems, fmt.Errorf("PingEvery (%v): must be less than ReadTimeout (%v), or a quiet socket counts as dead", c.PingEvery, c.ReadTimeout))
	}
	if c.BackoffMin > c.BackoffMax {
		problems = append(problems, fmt.Errorf("BackoffMin (%v): must not be more than BackoffMax (%v)", c.BackoffMin, c.BackoffMax))
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{}).DialContext
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if len(problems) > 0 {
		return c, nil, fmt.Errorf("ari: configuration: %w", errors.Join(problems...))
	}
	return c, root, nil
}

// String leaves the password out, so that no log shows it by accident.
func (c Config) String() string {
	return fmt.Sprintf("ARI of %s as user %s, application %s", c.URL, c.Username, c.Application)
}

// problem names the field and what is wrong with it.
func problem(field, text string) error { return fmt.Errorf("%s: %s", field, text) }
