package sandbox

import (
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

const pageSize = 64 << 10

// linearMemory backs one guest's memory and enforces the job's limit, which
// wazero does not know.
type linearMemory struct {
	*region
	size    int
	limit   int
	refused bool
}

func newLinearMemory(i *image, reservePages uint32, p pagemap) (*linearMemory, error) {
	reserve := int(reservePages) * pageSize
	r, err := newRegion(i, reserve, p)
	if err != nil {
		return nil, err
	}
	return &linearMemory{region: r, limit: reserve}, nil
}

// Allocate implements experimental.MemoryAllocator; a module has one memory.
func (m *linearMemory) Allocate(_, _ uint64) experimental.LinearMemory { return m }

// Reallocate implements experimental.LinearMemory. Beyond the limit it returns
// nil, which the guest sees as memory.grow giving -1.
func (m *linearMemory) Reallocate(size uint64) []byte {
	if size > uint64(m.limit) {
		m.refused = true
		return nil
	}
	m.size = int(size)
	return m.slice(m.size)
}

// Free implements experimental.LinearMemory.
func (m *linearMemory) Free() { m.free() }

// allow sets the limit for the next run.
func (m *linearMemory) allow(pages uint32) {
	m.limit, m.refused = int(pages)*pageSize, false
}

// reset brings the first pages back to what they were at the start.
func (m *linearMemory) reset(pages uint32) error { return m.region.reset(int(pages) * pageSize) }

func (m *linearMemory) bytes() []byte { return m.slice(m.size) }

func (m *linearMemory) pages() uint32 { return uint32(m.size / pageSize) }

// memory is the guest's memory as host calls see it: every access is checked
// against its present size. Pointers and lengths are the low 32 bits of a host
// call's parameter.
type memory struct{ api.Memory }

func (m memory) bytes(ptr, n uint64) ([]byte, bool) {
	return m.Read(uint32(ptr), uint32(n))
}

func (m memory) putU32(ptr uint64, v uint32) errno {
	if !m.WriteUint32Le(uint32(ptr), v) {
		return errnoFault
	}
	return errnoSuccess
}

func (m memory) putU64(ptr uint64, v uint64) errno {
	if !m.WriteUint64Le(uint32(ptr), v) {
		return errnoFault
	}
	return errnoSuccess
}

func (m memory) putBytes(ptr uint64, b []byte) errno {
	if !m.Write(uint32(ptr), b) {
		return errnoFault
	}
	return errnoSuccess
}
