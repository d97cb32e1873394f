package pebblelog

import (
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/krako-labs/krako/contracts"
)

// space watches the free bytes of the disk, so that a filling disk refuses new
// work while the store can still finish and be read, and does not end it.
type space struct {
	fs      vfs.FS
	dir     string
	reserve uint64 // bytes; 0 does not watch
	low     atomic.Bool
}

// measure looks at the disk. A file system that cannot tell has room.
func (s *space) measure() {
	if s.reserve == 0 {
		return
	}
	usage, err := s.fs.GetDiskUsage(s.dir)
	s.low.Store(err == nil && usage.AvailBytes < s.reserve)
}

// check is RESOURCE_EXHAUSTED while the disk is nearly full. It looks again
// before it refuses: room may have been made since.
func (s *space) check() error {
	if !s.low.Load() {
		return nil
	}
	if s.measure(); !s.low.Load() {
		return nil
	}
	return contracts.Errorf(contracts.CodeResourceExhausted, s.dir,
		"less than %d bytes are free on the disk", s.reserve)
}
