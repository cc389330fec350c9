package wsroom

// closing says why a connection ends.
type closing struct {
	code int
	word string
	text string
}

// The close codes of docs/room-protocol.md.
var (
	closeRestarting = closing{1001, "restarting", "contactd is being restarted"}
	closeTooBig     = closing{1009, "too_big", "the frame is larger than 16 KiB"}
	closeMalformed  = closing{4000, "malformed", "the frame is not of this protocol"}
	closeToken      = closing{4001, "token", "the token is missing, invalid, expired or revoked"}
	closeHelloLate  = closing{4002, "hello_late", "no hello came"}
	closeForbidden  = closing{4003, "forbidden", "this person has no role in this room"}
	closeNoRoom     = closing{4004, "no_room", "there is no such room"}
	closeSlow       = closing{4008, "slow", "too much waits for this reader"}
	closeReplaced   = closing{4009, "replaced", "a newer connection took over"}
	closeClosed     = closing{4010, "closed", "the contact has ended"}
	closeOverloaded = closing{4013, "overloaded", "storage is stalled"}
	closeRate       = closing{4029, "rate", "too many frames"}
	closeFull       = closing{4030, "full", "too many connections are in the room"}
)

// because gives the reason in other words.
func (c closing) because(text string) closing {
	c.text = text
	return c
}

// reason as it is sent: a close frame holds at most 123 bytes of it (RFC 6455 §5.5).
func (c closing) reason() string {
	reason := c.word + ": " + c.text
	for len(reason) > 123 || len(reason) > 0 && !validEnd(reason) {
		reason = reason[:len(reason)-1]
	}
	return reason
}
