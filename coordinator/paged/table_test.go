package paged_test

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/krako-labs/krako/coordinator/paged"
)

// A table is a map whose keys come in order.
func TestTableIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var table paged.Table[uint64]
		model := map[uint64]*uint64{}
		number := rapid.OneOf(rapid.Uint64Range(0, 600), rapid.Uint64Range(1<<40, 1<<40+300))
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				n := number.Draw(t, "n")
				if model[n] == nil {
					model[n] = &n
					table.Add(n, &n)
				}
			},
			"remove": func(t *rapid.T) {
				n := number.Draw(t, "n")
				if got := table.Remove(n); got != model[n] {
					t.Fatalf("removed %v as %d, want %v", got, n, model[n])
				}
				delete(model, n)
			},
			"get": func(t *rapid.T) {
				n := number.Draw(t, "n")
				if got := table.Get(n); got != model[n] {
					t.Fatalf("got %v as %d, want %v", got, n, model[n])
				}
			},
			"": func(t *rapid.T) {
				var all []uint64
				for n := range table.All {
					all = append(all, *n)
				}
				if want := slices.Sorted(maps.Keys(model)); !slices.Equal(all, want) {
					t.Fatalf("all are %v, want %v", all, want)
				}
				if table.Len() != len(model) {
					t.Fatalf("%d things, want %d", table.Len(), len(model))
				}
			},
		})
	})
}

// Whoever walks a table may stop.
func TestAllStops(t *testing.T) {
	var table paged.Table[int]
	for n := range uint64(1000) {
		v := int(n)
		table.Add(n, &v)
	}
	seen := 0
	for v := range table.All {
		if seen++; *v == 300 {
			break
		}
	}
	if seen != 301 {
		t.Errorf("%d things seen, want 301", seen)
	}
}

// A page that is empty is used again: a unit that comes and goes makes none.
func TestPagesAreUsedAgain(t *testing.T) {
	var table paged.Table[int]
	thing, n := new(int), uint64(0)
	if got := testing.AllocsPerRun(1000, func() {
		n += 1000
		table.Add(n, thing)
		table.Remove(n)
	}); got != 0 {
		t.Errorf("%v allocations for a thing that comes and goes, want none", got)
	}
}
