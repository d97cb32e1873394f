package sim

import "github.com/krako-labs/krako/coordinator/verify"

// spotCheck releases every result at once, has the trusted zone check some, and
// casts out who is caught; what a caught machine did is done again there.
type spotCheck struct {
	pool
	world *world
	// unchecked are, by machine, its released results; wrong those among them.
	unchecked map[int32]uint64
	wrong     map[int32]uint64
	checks    map[uint64]checked
}

type checked struct {
	by    int32
	right bool
}

func newSpotCheck(w *world) judge {
	return &spotCheck{world: w, unchecked: map[int32]uint64{}, wrong: map[int32]uint64{}, checks: map[uint64]checked{}}
}

func (s *spotCheck) may(uint64, int32) bool { return true }
func (s *spotCheck) assigned(uint64, int32) {}
func (s *spotCheck) equivocated(n int32)    { s.catch(n) }
func (s *spotCheck) submitted(unit uint64)  { s.world.enqueue(unit) }

func (s *spotCheck) committed(unit uint64, n int32, d verify.Digest) {
	if s.world.machines[n].out {
		s.world.enqueue(unit)
		return
	}
	s.world.release(unit, d)
	if s.world.chance(s.world.spec.Policy.Rate) {
		s.checks[unit] = checked{n, right(d)}
		s.world.recompute(unit)
		return
	}
	s.unchecked[n]++
	if !right(d) {
		s.wrong[n]++
	}
}

func (s *spotCheck) recomputed(unit uint64) {
	c := s.checks[unit]
	delete(s.checks, unit)
	if !c.right {
		s.catch(c.by)
	}
}

func (s *spotCheck) catch(n int32) {
	s.world.expel(n)
	s.world.out.executions += s.unchecked[n]
	s.world.out.trusted += s.unchecked[n]
	delete(s.unchecked, n)
	delete(s.wrong, n)
}

func (s *spotCheck) lasting() uint64 {
	n := uint64(0)
	for _, wrong := range s.wrong {
		n += wrong
	}
	return n
}
