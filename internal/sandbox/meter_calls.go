package sandbox

import (
	"fmt"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// meterCalls are what the rewriter makes a module import. Guests cannot import
// them themselves, and they are not charged for.
var meterCalls = map[string]hostCall{
	rewrite.YieldImport: {signature{"I", "I"}, yield},
	rewrite.TrapImport:  {signature{"i", ""}, meterTrap},
}

// yield(left) is called when fuel is below zero and returns what is left after
// a further grant.
func yield(x *execution, _ memory, p []uint64) {
	p[0] = uint64(x.refill(int64(p[0])))
}

// meterTrap(code) ends a guest that met a limit of its own making.
func meterTrap(x *execution, _ memory, p []uint64) {
	switch code := int32(p[0]); code {
	case rewrite.TrapStackOverflow:
		x.end(contracts.CodeStackOverflow, "")
	case rewrite.TrapOutOfFuel:
		x.end(contracts.CodeOutOfFuel, "")
	case rewrite.TrapNoCode: // no stop of the guest's: its code is not there
		panic(errNoCode)
	default:
		panic(fmt.Sprintf("rewriter called trap with unknown code %d", code))
	}
}
