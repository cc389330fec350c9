package engine

import "time"

// clock gives the time of steps: UTC without monotonic reading, never decreasing. When the machine's clock is set back,
// time goes on at the monotonic pace from where it was, so that deadlines are still met. It belongs to the owner.
type clock struct {
	last time.Time // what was given last
	read time.Time // the machine's reading then
}

func (c *clock) now() time.Time {
	read := time.Now()
	at := read.Round(0).UTC()
	if at.Before(c.last) {
		at = c.last
		if !c.read.IsZero() {
			at = at.Add(max(0, read.Sub(c.read)))
		}
	}
	c.last, c.read = at, read
	return at
}

// notBefore keeps the clock from going behind a recovered state.
func (c *clock) notBefore(at time.Time) {
	if at.After(c.last) {
		c.last, c.read = at, time.Now()
	}
}
