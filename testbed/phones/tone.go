package phones

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

const (
	// sampleRate is G.711's.
	sampleRate = 8000
	// toneLevel is the amplitude of the tone that a telephone sends, a quarter of the greatest.
	toneLevel = 8192
	// audible is the least effective value of a sound: above the noise of the codec, far below the tone.
	audible = 200
)

// Share returns which part of the samples' energy is at the frequency: 1 for a pure tone, about 0 for silence and for other
// tones. It is Goertzel's algorithm.
func Share(samples []int16, hz float64) float64 {
	energy := 0.0
	for _, s := range samples {
		energy += float64(s) * float64(s)
	}
	if len(samples) == 0 || energy < audible*audible*float64(len(samples)) {
		return 0
	}
	coefficient := 2 * math.Cos(2*math.Pi*hz/sampleRate)
	var one, two float64
	for _, s := range samples {
		one, two = float64(s)+coefficient*one-two, one
	}
	power := one*one + two*two - coefficient*one*two
	return min(1, 2*power/(float64(len(samples))*energy))
}

// tone fills samples with a sine; from is the number of its first sample.
func tone(samples []int16, hz float64, from uint64) {
	for i := range samples {
		samples[i] = 0
		if hz > 0 {
			samples[i] = int16(toneLevel * math.Sin(2*math.Pi*hz*float64(from+uint64(i))/sampleRate))
		}
	}
}

// WriteWAV writes samples as a WAV file.
func WriteWAV(w io.Writer, samples []int16) error {
	size := uint32(2 * len(samples))
	header := []any{
		[]byte("RIFF"), 36 + size, []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1), uint32(sampleRate),
		uint32(2 * sampleRate), uint16(2), uint16(16), []byte("data"), size, samples,
	}
	for _, part := range header {
		if err := binary.Write(w, binary.LittleEndian, part); err != nil {
			return fmt.Errorf("phones: write WAV: %w", err)
		}
	}
	return nil
}
