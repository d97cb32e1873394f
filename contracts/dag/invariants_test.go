package dag_test

import (
	"bytes"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"pgregory.net/rapid"
)

func compile(t *rapid.T, g *contracts.TaskGraph) *dag.Plan {
	p, err := dag.Compile(g)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func quiet(*rapid.T, *story, []dag.Change) {}

// failing reports whether a state fails a dependent that does not tolerate it.
func failing(s contracts.UnitState) bool {
	return s == contracts.UnitFailed || s == contracts.UnitTimeout || s == contracts.UnitCancelled
}

// tolerates is rule 2: a when edge that looks at failure, and nothing bound.
func tolerates(u *contracts.WorkUnit, dep contracts.UnitID) bool {
	for _, b := range u.Bind {
		if b.From == dep {
			return false
		}
	}
	for _, w := range u.When {
		if w.Dependency == dep && (w.Condition == contracts.OnFailure || w.Condition == contracts.OnSchemaMismatch || w.Condition == contracts.Always) {
			return true
		}
	}
	return false
}

// verdict decides a unit from the ends of its dependencies by rules 1 to 3.
func (s *story) verdict(u *contracts.WorkUnit) contracts.UnitState {
	for _, d := range u.Dependencies {
		i, _ := s.run.Plan().Index(d)
		if failing(s.run.State(i)) && !tolerates(u, d) {
			return contracts.UnitFailed
		}
	}
	for _, w := range u.When {
		if s.holds(w) != w.Not {
			return contracts.UnitReady
		}
	}
	if len(u.When) > 0 {
		return contracts.UnitSkipped
	}
	return contracts.UnitReady
}

// TestINV3EscalationNeverInvented lets units with escalation edges run if and
// only if a declared edge holds, judged by another evaluation of the edges, and
// expects the graph itself to be untouched by its execution.
func TestINV3EscalationNeverInvented(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		before, err := g.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		s := execute(t, compile(t, g), func(t *rapid.T, s *story, changes []dag.Change) {
			for _, c := range changes {
				u := s.run.Plan().Unit(c.Unit)
				if c.State == contracts.UnitCancelled {
					continue // rule 4, or from outside
				}
				if want := s.verdict(u); c.State != want {
					t.Fatalf("unit %s is %s, its edges say %s", u.ID, c.State, want)
				}
			}
		})
		for i := range g.WorkUnits {
			u := &g.WorkUnits[i]
			if s.ran[i] && s.verdict(u) != contracts.UnitReady {
				t.Fatalf("unit %s ran, its edges say %s", u.ID, s.verdict(u))
			}
		}
		if after, err := g.Canonical(); err != nil || !bytes.Equal(before, after) {
			t.Fatalf("the graph changed while it ran (%v)", err)
		}
	})
}

// TestINV5NothingRunsBeforeItsDependencies checks, between any two steps of a
// run, that no unit has left the queue before all its dependencies were final.
func TestINV5NothingRunsBeforeItsDependencies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		execute(t, compile(t, drawGraph(t)), func(t *rapid.T, s *story, _ []dag.Change) {
			p := s.run.Plan()
			for i := range p.Len() {
				if state := s.run.State(i); state == contracts.UnitQueued || state == contracts.UnitCancelled {
					continue
				}
				for _, d := range p.Unit(i).Dependencies {
					if j, _ := p.Index(d); !s.run.State(j).Final() {
						t.Fatalf("unit %s is %s while its dependency %s is %s", id(i), s.run.State(i), d, s.run.State(j))
					}
				}
			}
		})
	})
}

// TestUnitsTakeListedStepsOnly compares the states before and after every step
// with the machine of CONTRACTS section 6.
func TestUnitsTakeListedStepsOnly(t *testing.T) {
	listed := map[[2]contracts.UnitState]bool{}
	for _, s := range contracts.UnitTransitions() {
		listed[[2]contracts.UnitState{s.From, s.To}] = true
	}
	rapid.Check(t, func(t *rapid.T) {
		p := compile(t, drawGraph(t))
		before := make([]contracts.UnitState, p.Len())
		for i := range before {
			before[i] = contracts.UnitQueued
		}
		execute(t, p, func(t *rapid.T, s *story, _ []dag.Change) {
			for i := range before {
				now := s.run.State(i)
				if before[i] != now && !listed[[2]contracts.UnitState{before[i], now}] {
					t.Fatalf("unit %s went from %s to %s", id(i), before[i], now)
				}
				before[i] = now
			}
		})
	})
}

// TestFinalUnitsStayAsTheyAre tries everything on units that have ended.
func TestFinalUnitsStayAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := execute(t, compile(t, drawGraph(t)), quiet)
		for i := range s.run.Plan().Len() {
			state := s.run.State(i)
			_, ended := s.run.End(i, dag.Ending{State: contracts.UnitSuccess, Reason: contracts.StopSuccess})
			if ended || s.run.Dispatched(i) || s.run.Running(i) || s.run.Return(i) || s.run.State(i) != state {
				t.Fatalf("unit %s left %s for %s", id(i), state, s.run.State(i))
			}
		}
		if s.run.Stop(dag.Ending{Reason: contracts.StopTimeout}) != nil {
			t.Fatal("a run that is over was stopped")
		}
	})
}

// TestNothingEndsIntoAStateThatIsNotFinal covers misuse by an executor.
func TestNothingEndsIntoAStateThatIsNotFinal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		run, _ := dag.Start(compile(t, drawGraph(t)))
		open := run.Open()
		for _, s := range []contracts.UnitState{"", contracts.UnitQueued, contracts.UnitReady, contracts.UnitDispatched, contracts.UnitRunning, "lost"} {
			if _, ok := run.End(0, dag.Ending{State: s}); ok || run.Open() != open {
				t.Fatalf("a unit ended as %q", s)
			}
		}
	})
}
