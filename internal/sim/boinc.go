package sim

import "github.com/krako-labs/krako/coordinator/verify"

// boinc is BOINC's adaptive replication: a host with at least ten valid results
// in a row computes alone, but with chance 1/CV is still replicated; CV counts
// only where results were compared (BOINC sched_send.cpp and validator.cpp, as
// described in its documentation). Left out: daily quotas and application
// versions.
type boinc struct {
	ballot
	valid []uint64        // CV by machine
	alone map[uint64]bool // units whose only host was believed
}

// consecutiveValid is CONS_VALID_UNREPLICATED.
const consecutiveValid = 10

func newBOINC(w *world) judge {
	return &boinc{ballot: ballot{world: w, need: 2, issue: 1}, alone: map[uint64]bool{}}
}

func (b *boinc) join(op verify.Operator) verify.Node {
	b.valid = append(b.valid, 0)
	return b.ballot.join(op)
}

// assigned decides whether a fresh unit's host computes alone.
func (b *boinc) assigned(unit uint64, n int32) {
	v := b.open[unit]
	if v == nil || len(v.by) > 0 || v.out > 1 {
		return
	}
	if cv := b.valid[n]; cv >= consecutiveValid && !b.world.chance(1/float64(cv)) {
		b.alone[unit] = true
		return
	}
	v.out++
	b.world.enqueue(unit)
}

func (b *boinc) committed(unit uint64, n int32, d verify.Digest) {
	if b.alone[unit] {
		delete(b.alone, unit)
		b.decide(unit, d)
		return
	}
	v := b.open[unit]
	if v == nil {
		return
	}
	b.ballot.committed(unit, n, d)
	if b.open[unit] != nil {
		return
	}
	for i, m := range v.by {
		if v.found[i] == d {
			b.valid[m]++
		} else {
			b.valid[m] = 0
		}
	}
}
