package contracts_test

import (
	"testing"

	"github.com/krako-labs/krako/contracts"
	"pgregory.net/rapid"
)

// TestCycleIsNamedByAUnitOnIt draws graphs with any edges, cycles reached
// through tails among them, and checks the verdict against a search of its own.
func TestCycleIsNamedByAUnitOnIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 14).Draw(t, "units")
		g := newGraph(n)
		for i := range n {
			deps := rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 0, 3, rapid.ID[int]).Draw(t, "dependencies")
			for _, d := range deps {
				if d != i {
					g.WorkUnits[i].Dependencies = append(g.WorkUnits[i].Dependencies, unitID(d))
				}
			}
		}
		checkCycle(t, g)
	})
}

// TestCycleBehindTails has the cycle c1 ⇄ c2 with units before it and after it:
// the tails wait for the cycle as much as its own units do.
func TestCycleBehindTails(t *testing.T) {
	for _, edges := range [][][]int{
		{{1}, {2}, {3}, {4}, {3}},        // u0 → u1 → u2 → (u3 ⇄ u4)
		{{3}, {0}, {1}, {4}, {3}},        // the same, numbered the other way
		{{}, {0}, {1, 4}, {2}, {3}, {4}}, // a cycle of three after a chain, a tail after it
		{{1, 2}, {0}, {2, 3}, {}},        // a unit that is twice on cycles
	} {
		g := newGraph(len(edges))
		for i, deps := range edges {
			for _, d := range deps {
				if d != i {
					g.WorkUnits[i].Dependencies = append(g.WorkUnits[i].Dependencies, unitID(d))
				}
			}
		}
		checkCycle(t, g)
	}
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func checkCycle(t fataler, g *contracts.TaskGraph) {
	t.Helper()
	err := g.Validate(contracts.DefaultLimits())
	if !contracts.Broken(err, contracts.RuleAcyclic) {
		for i := range g.WorkUnits {
			if reaches(g, unitID(i), unitID(i)) {
				t.Fatalf("unit %s is on a cycle, but the verdict is %v", unitID(i), err)
			}
		}
		return
	}
	found := contracts.AsViolations(err)
	if len(found) != 1 {
		t.Fatalf("got %v, want one violation", err)
	}
	if v := found[0]; !reaches(g, v.Unit, v.Unit) {
		t.Fatalf("unit %s at %s is on no cycle", v.Unit, v.Path)
	}
}

// reaches reports whether one or more dependency edges lead from a to b.
func reaches(g *contracts.TaskGraph, a, b contracts.UnitID) bool {
	deps := map[contracts.UnitID][]contracts.UnitID{}
	for _, u := range g.WorkUnits {
		deps[u.ID] = u.Dependencies
	}
	seen := map[contracts.UnitID]bool{}
	for todo := deps[a]; len(todo) > 0; todo = todo[1:] {
		if todo[0] == b {
			return true
		}
		if !seen[todo[0]] {
			seen[todo[0]] = true
			todo = append(todo, deps[todo[0]]...)
		}
	}
	return false
}
