package wsroom

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	pagesync "contactd/sync"
)

// task is something for a room's worker to decide.
type task interface {
	// decide runs when the state is loaded.
	decide(b *batch)
	// fail runs instead when it cannot be.
	fail(r *room, err error)
}

func isNoRoom(err error) bool { return errors.Is(err, ErrNoRoom) }

// commandTask is an operation of the daemon's.
type commandTask struct {
	choose func(*pagesync.State) pagesync.Op
	done   chan error
}

func (t *commandTask) fail(_ *room, err error) { t.done <- err }

func (t *commandTask) decide(b *batch) {
	op := t.choose(b.r.state)
	_, opens := op.(pagesync.RoomOpened)
	var err error
	switch {
	case b.r.state.Offset == 0 && !opens:
		t.done <- ErrNoRoom
		return
	case op != nil:
		_, err = b.happen("", 0, op)
	}
	b.after = append(b.after, func(commit error) { t.done <- errors.Join(err, commit) })
}

// lookTask makes a picture of the room.
type lookTask struct {
	done   chan Picture
	failed chan error
}

func (t *lookTask) fail(_ *room, err error) { t.failed <- err }

func (t *lookTask) decide(b *batch) {
	s := b.r.state
	if s.Offset == 0 {
		t.failed <- ErrNoRoom
		return
	}
	connected := make(map[string]bool, len(b.r.members))
	for id := range b.r.members {
		connected[id] = true
	}
	p := Picture{Consent: s.Consent, Closed: s.Closed, People: s.Faces(connected, true)}
	if s.Consent == pagesync.Granted {
		p.URL = s.URL
	}
	var seen uint64
	for _, person := range s.People {
		if person.Subject == pagesync.SubjectCustomer && person.Seen > seen {
			seen, p.Address = person.Seen, person.Address
		}
	}
	b.after = append(b.after, func(err error) {
		if err != nil {
			t.failed <- err
			return
		}
		t.done <- p
	})
}

// leaveTask: a connection is over.
type leaveTask struct{ conn *conn }

func (t *leaveTask) fail(r *room, _ error) { t.leave(r) }

func (t *leaveTask) decide(b *batch) {
	b.people = t.leave(b.r) || b.people
}

func (t *leaveTask) leave(r *room) bool {
	if r.members[t.conn.id] != t.conn {
		return false
	}
	delete(r.members, t.conn.id)
	return true
}

// wishTask: a participant wants something to happen.
type wishTask struct {
	conn *conn
	wish pagesync.Wish
}

func (t *wishTask) fail(*room, error) { t.conn.end(closeOverloaded) }

func (t *wishTask) decide(b *batch) {
	s, c, n := b.r.state, t.conn, t.wish.N
	if b.r.members[c.id] != c {
		return // It was dismissed or replaced meanwhile, and will send again what was not acknowledged.
	}
	if n <= s.People[c.id].Last {
		b.told = append(b.told, telling{to: c, frame: text(pagesync.AckFrame(n, 0))})
		return
	}
	op, refusal := t.wish.Op, t.wish.Refusal
	if refusal == nil {
		site, _ := b.r.hub.options.Site(s.Site)
		op, refusal = s.Decide(c.id, op, site)
	}
	if refusal != nil {
		b.told = append(b.told, telling{to: c, frame: text(pagesync.RefusedFrame(n, refusal))})
		return
	}
	offset, err := b.happen(c.id, n, op)
	if err != nil {
		b.r.hub.options.Logger.Error("room operation failed", "contact", b.r.id, "kind", op.Kind(), "error", err)
		end := closeMalformed.because("the operation cannot be stored")
		b.told = append(b.told, telling{to: c, end: &end})
		return
	}
	b.told = append(b.told, telling{to: c, frame: text(pagesync.AckFrame(n, offset))})
}

// joinTask: a connection said hello. done is given nil when it has joined or was turned away, or the living connection
// of the participant that it wants to resume.
type joinTask struct {
	conn   *conn
	resume pagesync.Resume
	// alive is the connection that is known to be alive, so that the newcomer is one more participant.
	alive *conn
	done  chan *conn
}

func (t *joinTask) fail(_ *room, err error) {
	t.conn.end(refusalToJoin(err))
	t.done <- nil
}

func (t *joinTask) turnAway(why closing) {
	t.conn.end(why)
	t.done <- nil
}

