package engine

import (
	"context"
	"fmt"
	"log/slog"

	"contactd/acd"
)

// recovered is a state as the disk has it, and the number of the last entry in it.
type recovered struct {
	state *acd.State
	seq   uint64
}

// load restores the newest snapshot before entry number before that can be read.
func load(snapshots Snapshots, before uint64, log *slog.Logger) (recovered, error) {
	for {
		seq, raw, err := snapshots.SnapshotBefore(before)
		if err != nil {
			return recovered{}, err
		}
		if seq == 0 {
			return recovered{state: acd.New()}, nil
		}
		state, err := acd.Restore(raw)
		if err == nil {
			return recovered{state: state, seq: seq}, nil
		}
		log.Error("snapshot cannot be read, taking the one before", "seq", seq, "err", err)
		before = seq
	}
}

// apply applies the facts of one journal entry.
func (r *recovered) apply(seq uint64, raw []byte) error {
	entry, err := acd.DecodeEntry(raw)
	if err != nil {
		return fmt.Errorf("journal entry %d: %w", seq, err)
	}
	r.state.Recover(entry)
	r.seq = seq
	return nil
}

// recover brings the state to where the journal ends, and a follower with it.
func (e *Engine) recover(ctx context.Context) error {
	from, err := load(e.options.Snapshots, ^uint64(0), e.log)
	if err != nil {
		return err
	}
	snapshot := from.seq
	if err := e.options.Journal.ReadJournal(ctx, from.seq+1, from.apply); err != nil {
		return err
	}
	if err := from.state.Check(); err != nil {
		e.log.Error("invariants are broken after recovery", "seq", from.seq, "err", err)
	}
	raw, err := from.state.Snapshot()
	if err != nil {
		return err
	}
	follower, err := acd.Restore(raw)
	if err != nil {
		return fmt.Errorf("make the follower: %w", err)
	}
	e.state = from.state
	e.clock.notBefore(from.state.Now())
	e.lastCheck = e.clock.now()
	e.follower = newFollower(e, recovered{state: follower, seq: from.seq})
	e.lastView = from.state.View(nil)
	e.log.Info("recovered", "snapshot", snapshot, "entries", from.seq-snapshot, "contacts", len(e.lastView.Contacts))
	return nil
}

// start opens the boot, applies the configuration, and looks at the commands that were left without an outcome: an
// originate is never made again, its outcome is unknown; the others are executed once more.
func (e *Engine) start(ctx context.Context) error {
	left := e.state.Outbox()
	b := &batch{}
	at := e.clock.now()
	inputs := []acd.Input{
		acd.Started{Installation: e.options.Installation, Boot: e.options.Boot},
		acd.ConfigurationApplied{Config: e.options.Config},
	}
	for _, command := range left {
		if _, originate := command.Do.(acd.OriginateLeg); originate {
			e.log.Warn("outcome of originate is unknown after the restart", "contact", command.Contact, "command", command.ID)
			inputs = append(inputs, acd.CommandSettled{Command: command.ID, Outcome: acd.Unknown, Detail: "restart"})
			continue
		}
		b.again = append(b.again, command)
	}
	for _, in := range inputs {
		if err := e.decide(b, at, in); err != nil {
			return err
		}
	}
	if len(b.entries) == 0 {
		return fmt.Errorf("the boot %d of %q changed nothing: the state cannot be owned", e.options.Boot, e.options.Installation)
	}
	return e.hand(ctx, b)
}
