package pagesync

// FleetingKind of an ephemeral frame. The newest of a person and kind is the only one that matters.
type FleetingKind uint8

const (
	Pointer FleetingKind = iota
	Scroll
	Typing
	fleetingKinds
)

// FleetingKinds is the number of kinds.
const FleetingKinds = int(fleetingKinds)

var fleetingNames = [fleetingKinds]string{"pointer", "scroll", "typing"}

// AppendFleeting checks an ephemeral frame and appends it as others get it, with its sender. ok is false when the
// frame is no ephemeral one in every detail; it then goes to [DecodeFrame], which knows why.
//
// It is written by hand because it runs for every movement of every pointer: it reads the few flat forms of the
// protocol, in any order of members, and copies the numbers as they are.
func AppendFleeting(dst []byte, from string, data []byte) (out []byte, kind FleetingKind, ok bool) {
	s := scanner{data: data}
	var number [4][]byte // x, y, w, h
	var gone, on, hasOn, named bool
	if !s.take('{') {
		return dst, 0, false
	}
	for first := true; ; first = false {
		if s.take('}') {
			break
		}
		if !first && !s.take(',') {
			return dst, 0, false
		}
		name, fine := s.word()
		if !fine || !s.take(':') {
			return dst, 0, false
		}
		switch string(name) {
		case "t":
			value, fine := s.word()
			if !fine || named {
				return dst, 0, false
			}
			for i, known := range fleetingNames {
				if known == string(value) {
					kind, named = FleetingKind(i), true
				}
			}
		case "x":
			number[0], fine = s.number()
		case "y":
			number[1], fine = s.number()
		case "w":
			number[2], fine = s.number()
		case "h":
			number[3], fine = s.number()
		case "gone":
			gone, fine = s.boolean()
		case "on":
			on, fine = s.boolean()
			hasOn = true
		default:
			return dst, 0, false
		}
		if !fine {
			return dst, 0, false
		}
	}
	if !named || !s.ended() {
		return dst, 0, false
	}
	out = append(dst, `{"t":"`...)
	out = append(out, fleetingNames[kind]...)
	out = append(out, `","from":"`...)
	out = append(out, from...)
	switch {
	case kind == Typing && hasOn && on:
		return append(out, `","on":true}`...), kind, true
	case kind == Typing && hasOn:
		return append(out, `","on":false}`...), kind, true
	case kind == Pointer && gone:
		return append(out, `","gone":true}`...), kind, true
	case kind == Typing:
		return dst, 0, false
	}
	out = append(out, '"')
	for i, name := range [4]byte{'x', 'y', 'w', 'h'} {
		if number[i] == nil {
			return dst, 0, false
		}
		out = append(out, ',', '"', name, '"', ':')
		out = append(out, number[i]...)
	}
	return append(out, '}'), kind, true
}

// scanner reads the little of JSON (RFC 8259) that ephemeral frames use.
type scanner struct {
	data []byte
	at   int
}

func (s *scanner) space() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

func (s *scanner) take(c byte) bool {
	s.space()
	if s.at < len(s.data) && s.data[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) ended() bool {
	s.space()
	return s.at == len(s.data)
}

// word reads a string of lower-case letters.
func (s *scanner) word() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	from := s.at
	for s.at < len(s.data) && s.data[s.at] >= 'a' && s.data[s.at] <= 'z' {
		s.at++
	}
	word := s.data[from:s.at]
	if s.at == len(s.data) || s.data[s.at] != '"' {
		return nil, false
	}
	s.at++
	return word, true
}

func (s *scanner) boolean() (value, ok bool) {
	s.space()
	for _, literal := range [2]string{"true", "false"} {
		if end := s.at + len(literal); end <= len(s.data) && string(s.data[s.at:end]) == literal {
			s.at = end
			return literal == "true", true
		}
	}
	return false, false
}

// number reads a number without exponent and within bounds; nil is none.
func (s *scanner) number() ([]byte, bool) {
	s.space()
	from := s.at
	if s.at < len(s.data) && s.data[s.at] == '-' {
		s.at++
	}
	whole := s.at
	value := 0
	for s.at < len(s.data) && s.data[s.at] >= '0' && s.data[s.at] <= '9' && s.at-whole < 9 {
		value = value*10 + int(s.data[s.at]-'0')
		s.at++
	}
	digits := s.at - whole
	if digits == 0 || digits > 1 && s.data[whole] == '0' || value > maxPosition {
		return nil, false
	}
	if s.at < len(s.data) && s.data[s.at] == '.' {
		s.at++
		fraction := s.at
		for s.at < len(s.data) && s.data[s.at] >= '0' && s.data[s.at] <= '9' && s.at-fraction < 20 {
			s.at++
		}
		if s.at == fraction {
			return nil, false
		}
	}
	return s.data[from:s.at], true
}
