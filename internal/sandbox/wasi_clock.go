package sandbox

import "time"

// clock is how far the guest's time is ahead of the fuel it used, in
// nanoseconds: what it slept and what initialisation took. Time is counted from
// the profile's epoch and passes by one nanosecond for every unit of fuel.
type clock struct{ ahead uint64 }

const (
	// clockEpoch is what the wall clock shows when a module starts:
	// 2026-01-01T00:00:00Z, in nanoseconds since 1970.
	clockEpoch = 1767225600 * uint64(time.Second)
	// monotonicBase keeps the monotonic clock off zero, which Go takes for a
	// clock that does not work.
	monotonicBase = uint64(time.Second)
	// clockEnd stops time, and so sleepers, before any sum can overflow: the
	// year 2172.
	clockEnd = 1 << 62
)

// WASI clock ids. Only these two exist: processor time would measure the host.
const (
	clockRealtime  = 0
	clockMonotonic = 1
)

// now is the time since the epoch, in nanoseconds.
func (x *execution) now() uint64 {
	return min(x.clock.ahead+uint64(x.fuel.used()), clockEnd)
}

// sleepUntil moves time forward.
func (x *execution) sleepUntil(wake uint64) {
	if now := x.now(); wake > now {
		x.clock.ahead += min(wake, clockEnd) - now
	}
}

// clockBase is what the clock with a WASI id shows at the epoch.
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
	return m.putU64(p[1], 1)
}

// clockTimeGet(id, precision, time)
func clockTimeGet(x *execution, m memory, p []uint64) errno {
	base, ok := clockBase(p[0])
	if !ok {
		return errnoInval
	}
	return m.putU64(p[2], base+x.now())
}
