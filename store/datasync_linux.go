package store

import (
	"os"
	"syscall"
)

// datasync is fsync without the metadata that reading does not need.
func datasync(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }
