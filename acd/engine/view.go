package engine

import (
	"sync/atomic"

	"contactd/acd"
)

// views publishes immutable views and wakes who waits for the next.
type views struct {
	current atomic.Pointer[acd.View]
	next    atomic.Pointer[chan struct{}]
}

func (v *views) init() {
	v.current.Store(acd.New().View(nil))
	next := make(chan struct{})
	v.next.Store(&next)
}

func (v *views) publish(view *acd.View) {
	v.current.Store(view)
	next := make(chan struct{})
	close(*v.next.Swap(&next))
}

// View is the newest published picture of the state: all that it shows is on the disk. Before the recovery it is empty.
func (e *Engine) View() *acd.View { return e.views.current.Load() }

// Changed is closed when the next view is published. Take the channel first and the view second, then wait on the
// channel: no change is missed, and several may be seen as one.
func (e *Engine) Changed() <-chan struct{} { return *e.views.next.Load() }
