package phones

// The two codecs of G.711, by their RTP payload types (RFC 3551).
const (
	payloadULaw uint8 = 0
	payloadALaw uint8 = 8
	// payloadDTMF is the dynamic type that our SDP gives to RFC 4733 events.
	payloadDTMF uint8 = 101
)

// encode and decode translate between 16-bit samples and the codec of the payload type.
func encode(payload uint8, sample int16) byte {
	if payload == payloadALaw {
		return encodeALaw(sample)
	}
	return encodeULaw(sample)
}

func decode(payload uint8, b byte) int16 {
	if payload == payloadALaw {
		return decodeALaw(b)
	}
	return decodeULaw(b)
}

// encodeULaw follows G.711's µ-law: the 14-bit magnitude with a bias of 33, as segment and interval, all bits inverted.
func encodeULaw(sample int16) byte {
	const bias, clip = 0x84, 32635
	value, sign := int(sample), byte(0)
	if value < 0 {
		value, sign = -value, 0x80
	}
	value = min(value, clip) + bias
	segment := 7
	for mask := 0x4000; value&mask == 0 && segment > 0; mask >>= 1 {
		segment--
	}
	return ^(sign | byte(segment<<4) | byte(value>>(segment+3))&0x0f)
}

func decodeULaw(b byte) int16 {
	b = ^b
	value := ((int(b&0x0f)<<3)+0x84)<<(b>>4&7) - 0x84
	if b&0x80 != 0 {
		value = -value
	}
	return int16(value)
}

// encodeALaw follows G.711's A-law: segment and interval of the 13-bit magnitude, the even bits inverted.
func encodeALaw(sample int16) byte {
	value, sign := int(sample), byte(0x80)
	if value < 0 {
		value, sign = -value-1, 0
	}
	value >>= 3
	segment := 0
	for v := value >> 5; v != 0; v >>= 1 {
		segment++
	}
	interval := value >> 1
	if segment > 1 {
		interval = value >> segment
	}
	return (sign | byte(segment<<4) | byte(interval&0x0f)) ^ 0x55
}

func decodeALaw(b byte) int16 {
	b ^= 0x55
	value, segment := int(b&0x0f)<<4+8, b>>4&7
	if segment > 0 {
		value += 0x100
	}
	if segment > 1 {
		value <<= segment - 1
	}
	if b&0x80 == 0 {
		value = -value
	}
	return int16(value)
}
