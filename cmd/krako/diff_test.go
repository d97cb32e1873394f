package main

import (
	"testing"

	"github.com/krako-labs/krako/contracts"
)

// TestDivergenceIsTheFirst has runs that are the same for a while.
func TestDivergenceIsTheFirst(t *testing.T) {
	run := func(edit func(u []contracts.UnitView) []contracts.UnitView) []contracts.UnitView {
		u := []contracts.UnitView{
			{ID: "a", State: contracts.UnitSuccess, UnitCID: "ua", ResultCID: "ra", Node: "n1"},
			{ID: "b", State: contracts.UnitSuccess, UnitCID: "ub", ResultCID: "rb", Node: "n1"},
			{ID: "c", State: contracts.UnitSkipped},
		}
		if edit != nil {
			u = edit(u)
		}
		return u
	}
	for name, c := range map[string]struct {
		edit func(u []contracts.UnitView) []contracts.UnitView
		want diverges
	}{
		"the same": {nil, diverges{Same: 3}},
		"another node, the same result": {func(u []contracts.UnitView) []contracts.UnitView {
			u[1].Node = "n2"
			return u
		}, diverges{Same: 3}},
		"two results": {func(u []contracts.UnitView) []contracts.UnitView {
			u[1].ResultCID, u[1].Node = "rx", "liar"
			u[2].State = contracts.UnitSuccess
			return u
		}, diverges{Unit: "b", What: "the same computation has two results", A: "rb of n1", B: "rx of liar", Same: 1}},
		"another computation": {func(u []contracts.UnitView) []contracts.UnitView {
			u[0].UnitCID, u[0].ResultCID = "ux", "rx"
			return u
		}, diverges{Unit: "a", What: "it was another computation", A: "ua", B: "ux"}},
		"another end": {func(u []contracts.UnitView) []contracts.UnitView {
			u[2].State = contracts.UnitFailed
			return u
		}, diverges{Unit: "c", What: "it ended otherwise", A: "skipped", B: "failed", Same: 2}},
		"other units": {func(u []contracts.UnitView) []contracts.UnitView {
			u[1].ID = "x"
			return u
		}, diverges{Unit: "b", What: "the graphs have other units", A: "b", B: "x", Same: 1}},
		"fewer units": {func(u []contracts.UnitView) []contracts.UnitView { return u[:2] },
			diverges{What: "the graphs have different numbers of units", Same: 2}},
	} {
		if got := divergence(run(nil), run(c.edit)); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
