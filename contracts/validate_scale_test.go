package contracts_test

import (
	"runtime"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

// layered makes a graph of n units in layers of 1,000, each unit depending on
// three of the layer before and binding from all of them.
func layered(n int) *contracts.TaskGraph {
	const width = 1000
	g := newGraph(n)
	schema := contracts.JSON(`{"type":"object"}`)
	for i := width; i < n; i++ {
		u := &g.WorkUnits[i]
		u.OutputSchema = schema
		for k, d := range []int{i - width, i - width + 1, i - width/2} {
			u.Dependencies = append(u.Dependencies, unitID(d))
			u.Bind = append(u.Bind, contracts.Bind{From: unitID(d), To: "/" + string(rune('a'+k))})
		}
		u.When = []contracts.Condition{{Dependency: unitID(i - width), Condition: contracts.Always}}
	}
	return g
}

// TestValidationIsLinear compares the work for graphs of 10,000 and 100,000
// units, counted in allocations: ten times the units may not take more than
// eleven times the work, and a quadratic part would take a hundred.
func TestValidationIsLinear(t *testing.T) {
	shapes := map[string]func(n int) *contracts.TaskGraph{
		"layers": layered,
		"gather": func(n int) *contracts.TaskGraph {
			g := newGraph(n)
			gather(g)
			return g
		},
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			small, large := work(t, shape(10_000)), work(t, shape(100_000))
			if large > 11*small {
				t.Errorf("10,000 units take %d allocations, 100,000 take %d", small, large)
			}
		})
	}
}

func work(t *testing.T, g *contracts.TaskGraph) uint64 {
	t.Helper()
	return allocations(func() {
		if err := g.Validate(contracts.DefaultLimits()); err != nil {
			t.Fatal(err)
		}
	})
}

// allocations counts those of one call of f.
func allocations(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs
}

// TestCycleSearchIsLinear does the same for a graph whose only cycle is at the
// end of a long tail.
func TestCycleSearchIsLinear(t *testing.T) {
	work := func(n int) uint64 {
		g := newGraph(n)
		for i := range g.WorkUnits {
			g.WorkUnits[i].Dependencies = []contracts.UnitID{unitID((i + 1) % n)}
		}
		g.WorkUnits[n-1].Dependencies[0] = unitID(n - 2)
		return allocations(func() {
			if err := g.Validate(contracts.DefaultLimits()); !contracts.Broken(err, contracts.RuleAcyclic) {
				t.Fatal(err)
			}
		})
	}
	if small, large := work(10_000), work(100_000); large > 11*small {
		t.Errorf("10,000 units take %d allocations, 100,000 take %d", small, large)
	}
}

func BenchmarkValidate100k(b *testing.B) {
	g := layered(100_000)
	b.ReportAllocs()
	for b.Loop() {
		if err := g.Validate(contracts.DefaultLimits()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*100_000/b.Elapsed().Seconds(), "units/s")
}
