package sandbox

import (
	"math"
	"time"

	"github.com/krako-labs/krako/contracts"
)

const (
	// A guest gets fuel in slices: every slice ends in the host, which is when
	// deadlines are seen and Go's collector gets its turn. 2 million is about 0.3
	// ms of arithmetic but 40 ms of loads that all miss the caches, so slices are
	// made to last sliceTime. Those below 100,000 begin to cost time. Their sizes
	// show in no result.
	firstSlice    = 200_000
	smallestSlice = 20_000
	largestSlice  = 2_000_000
	sliceTime     = time.Millisecond / 2
	// endlessSlice is for guests that run to their end: no machine works that long.
	endlessSlice = 1 << 62
	// initFuel bounds initialisation, which no job pays for: about 0.1 s.
	initFuel = 1_000_000_000
	// hostCallFuel is charged for every host call: 44 ns measured, at 6 to 16
	// units of fuel per ns.
	hostCallFuel = 400
	// partFuel is charged for every part of a call that comes in parts: an
	// iovec, a subscription, a directory entry.
	partFuel = 100
)

// fuel is a guest's account. The guest itself counts down what it was granted;
// the host holds the rest of the budget back.
type fuel struct {
	counter counter // what is left of all grants; below zero when overdrawn
	budget  int64
	granted int64
	slice   int64
	since   time.Time // of the last grant; zero before the second
}

// counter is the guest's global of fuel left.
type counter interface {
	Get() uint64
	Set(uint64)
}

// begin opens an account, of which slice is granted at once.
func (f *fuel) begin(budget uint64, slice int64) {
	f.budget = int64(min(budget, math.MaxInt64))
	f.slice, f.since = slice, time.Time{}
	f.granted = min(f.budget, f.slice)
	f.counter.Set(uint64(f.granted))
}

// pace sets the size of the next slice by how long the last one took.
func (f *fuel) pace(took time.Duration) {
	switch {
	case took > sliceTime:
		f.slice = max(smallestSlice, int64(float64(f.slice)*float64(sliceTime)/float64(took)))
	case took < sliceTime/2:
		f.slice = min(largestSlice, 2*f.slice)
	}
}

func (f *fuel) left() int64 { return int64(f.counter.Get()) }

// used is what was charged so far. It may exceed the budget by what was charged
// since the last check.
func (f *fuel) used() int64 { return f.granted - f.left() }

func (f *fuel) exhausted() bool { return f.used() > f.budget }

// refill grants more to a guest that has left, a number below zero. It returns
// what is left then, or false if the budget does not cover the debt.
func (f *fuel) refill(left int64) (int64, bool) {
	grant := min(f.budget-f.granted, f.slice-left)
	if left+grant < 0 {
		return 0, false
	}
	f.granted += grant
	return left + grant, true
}

// spend charges the guest for what the host does on its behalf, before it is
// done. It does not return when the budget is exhausted.
func (x *execution) spend(n uint64) {
	left := x.fuel.left() - int64(n)
	if left < 0 {
		left = x.refill(left)
	}
	x.fuel.counter.Set(uint64(left))
}

// spendBytes charges for moving n bytes between guest and host: what copying
// them inside the guest costs.
func (x *execution) spendBytes(n int) { x.spend(uint64(n) / 8) }

func (x *execution) refill(left int64) int64 {
	if f := &x.fuel; !f.since.IsZero() {
		f.pace(time.Since(f.since))
	}
	x.turn()
	left, ok := x.fuel.refill(left)
	if !ok {
		x.end(contracts.CodeOutOfFuel, "")
	}
	x.fuel.since = time.Now()
	return left
}

// turn lets the host do what it must between two pieces of work. It does not
// return when the caller's context has ended.
func (x *execution) turn() {
	if x.yield != nil {
		x.yield(x.ctx)
	}
	if over(x.ctx) {
		x.interrupt()
	}
}

// piece is how many bytes a host call moves at a time: some tenths of a
// millisecond, page faults included. A call may be asked for half a GiB.
const piece = 1 << 20

// eachPiece calls fn for the pieces of n bytes, with a turn of the host between
// them. All of it has been charged.
func (x *execution) eachPiece(n int, fn func(from, to int)) {
	for from := 0; from < n; from += piece {
		if from > 0 {
			x.turn()
		}
		fn(from, min(n, from+piece))
	}
}

// copy copies src to the beginning of dst, as much as fits.
func (x *execution) copy(dst, src []byte) int {
	n := min(len(dst), len(src))
	x.eachPiece(n, func(from, to int) { copy(dst[from:to], src[from:to]) })
	return n
}
