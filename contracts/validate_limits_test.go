package contracts_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// newGraph returns a valid graph of n independent units u0, u1, ….
func newGraph(n int) *contracts.TaskGraph {
	g := &contracts.TaskGraph{
		SchemaVersion: "1.0", GraphVersion: "test", TenantID: "lab",
		GraphID: "01890a5d-ac96-774b-bcce-b302099a8057", RequestID: "01890a5d-ac96-774b-bcce-b302099a8058",
		CreatedAt: contracts.Time{Time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
		WorkUnits: make([]contracts.WorkUnit, n),
		Outputs:   contracts.Outputs{Final: []contracts.FinalOutput{{WorkUnitID: "u0"}}},
	}
	for i := range g.WorkUnits {
		g.WorkUnits[i] = contracts.WorkUnit{
			ID: unitID(i), Type: contracts.Deterministic, Program: &contracts.Program{Task: "t@1"},
		}
	}
	return g
}

func unitID(i int) contracts.UnitID { return contracts.UnitID(fmt.Sprintf("u%d", i)) }

// chain makes every unit depend on the one before.
func chain(g *contracts.TaskGraph) {
	for i := 1; i < len(g.WorkUnits); i++ {
		g.WorkUnits[i].Dependencies = []contracts.UnitID{unitID(i - 1)}
	}
}

// gather makes the last unit depend on all others.
func gather(g *contracts.TaskGraph) {
	last := len(g.WorkUnits) - 1
	for i := range last {
		g.WorkUnits[last].Dependencies = append(g.WorkUnits[last].Dependencies, unitID(i))
	}
}

func label(s string) func(*contracts.TaskGraph) {
	return func(g *contracts.TaskGraph) { g.GraphVersion = s }
}

// limitCases hold exactly at the limit and break one rule one step beyond it.
var limitCases = []struct {
	name       string
	rule       contracts.Rule
	at, beyond func() *contracts.TaskGraph
	limit      func(*contracts.Limits)
	unit       contracts.UnitID
	path       string
}{
	{"units", contracts.RuleUnitCount, sized(7, nil), sized(8, nil), func(l *contracts.Limits) { l.MaxUnits = 7 }, "", "/work_units"},
	{"units by default", contracts.RuleUnitCount, sized(100_000, nil), sized(100_001, nil), nil, "", "/work_units"},
	{"depth", contracts.RuleDepth, sized(7, chain), sized(8, chain), func(l *contracts.Limits) { l.MaxDepth = 7 }, "u7", "/work_units/7"},
	{"depth by default", contracts.RuleDepth, sized(1000, chain), sized(1001, chain), nil, "u1000", "/work_units/1000"},
	{"fan-in", contracts.RuleFanIn, sized(8, gather), sized(9, gather), func(l *contracts.Limits) { l.MaxFanIn = 7 }, "u8", "/work_units/8/dependencies"},
	{"canonical size", contracts.RuleGraphSize, sized(3, nil), sized(3, label("tests")), func(l *contracts.Limits) {
		block, err := newGraph(3).Canonical()
		if err != nil {
			panic(err)
		}
		l.MaxGraphBytes = int64(len(block))
	}, "", ""},
}

// sized makes a graph of n units when it is needed: some are large.
func sized(n int, change func(*contracts.TaskGraph)) func() *contracts.TaskGraph {
	return func() *contracts.TaskGraph {
		g := newGraph(n)
		if change != nil {
			change(g)
		}
		return g
	}
}

func TestLimits(t *testing.T) {
	for _, c := range limitCases {
		t.Run(c.name, func(t *testing.T) {
			l := contracts.DefaultLimits()
			if c.limit != nil {
				c.limit(&l)
			}
			if err := c.at().Validate(l); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			wantViolation(t, c.beyond().Validate(l), c.rule, c.unit, c.path)
		})
	}
}

func TestNoUnitAtAll(t *testing.T) {
	g := newGraph(1)
	g.WorkUnits, g.Outputs.Final = nil, nil
	found := contracts.AsViolations(g.Validate(contracts.DefaultLimits()))
	if len(found) != 2 || found[0].Rule != contracts.RuleUnitCount || found[1].Rule != contracts.RuleOutputs {
		t.Errorf("got %v, want unit_count and outputs", found)
	}
}

// TestGraphThatCannotBeEncoded covers graphs that are made in Go and could
// never have been JSON.
func TestGraphThatCannotBeEncoded(t *testing.T) {
	g := newGraph(1)
	g.WorkUnits[0].Name = "\xff"
	wantViolation(t, g.Validate(contracts.DefaultLimits()), contracts.RuleDocument, "", "")
}

func TestSchemaTooLong(t *testing.T) {
	g := newGraph(1)
	schema := func(n int) contracts.JSON {
		const frame = `{"description":""}`
		return contracts.JSON(strings.Replace(frame, `""`, `"`+strings.Repeat("d", n-len(frame))+`"`, 1))
	}
	g.WorkUnits[0].OutputSchema = schema(256 << 10)
	if err := g.Validate(contracts.DefaultLimits()); err != nil {
		t.Error(err)
	}
	g.WorkUnits[0].OutputSchema = schema(256<<10 + 1)
	wantViolation(t, g.Validate(contracts.DefaultLimits()), contracts.RuleOutputSchema, "u0", "/work_units/0/output_schema")
}
