package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"contactd/acd/engine"
	"contactd/internal/config"
	"contactd/store"
)

// Reload puts a new configuration in force: queues, skills, agents, routes, numbers, sites, reasons. It returns the keys
// that differ and take effect at the next start only; until then their present values hold.
func (d *Daemon) Reload(c *config.Config) (later []string, err error) {
	now, merged := d.config(), *c
	for _, part := range []struct {
		key     string
		is, was any
		keep    func()
	}{
		{"data_dir", c.DataDir, now.DataDir, func() { merged.DataDir = now.DataDir }},
		{"log", c.Log, now.Log, func() { merged.Log = now.Log }},
		{"listen", c.Listen, now.Listen, func() { merged.Listen = now.Listen }},
		{"tokens", c.Tokens, now.Tokens, func() { merged.Tokens = now.Tokens }},
		{"pbxs", c.PBXs, now.PBXs, func() { merged.PBXs = now.PBXs }},
	} {
		if !reflect.DeepEqual(part.is, part.was) {
			later = append(later, part.key)
			part.keep()
		}
	}
	if err := merged.Validate(); err != nil {
		return nil, fmt.Errorf("app: together with %v, which need a restart: %w", later, err)
	}
	s, err := newSettings(&merged)
	if err != nil {
		return nil, err
	}
	d.settings.Store(&s)
	core := merged.Core()
	for {
		select {
		case d.reloads <- core:
			return later, nil
		case <-d.reloads: // One that is still waiting is outdated.
		}
	}
}

// Replay decides the journal of a data folder again; see [engine.Replay].
func Replay(ctx context.Context, c *config.Config, from uint64, report func(engine.Difference)) (int, error) {
	path := filepath.Join(c.DataDir, databaseFile)
	if _, err := os.Stat(path); err != nil {
		return 0, fmt.Errorf("there is no database of contactd in %s (data_dir): %w", c.DataDir, err)
	}
	opened, err := store.Open(path, store.Options{ReadOnly: true})
	if err != nil {
		return 0, err
	}
	if first, _, err := opened.JournalRange(); err == nil && from < first {
		from = first
	}
	decided, err := engine.Replay(ctx, opened, opened, from, report)
	return decided, errors.Join(err, opened.Close())
}
