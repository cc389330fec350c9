package wsroom

import (
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	pagesync "contactd/sync"
)

// conn is one connection. Its reader is in reader.go; here is what others do with it.
type conn struct {
	hub      *Hub
	listener *Listener
	ws       *websocket.Conn
	raw      net.Conn
	address  string
	origin   string
	person   Person
	// gone is closed when the reader has ended.
	gone chan struct{}

	// room and id are set when the connection has joined, before the reader goes on.
	room *room
	id   string
	// sees and points say whether the participant sees the page and may point; guarded by room.mu.
	sees, points bool

	mu       sync.Mutex
	frames   [][]byte
	queued   int // bytes of frames
	fleeting []fleeting
	writing  bool
	since    time.Time // when the present write began
	beat     time.Time // when the last ping was queued
	closed   bool      // nothing more is queued
	probes   []chan struct{}
}

// fleeting is the newest ephemeral frame of a person and kind.
type fleeting struct {
	from  *conn
	kind  pagesync.FleetingKind
	frame []byte
}

// send queues a frame. clear drops the ephemeral frames that wait: the page moved.
func (c *conn) send(frame []byte, clear bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	if clear {
		c.fleeting = nil
	}
	if c.queued > MaxQueued { // One frame, a large snapshot, may go beyond.
		c.frames, c.fleeting, c.queued = nil, nil, 0
		c.hub.slow.Add(1)
		c.endLocked(closeSlow)
		return
	}
	c.queued += len(frame)
	c.frames = append(c.frames, frame)
	c.wakeLocked()
}

// flash queues an ephemeral frame and overwrites the one that waits.
func (c *conn) flash(f fleeting) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	for i := range c.fleeting {
		if c.fleeting[i].from == f.from && c.fleeting[i].kind == f.kind {
			c.fleeting[i].frame = f.frame
			return
		}
	}
	c.fleeting = append(c.fleeting, f)
	c.wakeLocked()
}

// end queues a close frame behind what waits; nothing is queued after it.
func (c *conn) end(why closing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endLocked(why)
}

func (c *conn) endLocked(why closing) {
	if c.closed {
		return
	}
	c.closed = true
	c.fleeting = nil
	c.frames = append(c.frames, control(websocket.CloseMessage, websocket.FormatCloseMessage(why.code, why.reason())))
	c.wakeLocked()
}

// wakeLocked has a writer as long as something is queued.
func (c *conn) wakeLocked() {
	if c.writing {
		return
	}
	c.writing, c.since = true, time.Now()
	c.hub.goroutines.Add(1)
	go c.write()
}

func (c *conn) write() {
	defer c.hub.goroutines.Done()
	for {
		frames, last := c.take()
		if frames == nil {
			return
		}
		var err error
		if len(frames) == 1 {
			_, err = c.raw.Write(frames[0])
		} else {
			_, err = frames.WriteTo(c.raw)
		}
		switch {
		case err != nil:
			c.drop()
			return
		case last:
			// The other side answers the close frame, or has had its time. Closing at once could reset the connection
			// and lose the reason on its way.
			_ = c.ws.SetReadDeadline(time.Now().Add(closeWithin))
			return
		}
	}
}

// take takes all that is queued. last says that a close frame is at its end. nil ends the writer.
func (c *conn) take() (frames net.Buffers, last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.frames) == 0 && len(c.fleeting) == 0 {
		c.writing = false
		return nil, false
	}
	frames = c.frames
	if frames == nil {
		frames = make(net.Buffers, 0, len(c.fleeting))
	}
	for i := range c.fleeting {
		frames = append(frames, c.fleeting[i].frame)
		c.fleeting[i] = fleeting{}
	}
	c.frames, c.fleeting, c.queued = nil, c.fleeting[:0], 0
	c.since = time.Now()
	return frames, c.closed
}

// drop ends the connection without a word: the network is gone, or its peer.
func (c *conn) drop() {
	c.mu.Lock()
	c.closed = true
	c.frames, c.fleeting = nil, nil
	c.mu.Unlock()
	_ = c.raw.Close()
}

// tick keeps the connection alive: a ping and a beat when they are due, an end when a write or a closing is stuck.
func (c *conn) tick(now time.Time) {
	c.mu.Lock()
	stuck := (c.writing || c.closed) && now.Sub(c.since) > stuckAfter
	due := !c.closed && now.Sub(c.beat) >= beatEvery
	if due {
		c.beat = now
	}
	c.mu.Unlock()
	switch {
	case stuck:
		c.drop()
	case due:
		c.send(control(websocket.PingMessage, nil), false)
		c.send(beat, false)
	}
}

var beat = text(pagesync.BeatFrame())

func (c *conn) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// ponged tells the probes that the peer is alive.
func (c *conn) ponged() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, probe := range c.probes {
		close(probe)
	}
	c.probes = nil
}

// alive says whether the peer answers a ping.
func (c *conn) alive() bool {
	probe := make(chan struct{})
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return false
	}
	c.probes = append(c.probes, probe)
	c.mu.Unlock()
	c.send(control(websocket.PingMessage, nil), false)
	timer := time.NewTimer(c.hub.options.Probe)
	defer timer.Stop()
	select {
	case <-probe:
		return true
	case <-c.gone:
	case <-timer.C:
	}
	return false
}
