package wsroom

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	pagesync "contactd/sync"
)

// buffers of gorilla's writer; frames of ours do not use it.
var buffers = new(sync.Pool)

// incoming holds buffers that frames are read into, so that an idle connection has none.
var incoming = sync.Pool{New: func() any { b := make([]byte, 0, 1024); return &b }}

// begin hears the hello of a new connection and starts its reader. It runs in net/http's goroutine, whose stack has
// grown; the reader gets a new one, which stays small while nothing is said.
func (c *conn) begin() {
	c.ws.SetReadLimit(4 * pagesync.MaxFrame) // What is above the protocol's own limit is told in its words.
	c.ws.SetPongHandler(func(string) error {
		c.ponged()
		return c.extend()
	})
	_ = c.ws.SetReadDeadline(time.Now().Add(c.hub.options.Hello))
	if !c.hello() {
		c.drain()
		c.over()
		return
	}
	go c.read()
}

// over is the end of a connection.
func (c *conn) over() {
	c.drop()
	close(c.gone)
	c.hub.remove(c)
	c.hub.goroutines.Done()
}

// read is the connection's reader, from its hello to its end.
func (c *conn) read() {
	defer c.over()
	defer c.room.leave(c)
	if c.extend() != nil {
		return
	}
	var frames, durable, fleeting bucket
	for {
		data, buffer, err := c.next()
		if err != nil {
			c.failed(err)
			c.drain()
			return
		}
		now := time.Now()
		if frames.take(frameRate, now) > 0 {
			c.end(closeRate)
		} else {
			c.handle(data, now, &durable, &fleeting)
		}
		incoming.Put(buffer)
	}
}

// extend gives the peer time until the next answer to a ping. A connection that is being closed keeps its deadline.
func (c *conn) extend() error {
	if c.isClosed() {
		return nil
	}
	return c.ws.SetReadDeadline(time.Now().Add(deadAfter))
}

// next reads a frame into a pooled buffer, which the caller puts back.
func (c *conn) next() ([]byte, *[]byte, error) {
	kind, r, err := c.ws.NextReader()
	if err != nil {
		return nil, nil, err
	}
	buffer := incoming.Get().(*[]byte)
	data := (*buffer)[:0]
	for {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			incoming.Put(buffer)
			return nil, nil, err
		}
	}
	*buffer = data[:0]
	switch {
	case len(data) > pagesync.MaxFrame:
		c.end(closeTooBig)
		data = nil
	case kind != websocket.TextMessage:
		c.end(closeMalformed.because("frames are text"))
		data = nil
	}
	if cap(*buffer) > 2*pagesync.MaxFrame {
		*buffer = nil
	}
	return data, buffer, nil
}

// failed gives the reason of a reading error that the peer can be told.
func (c *conn) failed(err error) {
	var timeout net.Error
	switch {
	case errors.Is(err, websocket.ErrReadLimit):
		c.end(closeTooBig)
	case c.room == nil && errors.As(err, &timeout) && timeout.Timeout():
		c.end(closeHelloLate)
	}
}

// drain lets the close frame reach the peer before the network connection is closed. gorilla reads nothing after an
// error, so that the network is read directly.
func (c *conn) drain() {
	if !c.isClosed() {
		return
	}
	_ = c.raw.SetReadDeadline(time.Now().Add(closeWithin))
	_, _ = io.Copy(io.Discard, c.raw)
}

// handle does what a frame of a participant asks for.
func (c *conn) handle(data []byte, now time.Time, durable, fleetingBucket *bucket) {
	buffer := make([]byte, headerRoom, headerRoom+len(data)+24)
	if out, kind, ok := pagesync.AppendFleeting(buffer, c.id, data); ok {
		if fleetingBucket.take(fleetingRate, now) > 0 {
			c.hub.dropped.Add(1)
			return
		}
		c.room.flash(fleeting{from: c, kind: kind, frame: frame(out)})
		return
	}
	decoded, err := pagesync.DecodeFrame(data)
	if err != nil {
		c.end(closeMalformed.because(err.Error()))
		return
	}
	switch f := decoded.(type) {
	case pagesync.Hello:
		c.end(closeMalformed.because("hello comes once"))
	case pagesync.Fleeting:
		c.end(closeMalformed.because("an ephemeral frame of a wrong form"))
	case pagesync.Wish:
		// Who is too fast waits, and the network makes the sender wait: nothing is lost.
		if wait := durable.take(durableRate, now); wait > 0 && !c.pause(wait) {
			return
		}
		if !c.room.enqueue(&wishTask{conn: c, wish: f}) {
			c.end(closeOverloaded)
		}
	}
}

// pause waits; false when the connection is being closed meanwhile.
func (c *conn) pause(wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	<-timer.C
	return !c.isClosed()
}

// hello reads the first frame and joins its room; false when the connection is being closed.
func (c *conn) hello() bool {
	data, buffer, err := c.next()
	if err != nil {
		c.failed(err)
		return false
	}
	decoded, err := pagesync.DecodeFrame(data)
	incoming.Put(buffer)
	hello, ok := decoded.(pagesync.Hello)
	switch {
	case err != nil:
		c.end(closeMalformed.because(err.Error()))
		return false
	case !ok:
		c.end(closeMalformed.because("the first frame must be hello"))
		return false
	}
	person, err := c.hub.options.Verifier.Verify(hello.Token)
	if err != nil {
		c.hub.options.Logger.Debug("room token refused", "error", err, "address", c.address)
		c.end(closeToken)
		return false
	}
	if !c.listener.admits(person) {
		c.end(closeForbidden.because("this listener is not for such a person"))
		return false
	}
	c.person = person
	var alive *conn
	for {
		join := &joinTask{conn: c, resume: hello.Resume, alive: alive, done: make(chan *conn, 1)}
		if err := c.hub.enqueue(person.Room, join); err != nil {
			c.end(refusalToJoin(err))
			return false
		}
		rival := <-join.done
		if rival == nil {
			break
		}
		// The participant is connected. Does that connection live, or has the network forgotten it?
		if rival.alive() {
			alive = rival
		} else {
			rival.end(closeReplaced)
			rival.drop()
			<-rival.gone
		}
	}
	return c.room != nil
}

func refusalToJoin(err error) closing {
	switch {
	case errors.Is(err, ErrStopped):
		return closeRestarting
	case errors.Is(err, ErrNoRoom):
		return closeNoRoom
	}
	return closeOverloaded
}
