package ari

import "sync"

// inbox stands between the goroutine that reads the socket and the one that runs the handler. Putting never blocks: an
// event that does not fit is refused, and it is then the reader's business to end the epoch. What the client says of its
// own connection is always accepted, because it is little and must not be lost.
type inbox struct {
	limit int
	// filled has room for one token, which says that there is something to take.
	filled chan struct{}
	// drained is closed, and replaced, whenever the inbox has become less than half full.
	mu      sync.Mutex
	entries []entry
	bytes   int
	drained chan struct{}
}

// entry is a message as it came, or an event of the client's own.
type entry struct {
	raw []byte
	own Event
}

func newInbox(limit int) *inbox {
	return &inbox{limit: limit, filled: make(chan struct{}, 1), drained: make(chan struct{})}
}

// put appends a message, unless it does not fit.
func (b *inbox) put(raw []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bytes+len(raw) > b.limit {
		return false
	}
	b.bytes += len(raw)
	b.append(entry{raw: raw})
	return true
}

// say appends an event of the client's own.
func (b *inbox) say(ev Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.append(entry{own: ev})
}

func (b *inbox) append(e entry) {
	b.entries = append(b.entries, e)
	select {
	case b.filled <- struct{}{}:
	default:
	}
}

// takeAll returns all that is there. The messages count as waiting until they are given to done.
func (b *inbox) takeAll() []entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	entries := b.entries
	b.entries = nil
	return entries
}

// done tells that the handler has returned from an entry.
func (b *inbox) done(e entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bytes -= len(e.raw)
	if b.bytes <= b.limit/2 {
		close(b.drained)
		b.drained = make(chan struct{})
	}
}

// roomy returns nil when at least half of the inbox is free, else a channel that is closed when it is.
func (b *inbox) roomy() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bytes <= b.limit/2 {
		return nil
	}
	return b.drained
}
