package wsroom

import (
	"sync"
	"time"

	pagesync "contactd/sync"
)

// room in memory. What is under mu is for everybody; the rest belongs to the worker.
type room struct {
	hub *Hub
	id  string

	mu      sync.Mutex
	tasks   []task
	working bool
	dead    bool // forgotten by the hub; nobody may use it any more
	used    time.Time
	// fan are the connections that have joined.
	fan []*conn

	// state is nil until it is loaded, and after a commit failed.
	state *pagesync.State
	// members are the connections that have joined, by participant.
	members map[string]*conn
	// recent entries, the last of which is the state's.
	recent []pagesync.Entry
	// compacted is the offset of the stored snapshot.
	compacted uint64
	joins     bucket
}

func newRoom(h *Hub, id string) *room {
	return &room{hub: h, id: id, members: make(map[string]*conn), used: time.Now()}
}

// enqueue gives a task to the worker; false when the room was forgotten or too much waits.
func (r *room) enqueue(t task) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, wish := t.(*wishTask); r.dead || wish && len(r.tasks) >= maxWaiting {
		return false
	}
	r.tasks = append(r.tasks, t)
	if !r.working {
		r.working = true
		r.hub.goroutines.Add(1)
		go r.work()
	}
	return true
}

// leave tells the worker that a connection is over.
func (r *room) leave(c *conn) {
	r.mu.Lock()
	for i, member := range r.fan {
		if member == c {
			r.fan = append(r.fan[:i:i], r.fan[i+1:]...)
			break
		}
	}
	r.mu.Unlock()
	r.enqueue(&leaveTask{c})
}

// flash passes an ephemeral frame on to all who see the page.
func (r *room) flash(f fleeting) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.kind != pagesync.Typing && !f.from.points {
		return
	}
	for _, c := range r.fan {
		if c != f.from && (c.sees || f.kind == pagesync.Typing) {
			c.flash(f)
		}
	}
}

// retire marks a room that nobody used since then as dead, unless something is going on in it.
func (r *room) retire(since time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.working || len(r.fan) > 0 || r.used.After(since) {
		return false
	}
	r.dead = true
	return true
}

// take takes all tasks; none ends the worker. A room that turned out not to exist dies with it.
func (r *room) take() []task {
	r.mu.Lock()
	defer r.mu.Unlock()
	tasks := r.tasks
	r.tasks = nil
	if len(tasks) == 0 {
		r.working = false
		r.used = time.Now()
		if len(r.members) == 0 && (r.state == nil || r.state.Offset == 0) {
			r.dead = true
		}
	}
	return tasks
}

// refresh makes what others see of the members agree with the state.
func (r *room) refresh() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fan = r.fan[:0:0]
	for id, c := range r.members {
		role := r.state.RoleOf(id)
		c.sees = r.state.SeesPage(role)
		c.points = r.state.Points(role)
		r.fan = append(r.fan, c)
	}
}
