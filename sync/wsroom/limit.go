package wsroom

import "time"

// Limits and times of connections.
const (
	// MaxQueued bytes wait for a reader before it is closed as slow.
	MaxQueued = 256 << 10
	// DefaultHello is how long a connection may say nothing.
	DefaultHello = 10 * time.Second
	// beatEvery and deadAfter: a ping is sent, and its answer waited for.
	beatEvery = 25 * time.Second
	deadAfter = 60 * time.Second
	// stuckAfter is how long one write may take.
	stuckAfter = 15 * time.Second
	// closeWithin is how long the other side may take to answer a close frame.
	closeWithin = 2 * time.Second
	// maxWaiting tasks in a room, when commits stall.
	maxWaiting = 1024
	// recentKept entries are at hand for those who resume.
	recentKept = 256
	// compactEvery entries the state is stored whole.
	compactEvery = 1000
	// idleRoom is how long a room that nobody uses stays in memory.
	idleRoom = 10 * time.Minute
	// DefaultProbe is how long an older connection of a participant may take to show that it is alive.
	DefaultProbe = 1500 * time.Millisecond
	// DefaultPerAddress connections from one network address (IPv6: one /64): many customers can be behind one.
	DefaultPerAddress = 256
)

// Rates of one connection, per second, with the burst that is allowed.
var (
	frameRate    = rate{200, 400}
	durableRate  = rate{20, 60}
	fleetingRate = rate{60, 60}
)

type rate struct{ perSecond, burst float64 }

// joinRate of one room: each join is a commit. Whoever turns pages joins with every one.
var joinRate = rate{2, 100}

// bucket of tokens that refills with time.
type bucket struct {
	tokens float64
	at     time.Time
}

// take takes a token; when there is none it says how long to wait for it.
func (b *bucket) take(r rate, now time.Time) time.Duration {
	if b.at.IsZero() {
		b.tokens = r.burst
	} else {
		b.tokens = min(r.burst, b.tokens+now.Sub(b.at).Seconds()*r.perSecond)
	}
	b.at = now
	if b.tokens >= 1 {
		b.tokens--
		return 0
	}
	return time.Duration((1 - b.tokens) / r.perSecond * float64(time.Second))
}
