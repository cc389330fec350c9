package acd

import (
	"slices"
	"time"
)

// estimateFrom is how many talks a queue must have had before it says anything about a wait.
const estimateFrom = 3

// Reasons why an estimate is not known.
const (
	EstimateNoAgents  = "no_agents"
	EstimateNoHistory = "no_history"
	EstimateNoPBX     = "no_pbx"
)

// estimate of the wait at a place in line, counted from 1: with n agents at work and m the median handling time, the
// turn comes after about place × m / n. It is told as a range of half to one and a half times that, in whole seconds.
func (s *State) estimate(l *line, place int) Estimate {
	q := l.queue
	if !s.connected(q.PBX) {
		return Estimate{Reason: EstimateNoPBX}
	}
	have := l.staff()
	serving := have.ready + have.busy + have.wrapUp
	if serving == 0 {
		return Estimate{Reason: EstimateNoAgents}
	}
	if have.ready >= place {
		return Estimate{Known: true, High: q.RingTimeout}
	}
	handled := s.d.Handled[q.ID]
	if len(handled) < estimateFrom {
		return Estimate{Reason: EstimateNoHistory}
	}
	sorted := slices.Clone(handled)
	slices.Sort(sorted)
	median := sorted[len(sorted)/2]
	mean := median * time.Duration(place) / time.Duration(serving)
	return Estimate{Known: true, Low: (mean / 2).Truncate(time.Second), High: (mean * 3 / 2).Truncate(time.Second) + time.Second}
}
