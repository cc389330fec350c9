package asterisk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"contactd/ari"
)

// leftWithin is how long channels and bridges may take to end by themselves.
const leftWithin = 30 * time.Second

// StartForTest is [Start] for a test: the test is skipped without a root, Asterisk stops at the test's end, and the end of
// its log is shown when the test has failed.
func StartForTest(tb testing.TB, options Options) *Asterisk {
	tb.Helper()
	if options.Root == "" && os.Getenv(RootVariable) == "" {
		tb.Skipf("needs a real Asterisk: set %s to what testbed/asterisk-root.sh prints, or use 'make test'", RootVariable)
	}
	a, err := Start(tb.Context(), options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("the end of Asterisk's log:\n%s", a.LogTail(60))
		}
		if err := a.Stop(); err != nil {
			tb.Error(err)
		}
	})
	return a
}

// AssertNothingLeft fails the test unless all channels and bridges end within 30 s.
func (a *Asterisk) AssertNothingLeft(tb testing.TB) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), leftWithin)
	defer cancel()
	if err := a.AwaitEmpty(ctx); err != nil {
		tb.Error(err)
	}
}

// AwaitEmpty waits until Asterisk has no channel and no bridge. When ctx ends first, the error names what is left.
func (a *Asterisk) AwaitEmpty(ctx context.Context) error {
	client, err := ari.New(a.ARI("empty"))
	if err != nil {
		return fmt.Errorf("asterisk: %w", err)
	}
	defer client.CloseIdleConnections()
	last := errors.New("asterisk: was not asked yet")
	for {
		channels, err := ari.Do(ctx, client.HTTP(), ari.ListChannels())
		if err != nil {
			return errors.Join(last, err)
		}
		bridges, err := ari.Do(ctx, client.HTTP(), ari.ListBridges())
		if err != nil {
			return errors.Join(last, err)
		}
		if len(channels) == 0 && len(bridges) == 0 {
			return nil
		}
		last = left(channels, bridges)
		select {
		case <-ctx.Done():
			return last
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// AwaitOnline waits until Asterisk calls a PJSIP endpoint online, which is a little after it has answered a registration.
func (a *Asterisk) AwaitOnline(ctx context.Context, endpoint string) error {
	client, err := ari.New(a.ARI("online"))
	if err != nil {
		return fmt.Errorf("asterisk: %w", err)
	}
	defer client.CloseIdleConnections()
	for {
		found, err := ari.Do(ctx, client.HTTP(), ari.GetEndpoint("PJSIP", endpoint))
		if err == nil && found.State == ari.EndpointOnline {
			return nil
		}
		if errors.Is(err, ari.ErrNotFound) {
			return fmt.Errorf("asterisk: endpoint %s: %w", endpoint, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("asterisk: endpoint %s is %s: %w", endpoint, found.State, errors.Join(err, ctx.Err()))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func left(channels []ari.Channel, bridges []ari.Bridge) error {
	var names []string
	for _, c := range channels {
		names = append(names, fmt.Sprintf("channel %s (%s, %s, in %s %s)", c.ID, c.Name, c.State, c.Dialplan.AppName, c.Dialplan.AppData))
	}
	for _, b := range bridges {
		names = append(names, fmt.Sprintf("bridge %s (%s with %d channels)", b.ID, b.Technology, len(b.Channels)))
	}
	return fmt.Errorf("asterisk: %d channels and %d bridges are left:\n%s", len(channels), len(bridges), strings.Join(names, "\n"))
}
