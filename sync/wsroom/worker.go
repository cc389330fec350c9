package wsroom

import (
	"context"
	"fmt"

	pagesync "contactd/sync"
)

// batch is what the worker decides together and commits at once. Decisions are applied to the state as they are made;
// what people are told of them waits for the commit, and is dropped with the state when it fails.
type batch struct {
	r       *room
	entries []pagesync.Entry
	records []Record
	told    []telling
	// after run when the commit has succeeded (nil) or failed.
	after []func(error)
	// sight says that somebody may see more or less; people, that the list of the connected is another; moved, that the
	// page is.
	sight, people, moved bool
}

// telling is a frame for one connection, or its end.
type telling struct {
	to    *conn
	frame []byte
	clear bool
	end   *closing
}

// work is the room's worker, which lives as long as there are tasks.
func (r *room) work() {
	defer r.hub.goroutines.Done()
	for {
		tasks := r.take()
		if len(tasks) == 0 {
			break
		}
		r.do(tasks)
	}
	r.mu.Lock()
	dead := r.dead
	r.mu.Unlock()
	if dead {
		r.hub.forget(r)
	}
}

func (r *room) do(tasks []task) {
	// The commit of what was acknowledged to nobody may take as long as the disk does; the store ends the daemon when
	// it fails.
	ctx := context.Background()
	if r.state == nil {
		if err := r.load(ctx); err != nil {
			r.hub.options.Logger.Error("room cannot be read", "contact", r.id, "error", err)
			for _, t := range tasks {
				t.fail(r, err)
			}
			return
		}
	}
	b := &batch{r: r}
	for _, t := range tasks {
		t.decide(b)
	}
	if err := b.commit(ctx); err != nil {
		r.hub.options.Logger.Error("room cannot be written", "contact", r.id, "error", err)
		r.abandon()
		for _, f := range b.after {
			f(err)
		}
		return
	}
	b.publish()
	r.compact(ctx)
}

// commit puts the batch's entries into the log.
func (b *batch) commit(ctx context.Context) error {
	if len(b.records) == 0 {
		return nil
	}
	return b.r.hub.options.Log.Append(ctx, b.r.id, b.records)
}

// publish tells everybody, in the order of the decisions.
func (b *batch) publish() {
	r := b.r
	r.remember(b.entries)
	if b.sight || b.people {
		b.dismiss()
	}
	r.refresh()
	for _, t := range b.told {
		if t.end != nil {
			t.to.end(*t.end)
			continue
		}
		t.to.send(t.frame, t.clear)
	}
	for _, f := range b.after {
		f(nil)
	}
	if b.sight || b.people {
		r.tellPeople()
	}
	if r.hub.options.Changed != nil && (b.sight || b.people || b.moved) {
		r.hub.options.Changed(r.id)
	}
}

// dismiss ends the connections of those who are not admitted any more, behind what they are told in this batch.
func (b *batch) dismiss() {
	r := b.r
	for id, c := range r.members {
		if r.state.Admits(r.state.RoleOf(id)) {
			continue
		}
		why := closeForbidden
		if r.state.Closed != pagesync.StillOpen {
			why = closeClosed
		}
		b.told = append(b.told, telling{to: c, end: &why})
		delete(r.members, id)
		b.people = true
	}
}

// happen applies an operation to the state and prepares what is told of it.
func (b *batch) happen(from string, n uint64, op pagesync.Op) (offset uint64, err error) {
	r := b.r
	e := pagesync.Entry{Offset: r.state.Offset + 1, At: r.hub.options.Now().UTC(), From: from, N: n, Op: op}
	data, err := pagesync.AppendEntry(nil, e)
	if err != nil {
		return 0, err
	}
	if err := r.state.Apply(e); err != nil {
		return 0, err
	}
	b.entries = append(b.entries, e)
	b.records = append(b.records, Record{Offset: e.Offset, Client: from, Number: n, Data: data})
	b.sight = b.sight || pagesync.ChangesSight(op)
	b.moved = b.moved || pagesync.MovesPage(op)
	return e.Offset, b.tell(e)
}

