package sandbox

import (
	"math"

	"github.com/krako-labs/krako/contracts"
)

const (
	// fuelSlice is how much a guest gets at a time: every slice ends in the
	// host, which is when deadlines are seen and Go's collector gets its turn.
	// 2 million is about 0.3 ms; slices below 100,000 begin to cost time. The
	// size shows in no result.
	fuelSlice = 2_000_000
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
}

// counter is the guest's global of fuel left.
type counter interface {
	Get() uint64
	Set(uint64)
}

// begin opens an account.
func (f *fuel) begin(budget uint64) {
	f.budget = int64(min(budget, math.MaxInt64))
	f.granted = min(f.budget, fuelSlice)
	f.counter.Set(uint64(f.granted))
}

func (f *fuel) left() int64 { return int64(f.counter.Get()) }

// used is what was charged so far. It may exceed the budget by what was charged
// since the last check.
func (f *fuel) used() int64 { return f.granted - f.left() }

func (f *fuel) exhausted() bool { return f.used() > f.budget }

// refill grants more to a guest that has left, a number below zero. It returns
// what is left then, or false if the budget does not cover the debt.
func (f *fuel) refill(left int64) (int64, bool) {
	grant := min(f.budget-f.granted, fuelSlice-left)
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
	if x.yield != nil {
		x.yield(x.ctx)
	}
	if over(x.ctx) {
		x.interrupt()
	}
	left, ok := x.fuel.refill(left)
	if !ok {
		x.end(contracts.CodeOutOfFuel, "")
	}
	return left
}
