package dag

import (
	"github.com/krako-labs/krako/contracts"
)

// Run is the state of one execution of a plan. The zero value is not usable;
// make one with Start. It is a plain value of its inputs: the same calls in the
// same order give the same state.
type Run struct {
	plan   *Plan
	state  []phase
	ending []ending
	// waiting counts each unit's dependencies that are not final yet.
	waiting []int32
	open    int
	// broken is the unit whose failure ended the run under fail_fast, or -1.
	broken int
	// stopped is set once the whole run was cancelled or stopped from outside.
	stopped *Ending
}

// phase is a unit's state in one byte.
type phase uint8

const (
	queued phase = iota
	ready
	dispatched
	running
	success
	failed
	timeout
	cancelled
	skipped
)

var phaseNames = [...]contracts.UnitState{
	contracts.UnitQueued, contracts.UnitReady, contracts.UnitDispatched, contracts.UnitRunning, contracts.UnitSuccess,
	contracts.UnitFailed, contracts.UnitTimeout, contracts.UnitCancelled, contracts.UnitSkipped,
}

func (p phase) final() bool { return p >= success }

// Ending says how a unit, or a whole run, ended for good.
type Ending struct {
	State  contracts.UnitState
	Reason contracts.StopReason
	// Code is the error code of a failure, "" otherwise.
	Code contracts.Code
	// Facts is what Plan.Facts gave for a success that is watched.
	Facts []byte
}

type ending struct {
	reason contracts.StopReason
	code   contracts.Code
	facts  []byte
}

// Change is a step of one unit that followed from another: it became ready,
// was skipped, failed with dependency_failed, or was cancelled.
type Change struct {
	Unit   int
	State  contracts.UnitState
	Reason contracts.StopReason
}

// Start begins a run and returns it with the units that are ready at once.
func Start(p *Plan) (*Run, []Change) {
	n := p.Len()
	r := &Run{
		plan: p, state: make([]phase, n), ending: make([]ending, n),
		waiting: make([]int32, n), open: n, broken: -1,
	}
	var changes []Change
	for i := range p.units {
		if r.waiting[i] = int32(len(p.units[i].deps)); r.waiting[i] == 0 {
			r.state[i] = ready
			changes = append(changes, Change{Unit: i, State: contracts.UnitReady})
		}
	}
	return r, changes
}

// Plan returns the plan that runs.
func (r *Run) Plan() *Plan { return r.plan }

// State returns unit i's state.
func (r *Run) State(i int) contracts.UnitState { return phaseNames[r.state[i]] }

// Reason returns why unit i ended, and with which error code.
func (r *Run) Reason(i int) (contracts.StopReason, contracts.Code) {
	return r.ending[i].reason, r.ending[i].code
}

// Open returns how many units are not final.
func (r *Run) Open() int { return r.open }

// Over reports whether every unit is final.
func (r *Run) Over() bool { return r.open == 0 }

// Dispatched moves a ready unit to a place. It reports false, and changes
// nothing, when the unit is not ready.
func (r *Run) Dispatched(i int) bool { return r.step(i, dispatched, ready) }

// Running notes that a dispatched unit has begun.
func (r *Run) Running(i int) bool { return r.step(i, running, dispatched) }

// Return makes a dispatched or running unit ready again, after a lost lease or
// for a retry. An executor retries before it reports the end of a unit, so a
// final unit never returns.
func (r *Run) Return(i int) bool { return r.step(i, ready, dispatched, running) }

func (r *Run) step(i int, to phase, from ...phase) bool {
	for _, f := range from {
		if r.state[i] == f {
			r.state[i] = to
			return true
		}
	}
	return false
}

// End makes unit i final and returns what follows, in order of consequence. It
// reports false, and changes nothing, when the unit is queued or final, or when
// e.State is not final.
func (r *Run) End(i int, e Ending) ([]Change, bool) {
	if s := r.state[i]; s == queued || s.final() || !e.State.Final() {
		return nil, false
	}
	r.close(i, e)
	return r.consequences(i), true
}

// Stop ends the whole run from outside: every unit that is not final is
// cancelled with e.Reason, which is also the reason of the run.
func (r *Run) Stop(e Ending) []Change {
	if r.Over() {
		return nil
	}
	r.stopped = &e
	return r.cancelOpen(e.Reason)
}

func (r *Run) close(i int, e Ending) {
	r.state[i] = phaseOf(e.State)
	r.ending[i] = ending{e.Reason, e.Code, e.Facts}
	r.open--
}

func phaseOf(s contracts.UnitState) phase {
	for p, name := range phaseNames {
		if name == s {
			return phase(p)
		}
	}
	return failed
}

// consequences decides every unit whose last open dependency was first or
// another unit decided on the way.
func (r *Run) consequences(first int) []Change {
	var changes []Change
	for todo := []int32{int32(first)}; len(todo) > 0; todo = todo[1:] {
		i := int(todo[0])
		if r.breaks(i) {
			r.broken = i
			return append(changes, r.cancelOpen(contracts.StopCancelled)...)
		}
		for _, d := range r.plan.units[i].dependents {
			if r.waiting[d]--; r.waiting[d] > 0 || r.state[d] != queued {
				continue
			}
			c := r.decide(int(d))
			changes = append(changes, c)
			if c.State.Final() {
				todo = append(todo, d)
			}
		}
	}
	return changes
}

// breaks reports whether unit i's end fails the graph at once (rule 4).
func (r *Run) breaks(i int) bool {
	s := r.state[i]
	return (s == failed || s == timeout) && r.plan.policy != contracts.ContinueOnError &&
		r.plan.Unit(i).IsCritical() && !r.plan.units[i].handled
}

// decide settles a unit whose dependencies are all final.
func (r *Run) decide(i int) Change {
	u := &r.plan.units[i]
	for k, d := range u.deps {
		if s := r.state[d]; (s == failed || s == timeout || s == cancelled) && !u.tolerated[k] {
			r.close(i, Ending{State: contracts.UnitFailed, Reason: contracts.StopDependencyFailed})
			return Change{i, contracts.UnitFailed, contracts.StopDependencyFailed}
		}
	}
	if when := r.plan.Unit(i).When; len(when) > 0 && !r.any(i, when) {
		r.close(i, Ending{State: contracts.UnitSkipped, Reason: contracts.StopSkipped})
		return Change{i, contracts.UnitSkipped, contracts.StopSkipped}
	}
	r.state[i] = ready
	return Change{Unit: i, State: contracts.UnitReady}
}

func (r *Run) any(i int, when []contracts.Condition) bool {
	for k, c := range when {
		if r.holds(i, k, c) != c.Not {
			return true
		}
	}
	return false
}

func (r *Run) holds(i, edge int, c contracts.Condition) bool {
	d := r.plan.index[c.Dependency]
	switch c.Condition {
	case contracts.Always:
		return true
	case contracts.OnFailure:
		return r.state[d] == failed || r.state[d] == timeout
	case contracts.OnSchemaMismatch:
		return r.state[d] == failed && r.ending[d].code == contracts.CodeSchemaMismatch
	}
	k, facts := int(r.plan.units[i].fact[edge]), r.ending[d].facts
	return r.state[d] == success && k < len(facts) && facts[k] == 1
}

func (r *Run) cancelOpen(reason contracts.StopReason) []Change {
	var changes []Change
	for i, s := range r.state {
		if !s.final() {
			r.close(i, Ending{State: contracts.UnitCancelled, Reason: reason})
			changes = append(changes, Change{i, contracts.UnitCancelled, reason})
		}
	}
	return changes
}
