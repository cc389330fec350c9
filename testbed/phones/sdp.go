package phones

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// describe makes the SDP of a telephone that receives at an address.
func describe(at netip.AddrPort, version int) []byte {
	return fmt.Appendf(nil, "v=0\r\no=- 1 %d IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %d RTP/AVP 0 8 101\r\n"+
		"a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"+
		"a=ptime:20\r\na=sendrecv\r\n", version, at.Addr(), at.Addr(), at.Port())
}

// description is what we need of the other side's SDP.
type description struct {
	remote  netip.AddrPort
	payload uint8
	// dtmf is the payload type of RFC 4733 events, 0 if there is none.
	dtmf uint8
}

// parseSDP reads the first audio stream.
func parseSDP(body []byte) (description, error) {
	var d description
	var address string
	port, codec := 0, -1
	for line := range strings.Lines(string(body)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "c=IN IP4 "):
			address = strings.Fields(line)[2]
		case strings.HasPrefix(line, "m=audio ") && port == 0:
			fields := strings.Fields(line)
			if len(fields) < 4 {
				return d, fmt.Errorf("phones: SDP: %q", line)
			}
			port, _ = strconv.Atoi(fields[1])
			for _, field := range fields[3:] {
				if n, err := strconv.Atoi(field); err == nil && codec < 0 && (n == int(payloadULaw) || n == int(payloadALaw)) {
					codec = n
				}
			}
		case strings.HasPrefix(line, "a=rtpmap:") && strings.Contains(line, "telephone-event/8000"):
			number, _, _ := strings.Cut(strings.TrimPrefix(line, "a=rtpmap:"), " ")
			n, err := strconv.ParseUint(number, 10, 7)
			if err != nil {
				return d, fmt.Errorf("phones: SDP: %q", line)
			}
			d.dtmf = uint8(n)
		}
	}
	if codec < 0 {
		return d, fmt.Errorf("phones: SDP offers no G.711: %q", body)
	}
	ip, err := netip.ParseAddr(address)
	if err != nil || port <= 0 || port > 65535 {
		return d, fmt.Errorf("phones: SDP has no address for audio: %q", body)
	}
	d.remote, d.payload = netip.AddrPortFrom(ip, uint16(port)), uint8(codec)
	return d, nil
}
