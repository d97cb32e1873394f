package sim

import "github.com/krako-labs/krako/coordinator/verify"

// ballot releases a unit when need equal results have come in. It issues the
// given number of executions at once, and one more whenever those are not enough.
type ballot struct {
	pool
	world       *world
	need, issue int
	open        map[uint64]*votes
	bad         uint64
}

type votes struct {
	by    []int32
	found []verify.Digest
	out   int // executions that have not come back
}

func newVote(w *world) judge {
	b := &ballot{world: w, need: w.spec.Policy.K, issue: 1}
	if w.spec.Policy.Parallel {
		b.issue = b.need
	}
	return b
}

func (b *ballot) submitted(unit uint64) {
	if b.open == nil {
		b.open = map[uint64]*votes{}
	}
	b.open[unit] = &votes{out: b.issue}
	for range b.issue {
		b.world.enqueue(unit)
	}
}

func (b *ballot) may(unit uint64, n int32) bool {
	v := b.open[unit]
	if v == nil {
		return true
	}
	for _, m := range v.by {
		if b.world.machines[m].operator == b.world.machines[n].operator {
			return false
		}
	}
	return true
}

func (b *ballot) assigned(uint64, int32) {}
func (b *ballot) equivocated(int32)      {}
func (b *ballot) recomputed(uint64)      {}
func (b *ballot) lasting() uint64        { return b.bad }

func (b *ballot) committed(unit uint64, n int32, d verify.Digest) {
	v := b.open[unit]
	if v == nil {
		return // a straggler: the unit is decided
	}
	v.out--
	v.by, v.found = append(v.by, n), append(v.found, d)
	if b.count(v, d) >= b.need {
		b.decide(unit, d)
		return
	}
	if best := b.best(v); v.out < b.need-best && (v.out == 0 || b.issue > 1) {
		v.out++
		b.world.enqueue(unit)
	}
}

func (b *ballot) decide(unit uint64, d verify.Digest) {
	delete(b.open, unit)
	b.world.release(unit, d)
	if !right(d) {
		b.bad++
	}
}

func (b *ballot) count(v *votes, d verify.Digest) int {
	n := 0
	for _, x := range v.found {
		if x == d {
			n++
		}
	}
	return n
}

func (b *ballot) best(v *votes) int {
	n := 0
	for _, d := range v.found {
		n = max(n, b.count(v, d))
	}
	return n
}
