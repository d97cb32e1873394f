package rewrite_test

import (
	"fmt"
	"testing"
)

// plenty is fuel that no generated module uses up.
const plenty = 1 << 40

// compiled is a module on an engine, from which calls get fresh instances.
type compiled struct {
	*engine
	wasm  []byte
	yield bool
}

// run calls an entry with a budget.
func (c compiled) run(entry int, budget int64) outcome {
	c.t.Helper()
	i := c.start(c.wasm)
	defer i.close()
	slice := budget
	if c.yield {
		slice = 777
	}
	return i.call(fmt.Sprintf("f%d", entry), budget, slice)
}

// stackUnits is less than usual: the interpreter has no more than 2000 frames.
const stackUnits = 20_000

// builds returns a module rewritten for traps and for yields, on every engine.
func builds(t testing.TB, all [2]*engine, wasm []byte) []compiled {
	t.Helper()
	opts := options(logImport)
	opts.StackUnits = stackUnits
	trap := rewritten(t, wasm, opts)
	opts.Yield = true
	yield := rewritten(t, wasm, opts)
	return []compiled{{all[0], trap, false}, {all[1], trap, false}, {all[0], yield, true}, {all[1], yield, true}}
}

// TestGeneratedModules runs each module rewritten for traps and for yields, on
// two engines. All must show what the module itself does once every NaN is made
// canonical in the plainest way, and must use the fuel that counting one
// instruction after the other comes to.
func TestGeneratedModules(t *testing.T) {
	for shard := range uint64(shards) {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			all := engines(t)
			for i := range modules(t, 1000) {
				checkGenerated(t, all, uint64(i)*shards+shard)
			}
		})
	}
}

func checkGenerated(t *testing.T, all [2]*engine, seed uint64) {
	t.Helper()
	checkMetered(t, all, fmt.Sprint("seed ", seed), func(v variant) []byte { return generate(seed, v) })
}

func checkMetered(t *testing.T, all [2]*engine, name string, write func(variant) []byte) {
	t.Helper()
	canonical := compiled{engine: all[1], wasm: write(variant{canonical: true})}
	counted := compiled{engine: all[1], wasm: write(variant{canonical: true, counted: true})}
	rewritten := builds(t, all, write(variant{}))
	for entry := range entries {
		want, cost := canonical.run(entry, plenty), counted.count(entry)
		got := rewritten[0].run(entry, plenty)
		for _, b := range rewritten[1:] {
			if other := b.run(entry, plenty); other != got {
				t.Fatalf("%s entry %d: builds or engines differ:\n%v\n%v", name, entry, got, other)
			}
		}
		returned := got.results == ""
		if returned && (got.fuel != cost || got.depth != stackUnits) || got.fuel < cost {
			t.Fatalf("%s entry %d: instructions cost %d: %v", name, entry, cost, got)
		}
		got.fuel, got.depth = 0, 0
		if got != want {
			t.Fatalf("%s entry %d:\n got %v\nwant %v", name, entry, got, want)
		}
	}
}

// count runs a module that counts what its instructions cost.
func (c compiled) count(entry int) int64 {
	i := c.start(c.wasm)
	defer i.close()
	i.call(fmt.Sprintf("f%d", entry), 0, 0)
	return int64(i.ExportedGlobal("count").Get())
}

// TestExhaustion stops modules, endless ones among them, with all kinds of
// budgets. Where and in what state that happens must not depend on the engine
// or on how the fuel is handed out.
func TestExhaustion(t *testing.T) {
	for shard := range uint64(shards) {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			all := engines(t)
			stops := map[string]int{}
			for i := range modules(t, 200) {
				checkExhaustion(t, all, uint64(i)*shards+shard, stops)
			}
			if stops["out of fuel"] == 0 || stops[""] == 0 {
				t.Errorf("stops are %v, want some of each kind", stops)
			}
		})
	}
}

func checkExhaustion(t *testing.T, all [2]*engine, seed uint64, stops map[string]int) {
	t.Helper()
	rewritten := builds(t, all, generate(seed, variant{endless: seed%4 < shards}))
	total := rewritten[0].run(0, 300_000).fuel
	budgets := []int64{0, 1, total / 7, total / 3, total / 2, total - 1, total, total + 1, 2000 + int64(seed)}
	exhaust(t, rewritten, fmt.Sprint("seed ", seed), budgets, stops)
}

func exhaust(t *testing.T, rewritten []compiled, name string, budgets []int64, stops map[string]int) {
	t.Helper()
	for _, budget := range budgets {
		want := rewritten[0].run(0, budget)
		stops[want.results]++
		if want.results == "out of fuel" && want.fuel <= budget || want.results == "" && want.fuel > budget {
			t.Fatalf("%s budget %d: used %d: %q", name, budget, want.fuel, want.results)
		}
		for _, b := range rewritten[1:] {
			if got := b.run(0, budget); got != want {
				t.Fatalf("%s budget %d:\n got %v\nwant %v", name, budget, got, want)
			}
		}
	}
}

// shards run beside one another.
const shards = 2

// modules is the number of generated modules that a shard of a test uses.
func modules(t *testing.T, all int) int {
	if testing.Short() {
		all /= 20
	}
	return all / shards
}
