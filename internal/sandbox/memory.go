package sandbox

import (
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

const pageSize = 64 << 10

// linearMemory backs one guest's memory and enforces the job's limit, which
// wazero does not know.
type linearMemory struct {
	buf     []byte
	limit   uint64
	refused bool
}

func newLinearMemory(limitPages uint32) *linearMemory {
	return &linearMemory{limit: uint64(limitPages) * pageSize}
}

// Allocate implements experimental.MemoryAllocator; a module has one memory.
func (m *linearMemory) Allocate(_, _ uint64) experimental.LinearMemory { return m }

// Reallocate implements experimental.LinearMemory. Beyond the limit it returns
// nil, which the guest sees as memory.grow giving -1.
func (m *linearMemory) Reallocate(size uint64) []byte {
	if size > m.limit {
		m.refused = true
		return nil
	}
	if size > uint64(cap(m.buf)) {
		grown := make([]byte, size, min(max(size, 2*uint64(cap(m.buf))), m.limit))
		copy(grown, m.buf)
		m.buf = grown
	}
	m.buf = m.buf[:size]
	return m.buf
}

// Free implements experimental.LinearMemory.
func (m *linearMemory) Free() { m.buf = nil }

func (m *linearMemory) pages() uint32 { return uint32(len(m.buf) / pageSize) }

// memory is the guest's memory as host calls see it: every access is checked
// against its present size. Pointers and lengths are the low 32 bits of a host
// call's parameter.
type memory struct{ api.Memory }

func (m memory) bytes(ptr, n uint64) ([]byte, bool) {
	return m.Read(uint32(ptr), uint32(n))
}

func (m memory) string(ptr, n uint64) (string, bool) {
	b, ok := m.bytes(ptr, n)
	return string(b), ok
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
