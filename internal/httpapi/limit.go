package httpapi

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"contactd/internal/config"
)

// Limits counts requests and calls in windows of the clock. The counts are kept in a table, so that a restart forgets
// none; they are written before what they count is done.
type Limits struct {
	table Table
	// hash makes pseudonyms: the table holds no address and no number.
	hash func(string) string
	now  func() time.Time

	// mu is held over the read and the write of a count, so that two requests do not both take the last place. Writes
	// of a group share one commit only across tables; the rate of requests is far below that of commits.
	mu sync.Mutex
}

// NewLimits counts in a table.
func NewLimits(table Table, hash func(string) string, now func() time.Time) *Limits {
	return &Limits{table: table, hash: hash, now: now}
}

// window is one limit: so many of a key in each hour or minute.
type window struct {
	kind, key string
	length    time.Duration
	most      int
	exceeded  func(after time.Duration) *Problem
}

// take counts one in every window, or in none and says which is full.
func (l *Limits) take(ctx context.Context, windows ...window) (*Problem, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	counts := make([]uint64, len(windows))
	for i, w := range windows {
		value, err := l.table.Get(w.name(now))
		switch {
		case err == nil && len(value) == 8:
			counts[i] = binary.BigEndian.Uint64(value)
		case err != nil && !errors.Is(err, ErrUnknown):
			return nil, fmt.Errorf("read count: %w", err)
		}
		if counts[i] >= uint64(w.most) {
			return w.exceeded(w.end(now).Sub(now)), nil
		}
	}
	for i, w := range windows {
		if err := l.table.Put(ctx, w.name(now), binary.BigEndian.AppendUint64(nil, counts[i]+1), w.end(now)); err != nil {
			return nil, fmt.Errorf("keep count: %w", err)
		}
	}
	return nil, nil
}

func (w window) name(now time.Time) string {
	return fmt.Sprintf("%s/%s/%d", w.kind, w.key, now.Truncate(w.length).Unix())
}

func (w window) end(now time.Time) time.Time { return now.Truncate(w.length).Add(w.length) }

func full(code, format string, args ...any) func(time.Duration) *Problem {
	return func(after time.Duration) *Problem {
		return problem(http.StatusTooManyRequests, code, format, args...).later(after)
	}
}

// Request counts a request to be called. number is the pseudonym; addr is not valid for a company's own requests.
func (l *Limits) Request(ctx context.Context, c *config.Config, number string, addr netip.Addr) (*Problem, error) {
	windows := []window{
		{"number", number, time.Hour, c.Numbers.PerNumberPerHour, full(CodeLimitNumber, "this number was asked to be called %d times within the hour, as often as may be; try later", c.Numbers.PerNumberPerHour)},
	}
	if addr.IsValid() {
		windows = append(windows,
			window{"address", l.hash(addr.String()), time.Hour, c.Numbers.PerAddressPerHour, full(CodeLimitAddress, "too many requests came from your address; try later")},
			window{"network", l.hash(network(addr)), time.Hour, c.Numbers.PerNetworkPerHour, full(CodeLimitNetwork, "too many requests came from your network; try later")},
		)
	}
	return l.take(ctx, windows...)
}

// ErrTooManyCalls is returned by Call when the cap on calls is reached.
var ErrTooManyCalls = errors.New("the cap on calls is reached")

// Call counts a call that is about to be made to a customer; concurrent is how many are in progress. Every call passes
// here, whoever asked for it and whichever attempt it is.
func (l *Limits) Call(ctx context.Context, c *config.Config, concurrent int) error {
	if concurrent >= c.Numbers.CallsConcurrent {
		return fmt.Errorf("%w: %d are in progress", ErrTooManyCalls, concurrent)
	}
	p, err := l.take(ctx, window{"calls", "all", time.Minute, c.Numbers.CallsPerMinute, full(CodeLimitCalls, "calls_per_minute")})
	if err != nil {
		return err
	}
	if p != nil {
		return fmt.Errorf("%w: %d were made in this minute", ErrTooManyCalls, c.Numbers.CallsPerMinute)
	}
	return nil
}

const (
	signInsPerUser    = 10
	signInsPerAddress = 60
	signInWindow      = 15 * time.Minute
)

// SignIn counts an attempt to sign in, so that passwords cannot be tried through.
func (l *Limits) SignIn(ctx context.Context, user string, addr netip.Addr) (*Problem, error) {
	exceeded := full(CodeLimitSignIn, "too many attempts to sign in; try later")
	return l.take(ctx,
		window{"sign-in-user", l.hash(user), signInWindow, signInsPerUser, exceeded},
		window{"sign-in-address", l.hash(addr.String()), signInWindow, signInsPerAddress, exceeded})
}
