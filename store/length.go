package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// bbolt's meta page (internal/common/meta.go): a page header, then magic, version, page size and flags (4 bytes each),
// root, sequence, freelist, number of pages, transaction and checksum (8 bytes each), in the machine's byte order.
const (
	metaHeader   = 16
	metaSize     = 64
	metaChecked  = 56
	metaMagic    = 0xED0CDAED
	maxPageBytes = 1 << 16
)

// checkLength refuses a database file that is shorter than it says, as a partial copy or a full disk leaves it. bbolt
// maps the file, and running off its end would kill the process with a signal instead of an error. A file that is
// missing or empty passes: it is new.
func checkLength(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return nil // bbolt says what is wrong with it
	}
	defer f.Close()
	pageSize, _, _, err := readMeta(f, 0)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		pageSize = int64(os.Getpagesize()) // the first meta page is torn, the second decides
	}
	var transaction, pages uint64
	for i := range int64(2) {
		if _, n, txid, err := readMeta(f, i*pageSize); err == nil && txid >= transaction {
			transaction, pages = txid, n
		}
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	switch {
	case pages == 0:
		return fmt.Errorf("%w: this is no database of contactd, or it is cut off; restore a backup", ErrCorrupt)
	case uint64(info.Size()) < pages*uint64(pageSize):
		return fmt.Errorf("%w: the file is cut off: it has %d of %d bytes; restore a backup", ErrCorrupt, info.Size(), pages*uint64(pageSize))
	}
	return nil
}

func readMeta(r io.ReaderAt, at int64) (pageSize int64, pages, transaction uint64, err error) {
	page := make([]byte, metaHeader+metaSize)
	if n, err := r.ReadAt(page, at); n == 0 && at == 0 && errors.Is(err, io.EOF) {
		return 0, 0, 0, io.EOF
	} else if n < len(page) {
		return 0, 0, 0, ErrCorrupt
	}
	meta, order := page[metaHeader:], binary.NativeEndian
	sum := fnv.New64a()
	sum.Write(meta[:metaChecked])
	pageSize = int64(order.Uint32(meta[8:]))
	if order.Uint32(meta) != metaMagic || order.Uint64(meta[metaChecked:]) != sum.Sum64() || pageSize < 512 || pageSize > maxPageBytes {
		return 0, 0, 0, ErrCorrupt
	}
	return pageSize, order.Uint64(meta[40:]), order.Uint64(meta[48:]), nil
}
