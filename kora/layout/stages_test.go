package layout_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/layout"
)

var update = flag.Bool("update", false, "write the golden files")

// staged is a graph of four stages: three sources, two of which a model answers; four
// units, one of them skipped; two that failed or wait; and one answer.
func staged() (*contracts.TaskGraph, layout.Marks) {
	unit := func(id contracts.UnitID, deps ...contracts.UnitID) contracts.WorkUnit {
		return contracts.WorkUnit{ID: id, Type: contracts.Deterministic, Program: &contracts.Program{Task: "num/eval@1"}, Dependencies: deps}
	}
	model := func(id contracts.UnitID, deps ...contracts.UnitID) contracts.WorkUnit {
		return contracts.WorkUnit{ID: id, Type: contracts.LLM, Model: &contracts.ModelCall{Tier: contracts.TierSmall}, Dependencies: deps}
	}
	g := &contracts.TaskGraph{WorkUnits: []contracts.WorkUnit{
		unit("a1"), model("a2"), model("a3"),
		unit("b1", "a1", "a2"), unit("b2", "a1"), unit("b3", "a2"), unit("b4", "a3"),
		model("c1", "b1", "b2"), model("c2", "b3", "a1"),
		unit("answer", "c1", "c2", "b4"),
	}}
	return g, layout.Marks{
		"a1": contracts.UnitSuccess, "a2": contracts.UnitSuccess, "a3": contracts.UnitSuccess,
		"b1": contracts.UnitSuccess, "b2": contracts.UnitSuccess, "b3": contracts.UnitSuccess, "b4": contracts.UnitSkipped,
		"c1": contracts.UnitTimeout,
	}
}

// What is written of a collapsed graph is what testdata holds; go test -update writes it.
func TestCollapsedFormats(t *testing.T) {
	g, marks := staged()
	whole, err := layout.Of(g, marks)
	if err != nil {
		t.Fatal(err)
	}
	for name, expand := range map[string][]int{"collapsed": nil, "expanded": {2}} {
		v, _, err := whole.Collapse(expand...)
		if err != nil {
			t.Fatal(err)
		}
		d, err := v.Draw(layout.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var text, svg, mermaid, dot bytes.Buffer
		if err := errors.Join(layout.Text(&text, v), layout.SVG(&svg, v, d), layout.Mermaid(&mermaid, v, layout.LeftToRight), layout.DOT(&dot, v, layout.LeftToRight)); err != nil {
			t.Fatal(err)
		}
		for ending, got := range map[string][]byte{"txt": text.Bytes(), "svg": svg.Bytes(), "mmd": mermaid.Bytes(), "dot": dot.Bytes()} {
			file := filepath.Join("testdata", name+"."+ending)
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s is not as checked in:\n%s", file, got)
			}
		}
	}
}

// A stage fares as its units do together.
func TestStageState(t *testing.T) {
	for _, c := range []struct {
		a, b, want contracts.UnitState
	}{
		{"", "", contracts.UnitQueued},
		{contracts.UnitQueued, contracts.UnitSuccess, contracts.UnitRunning},
		{contracts.UnitQueued, contracts.UnitDispatched, contracts.UnitRunning},
		{contracts.UnitQueued, contracts.UnitSkipped, contracts.UnitRunning},
		{contracts.UnitSuccess, contracts.UnitSkipped, contracts.UnitSuccess},
		{contracts.UnitSkipped, contracts.UnitSkipped, contracts.UnitSkipped},
		{contracts.UnitSuccess, contracts.UnitSuccess, contracts.UnitSuccess},
		{contracts.UnitRunning, contracts.UnitTimeout, contracts.UnitFailed},
		{contracts.UnitSuccess, contracts.UnitCancelled, contracts.UnitFailed},
	} {
		v := &layout.View{Boxes: []layout.Box{{ID: "a", State: c.a}, {ID: "b", State: c.b}}}
		if _, stages, err := v.Collapse(); err != nil || len(stages) != 1 || stages[0].State != c.want {
			t.Errorf("%q and %q: %+v, %v", c.a, c.b, stages, err)
		}
	}
}

// However a graph is collapsed: every unit is in one stage, each edge of it is still
// there between boxes or was within none, none is there twice, and it can be drawn.
func TestCollapse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nodes, edges := drawGraph(t)
		v := &layout.View{Edges: edges}
		for _, n := range nodes {
			v.Boxes = append(v.Boxes, layout.Box{ID: n.ID})
		}
		expand := rapid.SliceOf(rapid.IntRange(-1, 12)).Draw(t, "expand")
		c, stages, err := v.Collapse(expand...)
		if err != nil {
			t.Fatal(err)
		}
		box := map[string]string{}
		for _, s := range stages {
			for _, u := range s.Units {
				if _, twice := box[u]; twice {
					t.Fatalf("%s is in two stages", u)
				}
				if box[u] = u; s.Collapsed {
					box[u] = s.ID
				}
			}
		}
		want := map[[2]string]bool{}
		for _, e := range edges {
			want[[2]string{box[nodes[e.From].ID], box[nodes[e.To].ID]}] = true
		}
		got := map[[2]string]bool{}
		for _, e := range c.Edges {
			got[[2]string{c.Boxes[e.From].ID, c.Boxes[e.To].ID}] = true
		}
		if len(box) != len(nodes) || len(got) != len(c.Edges) || !reflect.DeepEqual(got, want) {
			t.Fatalf("%d of %d units in stages; edges %v, want %v", len(box), len(nodes), got, want)
		}
		if _, err := c.Draw(layout.Options{}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestCollapseRefusesCycles(t *testing.T) {
	v := &layout.View{Boxes: []layout.Box{{ID: "a"}, {ID: "b"}}, Edges: []layout.Edge{{From: 0, To: 1}, {From: 1, To: 0}}}
	_, _, err := v.Collapse()
	if e, ok := errors.AsType[*contracts.Error](err); !ok || e.Offender != "a" {
		t.Error(err)
	}
}
