package config

import "log/slog"

// Secret is a value that is never printed: not by fmt, not in a log, not as JSON or text.
type Secret string

const redacted = "(redacted)"

// Reveal gives the value to who must use it.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

func (s Secret) GoString() string             { return s.String() }
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(s.String()) }
