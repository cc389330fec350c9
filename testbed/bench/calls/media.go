package main

import (
	"bytes"
	"encoding/binary"
	"net"
	"time"
)

// voice is the byte that fills an agent's audio: no hold music is that constant, so that its first packet is known.
const voice = 0x2a

// media is one RTP socket.
type media struct{ conn *net.UDPConn }

func newMedia() (*media, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	return &media{conn: conn}, nil
}

func (m *media) port() int { return m.conn.LocalAddr().(*net.UDPAddr).Port }

// hear calls first with the time of the first packet of an agent's voice.
func (m *media) hear(first func(at time.Time)) {
	var packet [2048]byte
	speech := bytes.Repeat([]byte{voice}, 40)
	for {
		n, err := m.conn.Read(packet[:])
		if err != nil {
			return
		}
		if n >= 52 && bytes.Equal(packet[12:52], speech) {
			first(time.Now())
			return
		}
	}
}

// speak sends the voice until the caller has heard it or the talk is over: each millisecond for the first 100, so that
// the moment at which a path opens is known to a millisecond, then each 20. The rest of the talk is silent on both sides,
// so that the load is calls and not media.
func (m *media) speak(to *net.UDPAddr, heard, over <-chan struct{}) {
	packet := make([]byte, 12+160)
	packet[0], packet[1] = 0x80, 8 // version 2, PCMA (RFC 3551)
	binary.BigEndian.PutUint32(packet[8:], uint32(m.port()))
	for i := 12; i < len(packet); i++ {
		packet[i] = voice
	}
	every := time.NewTicker(time.Millisecond)
	defer every.Stop()
	for n := uint32(0); ; n++ {
		if n == 100 {
			every.Reset(20 * time.Millisecond)
		}
		binary.BigEndian.PutUint16(packet[2:], uint16(n))
		binary.BigEndian.PutUint32(packet[4:], n*160)
		if _, err := m.conn.WriteToUDP(packet, to); err != nil {
			return
		}
		select {
		case <-over:
			return
		case <-heard:
			return
		case <-every.C:
		}
	}
}
