package rewrite

import "math/bits"

// assignments are the sets of locals assigned in each open block, as bits.
type assignments struct {
	words int // for each block
	bits  []uint64
}

// reset begins a function, whose body is the first block.
func (a *assignments) reset(locals int) {
	a.words = (locals + 63) / 64
	a.bits = a.bits[:0]
	a.open()
}

func (a *assignments) open() {
	for range a.words {
		a.bits = append(a.bits, 0)
	}
}

func (a *assignments) assign(local uint64) {
	a.bits[len(a.bits)-a.words+int(local/64)] |= 1 << (local % 64)
}

// close closes the last block, not the first, and returns how many locals have
// been assigned in it. They count as assigned in the block around it.
func (a *assignments) close() int {
	split := len(a.bits) - a.words
	inner, outer := a.bits[split:], a.bits[split-a.words:split]
	n := 0
	for i, w := range inner {
		n += bits.OnesCount64(w)
		outer[i] |= w
	}
	a.bits = a.bits[:split]
	return n
}

// merge notes the values that differ by the way a block was reached: its end
// or, of a loop, its beginning. To an SSA compiler each is one more value; with
// the fuel there is always one.
func (s *scanner) merge(b openBlock, assigned int) {
	s.f.merges += 1 + b.arity + assigned
}
