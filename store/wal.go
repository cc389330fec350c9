package store

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
)

// The write-ahead log is a file of fixed size, filled with zeros when it is made, so that writing it again changes no
// metadata and a commit is one write and one fdatasync. After a head, which names the installation, come two areas of
// frames; while one is written, what is in the other is moved into the database. A frame is one commit: a checksum over
// all that follows, the payload's length, the generation, the first entry's number, the number of entries, and the
// entries, each behind its length. It begins at a multiple of walAlign, so that no write touches a sector of an older
// frame.
//
// An area is written again from its begin with another generation: a random number, so that frames of an older one are
// never taken for the newer's.
const (
	walSize  = walHead + 2<<20
	walHead  = 4096
	walAlign = 512
	walFrame = 4 + 4 + 8 + 8 + 4 // before the payload
)

var walMagic = []byte("contactd wal 1\n")

// wal is the open log; it belongs to whoever holds the journal's lock.
type wal struct {
	file       *os.File
	area       int64 // bytes of one area
	active     int64 // 0 or 1
	offset     int64 // in the active area
	generation uint64
	buffer     []byte
}

// openWAL opens or makes the log of an installation, and returns the entries that it holds from number next on: those
// that were committed and are not in the database. Nothing is written to a log that exists.
func openWAL(path, installation string, next uint64, readOnly bool) (*wal, [][]byte, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if readOnly {
			return nil, nil, nil
		}
		content = make([]byte, walSize)
		copy(content, walName(installation))
		err = writeFile(path, func(f *os.File) error {
			_, err := f.Write(content)
			return err
		})
	}
	if err != nil {
		return nil, nil, err
	}
	if name := walName(installation); len(content) <= walHead || !bytes.HasPrefix(content, name) {
		return nil, nil, fmt.Errorf("%w: %s is not the log of this database: put the right one back, or remove it when the database was restored from a backup or begun anew", ErrCorrupt, path)
	}
	entries, err := recoverWAL(content[walHead:], next)
	if err != nil {
		return nil, nil, fmt.Errorf("%s %w: put the database back that belongs to it, or remove it when the database was restored from a backup", path, err)
	}
	if readOnly {
		return nil, entries, nil
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	w := &wal{file: file, area: areaSize(int64(len(content)) - walHead)}
	w.begin(0)
	return w, entries, nil
}

// areaSize is the size of each of two areas in so many bytes.
func areaSize(frames int64) int64 { return frames / 2 / walAlign * walAlign }

// recoverWAL returns the entries from number next on that the two areas hold.
func recoverWAL(frames []byte, next uint64) ([][]byte, error) {
	half := areaSize(int64(len(frames)))
	first, older := scanWAL(frames[:half])
	second, newer := scanWAL(frames[half : 2*half])
	if second < first {
		first, older, second, newer = second, newer, first, older
	}
	var entries [][]byte
	for _, part := range []struct {
		first   uint64
		entries [][]byte
	}{{first, older}, {second, newer}} {
		end := next + uint64(len(entries))
		if len(part.entries) == 0 {
			continue
		}
		if part.first > end {
			return nil, fmt.Errorf("goes on at journal entry %d, the database ends at %d: %w", part.first, end-1, ErrCorrupt)
		}
		entries = append(entries, part.entries[min(end-part.first, uint64(len(part.entries))):]...)
	}
	return entries, nil
}

func walName(installation string) []byte { return append(bytes.Clone(walMagic), installation+"\n"...) }

// begin lets an area be written from its begin.
func (w *wal) begin(area int64) {
	var random [8]byte
	rand.Read(random[:])
	w.active, w.offset, w.generation = area, 0, binary.BigEndian.Uint64(random[:])
}

// fits says whether a frame with a payload of so many bytes has room in the rest of the active area, and fitsEmpty,
// whether it has in an empty one.
func (w *wal) fits(payload int) bool      { return w.offset+align(walFrame+payload) <= w.area }
func (w *wal) fitsEmpty(payload int) bool { return align(walFrame+payload) <= w.area }

// append writes the entries as one frame; they are on the disk when it returns.
func (w *wal) append(first uint64, entries [][]byte) error {
	w.buffer = appendFrame(w.buffer[:0], w.generation, first, entries)
	if _, err := w.file.WriteAt(w.buffer, walHead+w.active*w.area+w.offset); err != nil {
		return err
	}
	if err := datasync(w.file); err != nil {
		return err
	}
	w.offset += int64(len(w.buffer))
	return nil
}

// appendFrame appends a frame, padded to its alignment.
func appendFrame(dst []byte, generation, first uint64, entries [][]byte) []byte {
	begin := len(dst)
	dst = append(dst, make([]byte, walFrame)...)
	for _, entry := range entries {
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(entry)))
		dst = append(dst, entry...)
	}
	frame := dst[begin:]
	binary.BigEndian.PutUint32(frame[4:], uint32(len(frame)-walFrame))
	binary.BigEndian.PutUint64(frame[8:], generation)
	binary.BigEndian.PutUint64(frame[16:], first)
	binary.BigEndian.PutUint32(frame[24:], uint32(len(entries)))
	binary.BigEndian.PutUint32(frame, crc32.Checksum(frame[4:], castagnoli))
	return append(dst, make([]byte, align(len(frame))-int64(len(frame)))...)
}

func align(n int) int64 { return int64(n+walAlign-1) / walAlign * walAlign }

// scanWAL returns the entries of the frames that belong together, and the number of the first. It ends where a frame is
// torn, of another generation, or does not follow.
func scanWAL(frames []byte) (first uint64, entries [][]byte) {
	var generation uint64
	for len(frames) >= walFrame {
		length := int(binary.BigEndian.Uint32(frames[4:]))
		if length > len(frames)-walFrame {
			break
		}
		frame := frames[:walFrame+length]
		if crc32.Checksum(frame[4:], castagnoli) != binary.BigEndian.Uint32(frame) {
			break
		}
		of, number := binary.BigEndian.Uint64(frame[8:]), binary.BigEndian.Uint64(frame[16:])
		if entries == nil {
			generation, first = of, number
		}
		if of != generation || number != first+uint64(len(entries)) {
			break
		}
		more, ok := frameEntries(frame[walFrame:], binary.BigEndian.Uint32(frame[24:]))
		if !ok {
			break
		}
		entries = append(entries, more...)
		frames = frames[min(int(align(len(frame))), len(frames)):]
	}
	return first, entries
}

func frameEntries(payload []byte, count uint32) ([][]byte, bool) {
	var entries [][]byte
	for range count {
		if len(payload) < 4 {
			return nil, false
		}
		length := int(binary.BigEndian.Uint32(payload))
		if payload = payload[4:]; length > len(payload) {
			return nil, false
		}
		entries = append(entries, bytes.Clone(payload[:length]))
		payload = payload[length:]
	}
	return entries, len(payload) == 0 && count > 0
}