// tell prepares an entry's frame for all who may see it, and a new snapshot for those whose sight it may have changed.
func (b *batch) tell(e pagesync.Entry) error {
	audience := pagesync.AudienceOf(e.Op)
	if audience == pagesync.Nobody {
		return nil
	}
	payload, err := pagesync.OpFrame(e)
	if err != nil {
		return err
	}
	frame, moves := text(payload), pagesync.MovesPage(e.Op)
	for id, c := range b.r.members {
		role := b.r.state.RoleOf(id)
		if audience == pagesync.Everybody || b.r.state.SeesPage(role) {
			b.told = append(b.told, telling{to: c, frame: frame, clear: moves})
		}
		if pagesync.ChangesSight(e.Op) {
			b.told = append(b.told, telling{to: c, frame: text(b.r.state.SnapshotFrame(id)), clear: moves})
		}
	}
	return nil
}

// tellPeople sends the list of the connected to all of them.
func (r *room) tellPeople() {
	connected := make(map[string]bool, len(r.members))
	for id := range r.members {
		connected[id] = true
	}
	var lists [2][]byte
	for id, c := range r.members {
		i := 0
		if pagesync.SeesAddress(r.state.RoleOf(id)) {
			i = 1
		}
		if lists[i] == nil {
			lists[i] = text(pagesync.PeopleFrame(r.state.Faces(connected, i == 1)))
		}
		c.send(lists[i], false)
	}
}

// abandon gives up a state that is ahead of the log. Everybody resumes from what the log has.
func (r *room) abandon() {
	for id, c := range r.members {
		c.end(closeOverloaded)
		delete(r.members, id)
	}
	r.state, r.recent = nil, nil
	r.mu.Lock()
	r.fan = nil
	r.mu.Unlock()
}

// load reads the room from the log. One that is not there is a state without entries.
func (r *room) load(ctx context.Context) error {
	stored, err := r.hub.options.Log.Load(ctx, r.id)
	switch {
	case isNoRoom(err):
		r.state = pagesync.New()
		return nil
	case err != nil:
		return err
	}
	state := pagesync.New()
	if stored.Snapshot != nil {
		if state, err = pagesync.Restore(stored.Snapshot); err != nil {
			return err
		}
		if state.Offset != stored.SnapshotOffset {
			return fmt.Errorf("snapshot of offset %d is stored as %d", state.Offset, stored.SnapshotOffset)
		}
	}
	var recent []pagesync.Entry
	for _, record := range stored.Records {
		e, err := pagesync.DecodeEntry(record.Offset, record.Data)
		if err != nil {
			return err
		}
		recent = append(recent, e)
		if e.Offset <= state.Offset {
			continue // Kept for those who resume.
		}
		if err := state.Apply(e); err != nil {
			return err
		}
	}
	r.state, r.recent, r.compacted = state, nil, stored.SnapshotOffset
	r.remember(recent)
	return nil
}

// remember keeps the newest entries at hand.
func (r *room) remember(entries []pagesync.Entry) {
	r.recent = append(r.recent, entries...)
	if surplus := len(r.recent) - recentKept; surplus > recentKept/2 {
		r.recent = append([]pagesync.Entry(nil), r.recent[surplus:]...)
	}
}

// compact stores the state whole from time to time. A failure costs nothing but a longer log.
func (r *room) compact(ctx context.Context) {
	offset := r.state.Offset
	if offset < r.compacted+compactEvery {
		return
	}
	state, err := r.state.Snapshot()
	if err == nil {
		err = r.hub.options.Log.Compact(ctx, r.id, offset, state, offset-recentKept)
	}
	if err != nil {
		r.hub.options.Logger.Warn("room cannot be compacted", "contact", r.id, "error", err)
	}
	r.compacted = offset
}
