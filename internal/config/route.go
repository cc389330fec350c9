package config

import (
	"slices"
	"strings"
)

// Way is how a call to a number leaves a queue's PBX.
type Way struct {
	// Trunks in the order in which they are tried.
	Trunks   []string
	CallerID string
}

// Way finds the trunks of the queue's PBX for a number in E.164 (with +). The longest prefix wins; among equal
// prefixes the route that names the queue. False when no route leads there.
func (c *Config) Way(queue, e164 string) (Way, bool) {
	pbx := c.Queues[queue].PBX
	var best *Route
	var trunks []string
	for i := range c.Routes {
		r := &c.Routes[i]
		if !strings.HasPrefix(e164, r.Prefix) || len(r.Queues) > 0 && !slices.Contains(r.Queues, queue) {
			continue
		}
		if best != nil && (len(best.Prefix) > len(r.Prefix) || len(best.Prefix) == len(r.Prefix) && len(best.Queues) >= len(r.Queues)) {
			continue
		}
		here := slices.DeleteFunc(slices.Clone(r.Trunks), func(t string) bool { return c.Trunks[t].PBX != pbx })
		if len(here) > 0 {
			best, trunks = r, here
		}
	}
	if best == nil {
		return Way{}, false
	}
	return Way{Trunks: trunks, CallerID: best.CallerID}, true
}

// Dial is the dial string of a trunk for a number in E.164. Only digits of the number get into it.
func (c *Config) Dial(trunk, e164 string) (string, bool) {
	t, ok := c.Trunks[trunk]
	if !ok {
		return "", false
	}
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, e164)
	if digits == "" {
		return "", false
	}
	return strings.ReplaceAll(t.Dial, "{e164}", digits), true
}
