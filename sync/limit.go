package pagesync

// Limits of a room. What is larger is refused, never cut.
const (
	// MaxFrame is the longest frame that a client may send, in bytes.
	MaxFrame = 16 << 10
	// MaxDepth of nested objects and arrays in a frame.
	MaxDepth = 4
	// MaxURL, MaxField, MaxValue in bytes; MaxText in characters.
	MaxURL   = 2048
	MaxField = 200
	MaxValue = 4096
	MaxText  = 2000
	// MaxFields and MaxFieldBytes bound what a page's fields may hold together.
	MaxFields     = 500
	MaxFieldBytes = 64 << 10
	// ChatKept lines, of ChatBytes together, are in a snapshot: the newest.
	ChatKept  = 200
	ChatBytes = 64 << 10
	// MaxParticipants are remembered in a room; MaxConnected of them may be connected.
	MaxParticipants = 64
	MaxConnected    = 16
	// maxPosition bounds pointer and scroll positions, in CSS pixels.
	maxPosition = 10_000_000
)
