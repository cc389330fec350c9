package wsroom

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

func validEnd(s string) bool {
	r, size := utf8.DecodeLastRuneInString(s)
	return r != utf8.RuneError || size > 1
}

// headerRoom is left in front of a payload for its frame header, when the payload is below 64 KiB.
const headerRoom = 4

// frame puts a header (RFC 6455 §5.2, server to client: not masked) in front of a payload, which begins at headerRoom
// of buffer.
func frame(buffer []byte) []byte {
	n := len(buffer) - headerRoom
	switch {
	case n < 126:
		buffer[2], buffer[3] = 0x80|websocket.TextMessage, byte(n)
		return buffer[2:]
	case n < 1<<16:
		buffer[0], buffer[1] = 0x80|websocket.TextMessage, 126
		binary.BigEndian.PutUint16(buffer[2:], uint16(n))
		return buffer
	}
	long := make([]byte, 10, 10+n)
	long[0], long[1] = 0x80|websocket.TextMessage, 127
	binary.BigEndian.PutUint64(long[2:], uint64(n))
	return append(long, buffer[headerRoom:]...)
}

// text makes a frame of a payload.
func text(payload []byte) []byte {
	buffer := make([]byte, headerRoom, headerRoom+len(payload))
	return frame(append(buffer, payload...))
}

// control makes a control frame; its payload has at most 125 bytes.
func control(opcode int, payload []byte) []byte {
	return append([]byte{0x80 | byte(opcode), byte(len(payload))}, payload...)
}
