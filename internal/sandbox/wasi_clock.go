package sandbox

import "time"

// clock is the guest's time in nanoseconds since the profile's epoch. It moves
// only by what the guest does: reading it and sleeping.
type clock struct{ now uint64 }

const (
	// clockEpoch is what the wall clock shows when a module starts:
	// 2026-01-01T00:00:00Z, in nanoseconds since 1970.
	clockEpoch = 1767225600 * uint64(time.Second)
	// monotonicBase keeps the monotonic clock off zero, which Go takes for a
	// clock that does not work.
	monotonicBase = uint64(time.Second)
	// clockStep passes with every reading.
	clockStep = uint64(time.Microsecond)
	// clockEnd stops time, and so sleepers, before any sum can overflow: the
	// year 2172.
	clockEnd = 1 << 62
)

// WASI clock ids. Only these two exist: processor time would measure the host.
const (
	clockRealtime  = 0
	clockMonotonic = 1
)

func (c *clock) advance(d uint64) { c.now = min(c.now+min(d, clockEnd), clockEnd) }

// base is what the clock with a WASI id shows at the epoch.
func clockBase(id uint64) (base uint64, ok bool) {
	switch uint32(id) {
	case clockRealtime:
		return clockEpoch, true
	case clockMonotonic:
		return monotonicBase, true
	}
	return 0, false
}

// clockResGet(id, resolution)
func clockResGet(_ *execution, m memory, p []uint64) errno {
	if _, ok := clockBase(p[0]); !ok {
		return errnoInval
	}
	return m.putU64(p[1], clockStep)
}

// clockTimeGet(id, precision, time)
func clockTimeGet(x *execution, m memory, p []uint64) errno {
	base, ok := clockBase(p[0])
	if !ok {
		return errnoInval
	}
	x.clock.advance(clockStep)
	return m.putU64(p[2], base+x.clock.now)
}
