package engine

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"time"

	"contactd/acd"
)

// Difference is a journal entry whose input would now be decided otherwise.
type Difference struct {
	Seq   uint64
	At    time.Time
	Input acd.Input
	// Was is what the journal holds, Now what these rules decide.
	Was, Now []acd.Fact
}

// Replay decides the journal's inputs from number from on again, and calls report for each entry whose facts come out
// otherwise. Before from, and after a difference, it follows the journal's facts. It returns the number of entries that
// were decided. Within one [acd.RulesVersion] there is no difference.
func Replay(ctx context.Context, journal Journal, snapshots Snapshots, from uint64, report func(Difference)) (int, error) {
	was, err := load(snapshots, max(from, 1), slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, fmt.Errorf("engine: replay: %w", err)
	}
	now, err := duplicate(was.state)
	if err != nil {
		return 0, err
	}
	decided := 0
	err = journal.ReadJournal(ctx, was.seq+1, func(seq uint64, raw []byte) error {
		entry, err := acd.DecodeEntry(raw)
		if err != nil {
			return fmt.Errorf("journal entry %d: %w", seq, err)
		}
		was.state.Recover(entry)
		if seq < from {
			now.Recover(entry)
			return nil
		}
		decided++
		facts, _ := now.Step(entry.At, entry.Input)
		again, err := acd.AppendEntry(nil, entry.At, entry.Input, facts)
		if err != nil {
			return err
		}
		before, err := acd.AppendEntry(nil, entry.At, entry.Input, entry.Facts)
		if err != nil {
			return err
		}
		if bytes.Equal(again, before) {
			return nil
		}
		report(Difference{Seq: seq, At: entry.At, Input: entry.Input, Was: entry.Facts, Now: facts})
		now, err = duplicate(was.state)
		return err
	})
	if err != nil {
		return decided, fmt.Errorf("engine: replay: %w", err)
	}
	return decided, nil
}

func duplicate(state *acd.State) (*acd.State, error) {
	raw, err := state.Snapshot()
	if err != nil {
		return nil, fmt.Errorf("engine: replay: %w", err)
	}
	again, err := acd.Restore(raw)
	if err != nil {
		return nil, fmt.Errorf("engine: replay: %w", err)
	}
	return again, nil
}
