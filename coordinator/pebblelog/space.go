package pebblelog

import (
	"math"
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
	free    atomic.Uint64
}

// purpose is what room is wanted for.
type purpose int

// What belongs to work that was begun may use half of the reserve; new work leaves
// all of it.
const (
	toFinish purpose = iota
	toBegin
)

// measure looks at the disk. A file system that cannot tell has room.
func (s *space) measure() {
	if s.reserve == 0 {
		return
	}
	free := uint64(math.MaxUint64)
	if usage, err := s.fs.GetDiskUsage(s.dir); err == nil {
		free = usage.AvailBytes
	}
	s.free.Store(free)
}

// check is RESOURCE_EXHAUSTED while the disk is nearly full. It looks again
// before it refuses: room may have been made since.
func (s *space) check(p purpose) error {
	need := s.reserve
	if p == toFinish {
		need /= 2
	}
	if s.free.Load() >= need {
		return nil
	}
	if s.measure(); s.free.Load() >= need {
		return nil
	}
	return contracts.Errorf(contracts.CodeResourceExhausted, s.dir,
		"less than %d bytes are free on the disk", need)
}
