package phones

import (
	"bytes"
	"math"
	"testing"
)

func TestG711KeepsEverySampleWithinItsStep(t *testing.T) {
	for _, payload := range []uint8{payloadULaw, payloadALaw} {
		for s := -32768; s <= 32767; s++ {
			got := int(decode(payload, encode(payload, int16(s))))
			// The steps grow with the magnitude: at most 1/16 of it, and 1/4 of the first segment's end near nothing.
			if limit := max(64, abs(s)/16); abs(got-s) > limit {
				t.Fatalf("payload type %d: %d became %d", payload, s, got)
			}
		}
		for b := range 256 {
			if again := encode(payload, decode(payload, byte(b))); decode(payload, again) != decode(payload, byte(b)) {
				t.Errorf("payload type %d: byte %#x became %#x", payload, b, again)
			}
		}
	}
	// Reference values of G.711: silence, and the greatest magnitudes.
	for _, c := range []struct {
		payload uint8
		sample  int16
		want    byte
	}{{payloadULaw, 0, 0xff}, {payloadULaw, 32767, 0x80}, {payloadULaw, -32768, 0x00}, {payloadALaw, 0, 0xd5}, {payloadALaw, 32767, 0xaa}, {payloadALaw, -32768, 0x2a}} {
		if got := encode(c.payload, c.sample); got != c.want {
			t.Errorf("payload type %d: %d became %#x, want %#x", c.payload, c.sample, got, c.want)
		}
	}
}

func abs(n int) int { return max(n, -n) }

func TestShareFindsATone(t *testing.T) {
	samples := make([]int16, window)
	for _, payload := range []uint8{payloadULaw, payloadALaw} {
		tone(samples, 440, 12345)
		for i, s := range samples {
			samples[i] = decode(payload, encode(payload, s))
		}
		if got := Share(samples, 440); got < 0.98 {
			t.Errorf("the tone's share is %g", got)
		}
		for _, hz := range []float64{350, 425, 480, 660} {
			if got := Share(samples, hz); got > 0.02 {
				t.Errorf("%g Hz has a share of %g", hz, got)
			}
		}
	}
	both, other := make([]int16, window), make([]int16, window)
	tone(both, 440, 0)
	tone(other, 660, 0)
	for i := range both {
		both[i] = both[i]/2 + other[i]/2
	}
	if got := Share(both, 660); math.Abs(got-0.5) > 0.02 {
		t.Errorf("one of two tones has a share of %g", got)
	}
	tone(samples, 0, 0)
	if got := Share(samples, 440); got != 0 {
		t.Errorf("silence has a share of %g", got)
	}
}

func TestWAVIsWhatItSays(t *testing.T) {
	var file bytes.Buffer
	if err := WriteWAV(&file, []int16{1, -2}); err != nil {
		t.Fatal(err)
	}
	want := "RIFF\x28\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x04\x00\x00\x00\x01\x00\xfe\xff"
	if file.String() != want {
		t.Errorf("got %q", file.String())
	}
}

func TestSDP(t *testing.T) {
	d, err := parseSDP([]byte("v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 111 8 0 96\r\na=rtpmap:96 telephone-event/8000\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if d.remote.String() != "127.0.0.1:4000" || d.payload != payloadALaw || d.dtmf != 96 {
		t.Errorf("got %+v", d)
	}
	for _, bad := range []string{"", "m=audio 4000 RTP/AVP 111\r\nc=IN IP4 127.0.0.1\r\n", "m=audio 0 RTP/AVP 0\r\nc=IN IP4 127.0.0.1\r\n", "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 x\r\n"} {
		if got, err := parseSDP([]byte(bad)); err == nil {
			t.Errorf("%q became %+v", bad, got)
		}
	}
}

func FuzzSDP(f *testing.F) {
	f.Add([]byte("v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 8 0 96\r\na=rtpmap:96 telephone-event/8000\r\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if d, err := parseSDP(body); err == nil && (!d.remote.IsValid() || d.remote.Port() == 0) {
			t.Errorf("%q became %+v", body, d)
		}
	})
}
