package acd

// settings of a queue; those of one that is gone from the configuration are zero.
func (s *State) settings(id QueueID) Queue {
	if q := s.queue(id); q != nil {
		return *q
	}
	return Queue{ID: id}
}

// configurationApplied takes a configuration that differs. Agents who are gone from it finish what they do; contacts
// whose queue is gone end, unless they talk.
func (s *State) configurationApplied(in ConfigurationApplied) {
	if in.Config.Digest == s.d.Config.Digest && in.Config.Digest != "" {
		return
	}
	s.emit(ConfigurationAdopted(in))
	s.held(s.drain)
}

// drain lets go of what the configuration no longer has.
func (s *State) drain() {
	for _, a := range s.agentsInOrder() {
		if a.conf == nil && a.Contact == "" {
			s.emit(AgentMoved{Agent: a.ID, State: LoggedOut, Reason: ReasonRemoved})
		}
	}
	for _, c := range s.contactsByAge() {
		if s.queue(c.Queue) != nil {
			continue
		}
		switch c.State {
		case Waiting, Paused:
			s.end(c, QueueUnknown)
		case Offered:
			s.gone(c, QueueUnknown)
		}
	}
}
