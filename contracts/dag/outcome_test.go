package dag_test

import (
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"pgregory.net/rapid"
)

// TestOutcomeFollowsFromTheEnds judges every run a second time, from the ends
// of its units alone (rules 4 and 5).
func TestOutcomeFollowsFromTheEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		s := execute(t, compile(t, g), quiet)
		o := s.run.Outcome()
		switch {
		case s.stopped:
			if o.State != contracts.SessionCancelled || o.Reason != contracts.StopCancelled || o.Final != -1 {
				t.Fatalf("a cancelled run ends %+v", o)
			}
		case s.broken(g) >= 0:
			checkFailure(t, s, o)
		case s.firstAnswer(g) >= 0:
			if o.State != contracts.SessionCompleted || o.Reason != contracts.StopSuccess || o.Final != s.firstAnswer(g) || o.Culprit != -1 || o.Code != "" {
				t.Fatalf("the first answer is %d, the run ends %+v", s.firstAnswer(g), o)
			}
		default:
			checkFailure(t, s, o)
		}
		checkReasons(t, s)
	})
}

// broken returns a critical unit that failed without anybody tolerating it,
// under fail_fast, or -1.
func (s *story) broken(g *contracts.TaskGraph) int {
	if g.Policies.FailurePolicy == contracts.ContinueOnError {
		return -1
	}
	for i := range g.WorkUnits {
		state := s.run.State(i)
		if (state == contracts.UnitFailed || state == contracts.UnitTimeout) && g.WorkUnits[i].IsCritical() && !handled(g, id(i)) {
			return i
		}
	}
	return -1
}

func handled(g *contracts.TaskGraph, dep contracts.UnitID) bool {
	for i := range g.WorkUnits {
		if tolerates(&g.WorkUnits[i], dep) {
			return true
		}
	}
	return false
}

func (s *story) firstAnswer(g *contracts.TaskGraph) int {
	for k, f := range g.Outputs.Final {
		if i, _ := s.run.Plan().Index(f.WorkUnitID); s.run.State(i) == contracts.UnitSuccess {
			return k
		}
	}
	return -1
}

// checkFailure expects a failure that names a unit which ended badly by itself,
// and why.
func checkFailure(t *rapid.T, s *story, o dag.Outcome) {
	t.Helper()
	if o.State != contracts.SessionFailed || o.Final != -1 || o.Culprit < 0 {
		t.Fatalf("the run ends %+v, want a failure with a culprit", o)
	}
	reason, code := s.run.Reason(o.Culprit)
	if reason != o.Reason || code != o.Code || !reason.Valid() {
		t.Fatalf("the culprit ended with %s %s, the run with %s %s", reason, code, o.Reason, o.Code)
	}
	if reason == contracts.StopDependencyFailed || reason == contracts.StopSuccess {
		t.Fatalf("the culprit %s ended with %s: something else is to blame", id(o.Culprit), reason)
	}
}

// checkReasons expects each end to have a valid stop reason that fits it.
func checkReasons(t *rapid.T, s *story) {
	t.Helper()
	for i := range s.run.Plan().Len() {
		reason, _ := s.run.Reason(i)
		state := s.run.State(i)
		fits := map[contracts.UnitState]bool{
			contracts.UnitSuccess:   reason == contracts.StopSuccess,
			contracts.UnitSkipped:   reason == contracts.StopSkipped,
			contracts.UnitCancelled: reason == contracts.StopCancelled,
			contracts.UnitTimeout:   reason == contracts.StopTimeout,
			contracts.UnitFailed:    reason.Class() != contracts.ClassNone,
		}
		if !fits[state] {
			t.Fatalf("unit %s ended %s for the reason %q", id(i), state, reason)
		}
	}
}

// TestSameStepsSameRun replays a run from its steps: a run is a plain value of
// its inputs.
func TestSameStepsSameRun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := compile(t, drawGraph(t))
		type step struct {
			unit int
			e    dag.Ending
		}
		var steps []step
		first, _ := dag.Start(p)
		for i := 0; i < p.Len(); i++ {
			e := dag.Ending{State: contracts.UnitSuccess, Reason: contracts.StopSuccess}
			if rapid.Bool().Draw(t, "fails") {
				e = dag.Ending{State: contracts.UnitFailed, Reason: contracts.StopExecutionFailed, Code: contracts.CodeTrap}
			}
			if _, ok := first.End(i, e); ok {
				steps = append(steps, step{i, e})
			}
		}
		again, _ := dag.Start(p)
		for _, st := range steps {
			if _, ok := again.End(st.unit, st.e); !ok {
				t.Fatalf("unit %d could end once and not twice", st.unit)
			}
		}
		for i := range p.Len() {
			if first.State(i) != again.State(i) {
				t.Fatalf("unit %d is %s and %s", i, first.State(i), again.State(i))
			}
		}
		if first.Over() && first.Outcome() != again.Outcome() {
			t.Fatalf("outcomes are %+v and %+v", first.Outcome(), again.Outcome())
		}
	})
}