func (t *joinTask) decide(b *batch) {
	r, c := b.r, t.conn
	s, p := r.state, t.conn.person
	role := s.RoleOfSubject(p.Subject, p.Supervisor)
	switch {
	case s.Offset == 0:
		t.turnAway(closeNoRoom)
		return
	case s.Closed == pagesync.ClosedForAll, s.Closed != pagesync.StillOpen && role == pagesync.RoleCustomer:
		t.turnAway(closeClosed)
		return
	case !s.Admits(role):
		t.turnAway(closeForbidden)
		return
	case role == pagesync.RoleCustomer && !t.ofSite(s):
		t.turnAway(closeForbidden.because("the page is not one of the site's where the contact began"))
		return
	}
	how, you := pagesync.HowNew, ""
	if who := s.ResumedBy(t.resume.You, p.Subject, hash(t.resume.Secret)); who != nil {
		rival := r.members[who.ID]
		switch {
		case rival == nil:
			how, you = pagesync.HowResumed, who.ID
		case rival == t.alive:
			how = pagesync.HowDuplicate
		default:
			t.done <- rival
			return
		}
	}
	if you == "" && len(r.members) >= pagesync.MaxConnected {
		t.turnAway(closeFull)
		return
	}
	if r.joins.take(joinRate, time.Now()) > 0 {
		t.turnAway(closeRate.because("the room is joined too often"))
		return
	}
	secret := newSecret()
	var op pagesync.Op
	if you != "" {
		op = pagesync.Resumed{ID: you, Address: c.address, Current: hash(t.resume.Secret), Next: hash(secret)}
	} else {
		you = s.NextID()
		op = pagesync.Joined{
			ID: you, Subject: p.Subject, Name: p.Name, Supervisor: p.Supervisor, Address: c.address, Next: hash(secret),
			Replaces: t.replaces(r),
		}
	}
	before := s.Offset
	if _, err := b.happen("", 0, op); err != nil {
		r.hub.options.Logger.Error("room cannot be joined", "contact", r.id, "error", err)
		t.turnAway(closeOverloaded)
		return
	}
	// The connection is a member from here on, as far as this batch decides; it learns so after the commit.
	r.members[you] = c
	c.id = you
	b.people = true
	welcome := pagesync.Welcome{
		You: you, How: how, Secret: secret, Last: s.People[you].Last, Epoch: s.Epoch, Offset: s.Offset, Room: r.id,
	}
	b.told = append(b.told, telling{to: c, frame: text(welcome.Frame())})
	if missed, ok := t.missed(r, b, before); ok && how == pagesync.HowResumed {
		for _, frame := range missed {
			b.told = append(b.told, telling{to: c, frame: frame})
		}
	} else {
		b.told = append(b.told, telling{to: c, frame: text(s.SnapshotFrame(you))})
	}
	b.after = append(b.after, func(err error) {
		if err == nil {
			c.room = r
		}
		t.done <- nil
	})
}

// ofSite says whether the page that a customer joins from is of the site where the contact began.
func (t *joinTask) ofSite(s *pagesync.State) bool {
	site, ok := t.conn.hub.options.Site(s.Site)
	return !ok || site.HasOrigin(t.conn.origin)
}

// replaces names the participant who is forgotten when the room remembers too many: the one who has been away longest.
func (t *joinTask) replaces(r *room) string {
	if len(r.state.People) < pagesync.MaxParticipants {
		return ""
	}
	oldest := ""
	for id, p := range r.state.People {
		if r.members[id] == nil && (oldest == "" || p.Seen < r.state.People[oldest].Seen) {
			oldest = id
		}
	}
	return oldest
}

// missed returns the frames between the position that a client kept and the one before it joined; false when only a
// snapshot will do.
func (t *joinTask) missed(r *room, b *batch, before uint64) ([][]byte, bool) {
	s, from := r.state, t.resume.Offset
	if t.resume.Epoch != s.Epoch || from > before {
		return nil, false
	}
	entries := append(append([]pagesync.Entry(nil), r.recent...), b.entries...)
	if len(entries) == 0 || entries[0].Offset > from+1 {
		return nil, false
	}
	sees := s.SeesPage(s.RoleOf(t.conn.id))
	var frames [][]byte
	for _, e := range entries {
		if e.Offset <= from || e.Offset > before {
			continue
		}
		if pagesync.ChangesSight(e.Op) {
			return nil, false
		}
		audience := pagesync.AudienceOf(e.Op)
		if audience == pagesync.Nobody || audience == pagesync.WhoSeesPage && !sees {
			continue
		}
		payload, err := pagesync.OpFrame(e)
		if err != nil {
			return nil, false
		}
		frames = append(frames, text(payload))
	}
	return frames, true
}

// hash is what is stored of a resume secret.
func hash(secret string) string {
	if secret == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:16])
}
