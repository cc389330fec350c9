package store

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

// maxGroup bounds the bytes of one transaction, so that one commit does not take arbitrarily long.
const maxGroup = 8 << 20

// fault is the error that ends all writing; committers share it.
type fault struct {
	mu     sync.Mutex
	err    error
	failed chan struct{}
}

func newFault() *fault { return &fault{failed: make(chan struct{})} }

func (f *fault) get() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// set keeps the first error.
func (f *fault) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = fmt.Errorf("%w: commit: %w (is the disk full or broken? what was acknowledged is safe; contactd must be restarted)", ErrFailed, err)
		close(f.failed)
	}
}

// committer is a group committer: it collects all batches that wait and writes them together. Its goroutine exists only
// while something waits.
type committer struct {
	write      func(group []*Batch, refused []error) error
	maxPending int
	fault      *fault

	mu      sync.Mutex
	queue   []*Batch
	bytes   int // of the queue and the group in flight
	running bool
	closed  bool
	idle    chan struct{} // closed when the goroutine ends; nil when there is none

	flight, flightBytes int       // batches and bytes of the commit in flight
	since               time.Time // its begin; zero when there is none
	lastTook            time.Duration
	commits, batches    uint64
}

func newCommitter(maxPending int, fault *fault, write func([]*Batch, []error) error) *committer {
	return &committer{write: write, maxPending: maxPending, fault: fault}
}

// Status tells how the committer fares; for metrics and for answering 503 in time.
type Status struct {
	// Waiting batches and bytes, those of the commit in flight included.
	Waiting, Bytes int
	// InFlight is how long the present commit has taken so far; 0 when there is none.
	InFlight time.Duration
	// LastCommit is how long the last commit took.
	LastCommit time.Duration
	// Commits and Batches count since Open.
	Commits, Batches uint64
	// Err is the final error, if a commit failed.
	Err error
}

// Status of the committers now: sums, and the longer of the times.
func (s *Store) Status() Status {
	status, log := s.committer.status(), s.logger.status()
	status.Waiting += log.Waiting
	status.Bytes += log.Bytes
	status.InFlight = max(status.InFlight, log.InFlight)
	status.LastCommit = max(status.LastCommit, log.LastCommit)
	status.Commits += log.Commits
	status.Batches += log.Batches
	return status
}

// Pending is the number of batches that wait, those of the commits in flight included, and how long the longer of these
// has taken so far. A commit of seconds is a stalled disk.
func (s *Store) Pending() (batches int, inFlight time.Duration) {
	status := s.Status()
	return status.Waiting, status.InFlight
}

// Failed is closed when a commit failed; [Store.Err] says why.
func (s *Store) Failed() <-chan struct{} { return s.committer.fault.failed }

// Err is the final error of a failed commit, or nil.
func (s *Store) Err() error { return s.committer.fault.get() }

func (c *committer) status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	status := Status{
		Waiting: len(c.queue) + c.flight, Bytes: c.bytes,
		LastCommit: c.lastTook, Commits: c.commits, Batches: c.batches, Err: c.fault.get(),
	}
	if !c.since.IsZero() {
		status.InFlight = time.Since(c.since)
	}
	return status
}

func (c *committer) submit(b *Batch) error {
	if err := c.fault.get(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return ErrClosed
	case c.bytes > 0 && c.bytes+b.size > c.maxPending && len(b.journal) == 0:
		return ErrBusy
	}
	c.queue = append(c.queue, b)
	c.bytes += b.size
	if !c.running {
		c.running = true
		c.idle = make(chan struct{})
		go c.run()
	}
	return nil
}

// withdraw takes a batch out of the queue; false when its commit has begun (or is over).
func (c *committer) withdraw(b *Batch) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, queued := range c.queue {
		if queued == b {
			c.queue = append(c.queue[:i], c.queue[i+1:]...)
			c.bytes -= b.size
			return true
		}
	}
	return false
}

// close refuses newcomers, waits until what was handed in is written, and returns the final error if there is one.
func (c *committer) close() error {
	c.mu.Lock()
	c.closed = true
	idle := c.idle
	c.mu.Unlock()
	if idle != nil {
		<-idle
	}
	return c.fault.get()
}

func (c *committer) run() {
	for {
		c.gather()
		group := c.take()
		if group == nil {
			return
		}
		refused := make([]error, len(group))
		err := c.fault.get() // of the other committer, meanwhile
		if err == nil {
			if err = c.write(group, refused); err != nil {
				c.fault.set(err)
				err = c.fault.get()
			}
		}
		c.finish()
		for i, b := range group {
			if err != nil {
				refused[i] = err
			}
			b.done(refused[i])
		}
	}
}

// gather lets writers that were just told of the last commit hand in their next batch before the group is taken;
// otherwise groups of one and of all the others would alternate. It costs microseconds, and ends as soon as a turn of
// the scheduler brings nobody new.
func (c *committer) gather() {
	for before := -1; ; {
		c.mu.Lock()
		now := len(c.queue)
		c.mu.Unlock()
		if now == before {
			return
		}
		before = now
		runtime.Gosched()
	}
}

// take begins a commit with all that waits, up to maxGroup bytes, or ends the goroutine when nothing does.
func (c *committer) take() []*Batch {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 {
		c.running = false
		close(c.idle)
		c.idle = nil
		return nil
	}
	n, bytes := 0, 0
	for n < len(c.queue) && (n == 0 || bytes+c.queue[n].size <= maxGroup) {
		bytes += c.queue[n].size
		n++
	}
	group := c.queue[:n:n]
	c.queue = append([]*Batch(nil), c.queue[n:]...)
	c.flight, c.flightBytes = n, bytes
	c.since = time.Now()
	return group
}

// finish notes the end of a commit.
func (c *committer) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastTook = time.Since(c.since)
	c.since = time.Time{}
	c.commits++
	c.batches += uint64(c.flight)
	c.bytes -= c.flightBytes
	c.flight, c.flightBytes = 0, 0
}
