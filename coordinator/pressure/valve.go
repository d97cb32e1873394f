package pressure

import (
	"time"

	"github.com/krako-labs/krako/contracts"
)

// Mode says how much is let in.
type Mode string

// The modes, in the order of pressure.
const (
	Open      Mode = "OPEN"
	Throttled Mode = "THROTTLED"
	Critical  Mode = "CRITICAL"
)

// Pressures at which a mode is entered and left again. The gap and the rest keep a
// coordinator at the edge from flapping.
const (
	throttleAt, throttleUntil = 0.70, 0.60
	criticalAt, criticalUntil = 0.90, 0.80
	rest                      = 5 * time.Second
)

// AskAgain is when to ask again for what does not fit at all.
const AskAgain = 3 * rest

// Valve decides about graphs by the pressure: what waits, as a share of what may
// wait. The zero Valve is open.
type Valve struct {
	mode Mode
	// easedAt is since when the pressure would allow for an easier mode.
	easedAt time.Time
}

// Mode returns the present mode.
func (v *Valve) Mode() Mode {
	if v.mode == "" {
		return Open
	}
	return v.mode
}

// Observe takes the pressure and reports whether the mode has changed. Pressure
// that rises counts at once; for an easier mode it must have been low for a while.
func (v *Valve) Observe(now time.Time, pressure float64) (changed bool) {
	mode := v.Mode()
	switch {
	case pressure >= criticalAt && mode != Critical:
		return v.set(Critical)
	case pressure >= throttleAt && mode == Open:
		return v.set(Throttled)
	}
	easier := Open
	if mode == Critical {
		easier = Throttled
	}
	if mode == Critical && pressure >= criticalUntil || mode == Throttled && pressure >= throttleUntil || mode == Open {
		v.easedAt = time.Time{}
		return false
	}
	if v.easedAt.IsZero() {
		v.easedAt = now
	}
	return now.Sub(v.easedAt) >= rest && v.set(easier)
}

func (v *Valve) set(m Mode) bool {
	v.mode, v.easedAt = m, time.Time{}
	return true
}

// Admits reports whether a graph whose most urgent unit has the given priority is
// let in, and if not, when to ask again.
func (v *Valve) Admits(p contracts.Priority) (ok bool, after time.Duration) {
	return Admits(v.Mode(), p)
}

// Admits is Valve.Admits for a mode.
func Admits(m Mode, p contracts.Priority) (ok bool, after time.Duration) {
	switch m {
	case Critical:
		return p == contracts.P0, AskAgain
	case Throttled:
		return p != contracts.P3, rest
	}
	return true, 0
}
