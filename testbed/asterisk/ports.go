package asterisk

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

const (
	// Ports are taken in pieces of this size from a range below the one from which Linux takes ports by itself (32768 and
	// up), so that no outgoing connection of anybody sits on one of them.
	portPiece     = 100
	portRangeFrom = 12000
	portRangeTo   = 32700
	// portsBeforeRTP are the piece's first ports: the reservation, HTTP, HTTPS, SIP, SIP over TLS.
	portsBeforeRTP = 10
)

// block is a row of ports. It is reserved among all instances on this machine by listening on the first TCP port of each of
// its pieces, for as long as the instance lives.
type block struct {
	first    int
	reserved []net.Listener
}

// allocate reserves a row of ports that is free for TCP and UDP.
func allocate(count int) (*block, error) {
	pieces := (count + portPiece - 1) / portPiece
	starts := (portRangeTo-portRangeFrom)/portPiece - pieces
	if starts < 1 {
		return nil, fmt.Errorf("asterisk: %d ports are more than there are", count)
	}
	begin := rand.IntN(starts)
	for i := range starts {
		b := &block{first: portRangeFrom + (begin+i)%starts*portPiece}
		if b.reserve(pieces) == nil && b.free(count) == nil {
			return b, nil
		}
		b.release()
	}
	return nil, errors.New("asterisk: found no free ports")
}

func (b *block) reserve(pieces int) error {
	for i := range pieces {
		listener, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", b.first+i*portPiece))
		if err != nil {
			return err
		}
		b.reserved = append(b.reserved, listener)
	}
	return nil
}

// free tells whether nobody else, who knows nothing of reservations, sits on one of the ports.
func (b *block) free(count int) error {
	for port := b.first + 1; port < b.first+count; port++ {
		address := fmt.Sprintf("127.0.0.1:%d", port)
		packets, err := net.ListenPacket("udp4", address)
		if err != nil {
			return err
		}
		packets.Close()
		if port >= b.first+portsBeforeRTP {
			continue
		}
		listener, err := net.Listen("tcp4", address)
		if err != nil {
			return err
		}
		listener.Close()
	}
	return nil
}

func (b *block) release() {
	for _, listener := range b.reserved {
		listener.Close()
	}
	b.reserved = nil
}
