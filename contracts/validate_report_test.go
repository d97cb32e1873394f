package contracts_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

// TestAllViolationsAreReportedTogether breaks one rule in each part of a graph
// and expects all of them in the order of the document's check.
func TestAllViolationsAreReportedTogether(t *testing.T) {
	doc := edited(t, edits(
		set("/schema_version", `"9.0"`), set("/graph_id", `"x"`), set("/budgets/max_fuel", `-1`), set("/policies/logging_mode", `"loud"`),
		set("/ext/a", `1`), set("/ext/b", `1`),
		set(u0+"/type", `"quantum"`), set(u0+"/priority", `"p9"`), set(u1+"/dependencies/-", `"nobody"`), set(u3+"/model/tier", `"huge"`),
		set("/outputs/final/0/select", `"x"`),
	))
	want := []string{
		"schema_version  /schema_version", "identity  /graph_id", "budget  /budgets/max_fuel", "policy  /policies/logging_mode",
		"extension  /ext/a", "extension  /ext/b",
		"unit_type split /work_units/0/type", "constraint split /work_units/0/priority", "model answer/model /work_units/3/model/tier",
		"dependency_unknown index /work_units/1/dependencies/1", "outputs  /outputs/final/0/select",
	}
	for range 20 { // maps are walked in another order each time
		_, err := contracts.ParseGraph(doc, limits())
		var got []string
		for _, v := range contracts.AsViolations(err) {
			got = append(got, string(v.Rule)+" "+string(v.Unit)+" "+v.Path)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestEachViolationIsFoundByErrorsAs(t *testing.T) {
	_, err := contracts.ParseGraph(edited(t, edits(set(u0+"/priority", `"p9"`), set(u1+"/type", `"x"`))), limits())
	v, ok := errors.AsType[*contracts.Violation](err)
	if !ok || v.Unit != "split" {
		t.Errorf("got %v", v)
	}
	if !contracts.Broken(err, contracts.RuleUnitType) || contracts.Broken(err, contracts.RuleBlob) {
		t.Errorf("Broken does not tell which rules %v breaks", err)
	}
	if contracts.AsViolations(errors.New("another error")) != nil || contracts.Broken(nil, contracts.RuleUnitType) {
		t.Error("an error without violations has some")
	}
}

func TestReportIsBounded(t *testing.T) {
	const most = 50
	for _, n := range []int{most - 1, most, most + 1, 1000} {
		g := newGraph(n)
		for i := range g.WorkUnits {
			g.WorkUnits[i].Priority = "p9"
		}
		if got := len(contracts.AsViolations(g.Validate(contracts.DefaultLimits()))); got != min(n, most) {
			t.Errorf("%d defects give %d violations", n, got)
		}
	}
}

// TestReportOfHugeNamesIsBounded checks that a document cannot make the error
// about it many times its own size.
func TestReportOfHugeNamesIsBounded(t *testing.T) {
	huge := strings.Repeat("ü", 1<<16)
	g := newGraph(60)
	for i := range g.WorkUnits {
		u := &g.WorkUnits[i]
		u.ID, u.Priority, u.Dependencies = contracts.UnitID(huge), contracts.Priority(huge), []contracts.UnitID{contracts.UnitID(huge)}
		u.Blobs = map[string]contracts.Link{huge: {}}
	}
	err := g.Validate(contracts.DefaultLimits())
	if n := len(err.Error()); n > 256<<10 {
		t.Errorf("the error has %d bytes", n)
	}
	if len(contracts.AsViolations(err)) != 50 {
		t.Errorf("%d violations", len(contracts.AsViolations(err)))
	}
}

// A fault of the whole document has no path, and the message no gap for one.
func TestViolationsSayWhereTheyAre(t *testing.T) {
	for want, v := range map[string]contracts.Violation{
		`document: JSON (byte 0): is empty`:   {Rule: contracts.RuleDocument, Message: "JSON (byte 0): is empty"},
		`id: /graph_id: is no UUID`:           {Rule: "id", Path: "/graph_id", Message: "is no UUID"},
		`id: unit "a": /work_units/0/id: bad`: {Rule: "id", Unit: "a", Path: "/work_units/0/id", Message: "bad"},
		`id: unit "a": bad`:                   {Rule: "id", Unit: "a", Message: "bad"},
	} {
		if got := v.Error(); got != want {
			t.Errorf("says %q, want %q", got, want)
		}
	}
	_, err := contracts.ParseGraph(nil, contracts.DefaultLimits())
	if err == nil || strings.Contains(err.Error(), ": :") {
		t.Errorf("an empty document: %v", err)
	}
}
