package node

import (
	"math"
	"time"
)

const (
	// aheadOf is how much queued work keeps the slots busy while a grant travels
	// to the coordinator and units travel back.
	aheadOf = 50 * time.Millisecond
	// maxWindow bounds the units that a fast worker can lose at once.
	maxWindow = 1024
	// recency is the weight of the newest duration in the moving average: the
	// last dozen units make nine tenths of it.
	recency = 1.0 / 6
)

// pace derives how many units a worker should have in hand from how long its
// units take. It reads no clock.
type pace struct {
	slots int
	mean  float64 // seconds a unit; 0 before the first
}

// observe counts the run time of one unit.
func (p *pace) observe(d time.Duration) {
	// A unit shorter than the clock's step still took some time.
	seconds := max(d, time.Microsecond).Seconds()
	if p.mean == 0 {
		p.mean = seconds
		return
	}
	p.mean += recency * (seconds - p.mean)
}

// window returns how many units should be in hand or on their way: enough to
// keep every slot busy for aheadOf, at least one more than there are slots, so
// that no slot waits for the network, and at most maxWindow.
func (p *pace) window() int {
	least := p.slots + 1
	if p.mean == 0 {
		return least
	}
	wanted := math.Ceil(float64(p.slots) * aheadOf.Seconds() / p.mean)
	return int(min(max(wanted, float64(least)), maxWindow))
}

// batchTime is how much work a slot takes at a time: short enough that nobody
// waits for the results, long enough that handing it over costs little.
const batchTime = 2 * time.Millisecond

// batch returns how many units a slot may take at a time: one until it is known
// how long they take.
func (p *pace) batch() int {
	if p.mean == 0 {
		return 1
	}
	return int(max(1, min(batchTime.Seconds()/p.mean, maxWindow)))
}

// grant returns how much credit to give when outstanding units are in hand or
// granted: what is missing of the window, once that is a quarter of it, so that
// fast units do not cost a message each. A worker with nothing at all always
// asks.
func grant(window, outstanding int) int {
	missing := window - outstanding
	if missing <= 0 || outstanding > 0 && missing < window/4 {
		return 0
	}
	return missing
}
