package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"contactd/internal/config"
)

const (
	headerTimeout = 5 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 32 << 10
)

// listen opens an address, with TLS when there is a certificate.
func listen(name string, l config.Listener) (net.Listener, error) {
	listener, err := net.Listen("tcp", l.Address)
	if err != nil {
		return nil, fmt.Errorf("app: listen.%s.address: %w", name, err)
	}
	if l.TLS.Cert == "" {
		return listener, nil
	}
	pair := &certificate{cert: l.TLS.Cert, key: l.TLS.Key}
	if _, err := pair.get(nil); err != nil {
		return nil, errors.Join(fmt.Errorf("app: listen.%s.tls: %w", name, err), listener.Close())
	}
	return tls.NewListener(listener, &tls.Config{
		GetCertificate: pair.get, MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"}, // Rooms are WebSockets, and streams are many: one connection each.
	}), nil
}

// certificate is read again when its files change.
type certificate struct {
	cert, key string

	mu     sync.Mutex
	loaded *tls.Certificate
	stamp  time.Time
	looked time.Time
}

// lookEvery is how often the files are looked at.
const lookEvery = 10 * time.Second

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loaded != nil && time.Since(c.looked) < lookEvery {
		return c.loaded, nil
	}
	c.looked = time.Now()
	changed, err := latest(c.cert, c.key)
	if err == nil && c.loaded != nil && !changed.After(c.stamp) {
		return c.loaded, nil
	}
	var pair tls.Certificate
	if err == nil {
		pair, err = tls.LoadX509KeyPair(c.cert, c.key)
	}
	if err != nil {
		if c.loaded != nil { // A renewal is half written: the old pair is good until the next look.
			return c.loaded, nil
		}
		return nil, err
	}
	c.loaded, c.stamp = &pair, changed
	return c.loaded, nil
}

func latest(names ...string) (time.Time, error) {
	var at time.Time
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return at, err
		}
		if info.ModTime().After(at) {
			at = info.ModTime()
		}
	}
	return at, nil
}

// server of a listener. Requests live as long as ctx, which ends the streams when the daemon drains.
func server(ctx context.Context, name string, handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(log.With("listener", name).Handler(), slog.LevelDebug),
	}
}

// Check looks at what a start would need besides a valid configuration: files that it names.
func Check(c *config.Config) error {
	var problems config.Problems
	for _, l := range []struct {
		key string
		of  config.TLS
	}{{"listen.agent.tls", c.Listen.Agent.TLS}, {"listen.customer.tls", c.Listen.Customer.TLS}} {
		if l.of.Cert == "" {
			continue
		}
		if _, err := tls.LoadX509KeyPair(l.of.Cert, l.of.Key); err != nil {
			problems = append(problems, config.Problem{Key: l.key, Message: err.Error()})
		}
	}
	for id, pbx := range c.PBXs {
		if _, err := ARIConfig(pbx); err != nil {
			problems = append(problems, config.Problem{Key: "pbxs." + id + ".ca", Message: err.Error()})
		}
	}
	if _, err := newSettings(c); err != nil {
		problems = append(problems, config.Problem{Key: "routes", Message: err.Error()})
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}
