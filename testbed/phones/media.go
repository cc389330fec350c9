package phones

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/rtp"
)

const (
	// frame is 20 ms of samples, one RTP packet.
	frame = sampleRate / 50
	// kept is how much of what was heard is kept: the newest ten minutes.
	kept = 10 * 60 * sampleRate
	// window is the piece in which a tone is looked for, 200 ms.
	window = sampleRate / 5
)

// media is the sound of one call. Its two goroutines begin with start and end with close.
type media struct {
	conn    *net.UDPConn
	onSound func()
	onKey   func(string)

	mu      sync.Mutex
	peer    description
	hz      float64
	keys    []byte // keys to be sent
	heard   []int16
	changed chan struct{}
	running bool

	stop    chan struct{}
	stopped sync.WaitGroup
	once    sync.Once
}

func newMedia(hz float64, onSound func(), onKey func(string)) (*media, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("phones: media: %w", err)
	}
	return &media{conn: conn, hz: hz, onSound: onSound, onKey: onKey, changed: make(chan struct{}), stop: make(chan struct{})}, nil
}

func (m *media) local() netip.AddrPort { return m.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// start begins to send and receive, or turns to another peer.
func (m *media) start(peer description) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.peer = peer
	if m.running {
		return
	}
	select {
	case <-m.stop:
		return
	default:
	}
	m.running = true
	m.stopped.Go(m.send)
	m.stopped.Go(m.receive)
}

// close ends both goroutines and waits for them.
func (m *media) close() {
	m.once.Do(func() {
		m.mu.Lock()
		close(m.stop)
		m.mu.Unlock()
		m.conn.Close()
	})
	m.stopped.Wait()
}

func (m *media) send() {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	packet := rtp.Packet{Header: rtp.Header{Version: 2, SSRC: rand.Uint32(), SequenceNumber: uint16(rand.Uint32()), Timestamp: rand.Uint32(), Marker: true}}
	samples, count := make([]int16, frame), uint64(0)
	var key keyPress
	for {
		select {
		case <-m.stop:
			return
		case <-ticker.C:
		}
		m.mu.Lock()
		peer, hz := m.peer, m.hz
		if !key.active() && len(m.keys) > 0 && peer.dtmf != 0 {
			key = keyPress{key: m.keys[0], frames: keyFrames, began: packet.Timestamp}
			m.keys = m.keys[1:]
		}
		m.mu.Unlock()
		if key.active() {
			m.sendKey(&packet, &key, peer)
		} else {
			tone(samples, hz, count)
			packet.PayloadType = peer.payload
			packet.Payload = packet.Payload[:0]
			for _, s := range samples {
				packet.Payload = append(packet.Payload, encode(peer.payload, s))
			}
			m.write(&packet, peer)
		}
		packet.Timestamp += frame
		count += frame
	}
}

func (m *media) write(packet *rtp.Packet, peer description) {
	raw, err := packet.Marshal()
	if err == nil {
		// A peer that has gone answers with ICMP, which the next write reports; the signalling tells of its end.
		_, _ = m.conn.WriteToUDPAddrPort(raw, peer.remote)
	}
	packet.SequenceNumber++
	packet.Marker = false
}

// keyFrames is how long a key is pressed: 100 ms, as ARI's default.
const keyFrames = 5

// keyPress is a key being sent (RFC 4733).
type keyPress struct {
	key    byte
	frames int // still to come
	began  uint32
}

func (k *keyPress) active() bool { return k.frames > 0 }

// keyNames are the events of RFC 4733 by their number.
const keyNames = "0123456789*#ABCD"

func (m *media) sendKey(packet *rtp.Packet, k *keyPress, peer description) {
	saved := packet.Timestamp
	packet.Timestamp = k.began
	packet.PayloadType = peer.dtmf
	packet.Marker = k.frames == keyFrames
	k.frames--
	payload := [4]byte{0, 10}
	for i := range keyNames {
		if keyNames[i] == k.key {
			payload[0] = byte(i)
		}
	}
	binary.BigEndian.PutUint16(payload[2:], uint16((keyFrames-k.frames)*frame))
	repeat := 1
	if k.frames == 0 {
		// The end is sent three times, because a lost one would leave the key pressed.
		payload[1] |= 0x80
		repeat = 3
	}
	for range repeat {
		packet.Payload = append(packet.Payload[:0], payload[:]...)
		m.write(packet, peer)
	}
	packet.Timestamp = saved
}

func (m *media) receive() {
	buffer := make([]byte, 2048)
	var packet rtp.Packet
	first, lastKey := true, uint32(0)
	for {
		n, err := m.conn.Read(buffer)
		if err != nil {
			select {
			case <-m.stop:
				return
			default:
				continue // an ICMP of a peer that is not there yet
			}
		}
		packet = rtp.Packet{}
		if packet.Unmarshal(buffer[:n]) != nil {
			continue // RTCP, or nothing of ours
		}
		switch {
		case packet.PayloadType == payloadDTMF && len(packet.Payload) >= 4:
			ended, number := packet.Payload[1]&0x80 != 0, int(packet.Payload[0])
			if ended && packet.Timestamp != lastKey && number < len(keyNames) {
				lastKey = packet.Timestamp
				m.onKey(keyNames[number : number+1])
			}
		case packet.PayloadType == payloadULaw || packet.PayloadType == payloadALaw:
			if first {
				first = false
				m.onSound()
			}
			m.keep(packet.PayloadType, packet.Payload)
		}
	}
}

func (m *media) keep(payload uint8, sound []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range sound {
		m.heard = append(m.heard, decode(payload, b))
	}
	if len(m.heard) > 2*kept {
		m.heard = append([]int16(nil), m.heard[len(m.heard)-kept:]...)
	}
	close(m.changed)
	m.changed = make(chan struct{})
}

// await waits until the newest sounds are as wanted.
func (m *media) await(ctx context.Context, ended <-chan struct{}, wanted func(newest []int16) bool) error {
	from := 0
	m.mu.Lock()
	// What was heard before does not count, or an old tone would be taken for a new one.
	from = len(m.heard)
	m.mu.Unlock()
	for {
		m.mu.Lock()
		changed := m.changed
		from = min(from, len(m.heard))
		newest := m.heard[from:]
		enough := len(newest) >= window
		found := enough && wanted(newest[len(newest)-window:])
		m.mu.Unlock()
		if found {
			return nil
		}
		select {
		case <-changed:
		case <-ended:
			return fmt.Errorf("the call ended")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
