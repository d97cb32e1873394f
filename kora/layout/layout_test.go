package layout_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/layout"
)

// drawGraph makes a graph whose edges all lead to later nodes.
func drawGraph(t *rapid.T) ([]layout.Node, []layout.Edge) {
	n := rapid.IntRange(0, 40).Draw(t, "nodes")
	nodes := make([]layout.Node, n)
	for i := range nodes {
		nodes[i] = layout.Node{ID: fmt.Sprint("n", i), Width: rapid.Float64Range(10, 300).Draw(t, "w"), Height: rapid.Float64Range(10, 90).Draw(t, "h")}
	}
	var edges []layout.Edge
	if n > 1 {
		for range rapid.IntRange(0, 3*n).Draw(t, "edges") {
			from := rapid.IntRange(0, n-2).Draw(t, "from")
			edges = append(edges, layout.Edge{From: from, To: rapid.IntRange(from+1, n-1).Draw(t, "to")})
		}
	}
	return nodes, edges
}

// What holds for every drawing: nothing overlaps, nothing sticks out, every edge
// goes forward from its node's border to the other's, and it is drawn the same
// way twice.
func TestDrawings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nodes, edges := drawGraph(t)
		dir := rapid.SampledFrom([]layout.Direction{layout.LeftToRight, layout.TopToBottom}).Draw(t, "direction")
		o := layout.Options{Direction: dir}
		d, err := layout.Layered(nodes, edges, o)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := layout.Layered(nodes, edges, o); !reflect.DeepEqual(d, again) {
			t.Fatal("drawn twice, drawn differently")
		}
		for i, p := range d.Nodes {
			if p.X < 0 || p.Y < 0 || p.X+p.Width > d.Width || p.Y+p.Height > d.Height {
				t.Fatalf("node %d sticks out of %g x %g: %+v", i, d.Width, d.Height, p)
			}
			for j, q := range d.Nodes[:i] {
				if p.X < q.X+q.Width && q.X < p.X+p.Width && p.Y < q.Y+q.Height && q.Y < p.Y+p.Height {
					t.Fatalf("nodes %d and %d overlap: %+v, %+v", j, i, q, p)
				}
			}
		}
		for i, e := range edges {
			checkRoute(t, d, dir, e, d.Edges[i])
		}
	})
}

func checkRoute(t *rapid.T, d *layout.Drawing, dir layout.Direction, e layout.Edge, r layout.Route) {
	from, to := d.Nodes[e.From], d.Nodes[e.To]
	if from.Layer >= to.Layer || r.From != from.ID || r.To != to.ID {
		t.Fatalf("edge %+v leads from layer %d to %d", r, from.Layer, to.Layer)
	}
	along := func(p layout.Point) float64 { return p.X }
	if dir == layout.TopToBottom {
		along = func(p layout.Point) float64 { return p.Y }
	}
	for i := range r.Points[1:] {
		if along(r.Points[i+1]) < along(r.Points[i])-0.02 {
			t.Fatalf("edge %+v goes back", r)
		}
	}
}

func TestNoDrawing(t *testing.T) {
	nodes := []layout.Node{{ID: "a"}, {ID: "b"}}
	for name, edges := range map[string][]layout.Edge{
		"cycle": {{From: 0, To: 1}, {From: 1, To: 0}}, "self": {{From: 1, To: 1}}, "nowhere": {{From: 0, To: 2}}, "negative": {{From: -1, To: 0}},
	} {
		_, err := layout.Layered(nodes, edges, layout.Options{})
		if e, ok := errors.AsType[*contracts.Error](err); !ok || e.Code != contracts.CodeValidation {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Two branches that need not cross do not.
func TestOrderUndoesCrossings(t *testing.T) {
	nodes := make([]layout.Node, 8)
	for i := range nodes {
		nodes[i] = layout.Node{ID: fmt.Sprint(i), Width: 10, Height: 10}
	}
	edges := []layout.Edge{{0, 7}, {1, 6}, {2, 5}, {3, 4}}
	d, err := layout.Layered(nodes, edges, layout.Options{})
	if err != nil || d.Crossings != 0 {
		t.Fatalf("%v, %d crossings", err, d.Crossings)
	}
	for i, r := range d.Edges {
		if r.Points[0].Y != r.Points[1].Y {
			t.Errorf("edge %d is not straight: %+v", i, r.Points)
		}
	}
}

func sample() *contracts.TaskGraph {
	return &contracts.TaskGraph{WorkUnits: []contracts.WorkUnit{
		{ID: "a", Name: `15% of "2,340" <b>`, Type: contracts.Deterministic, Program: &contracts.Program{Task: "num/eval@1"}},
		{ID: "b", Type: contracts.LLM, Model: &contracts.ModelCall{Tier: contracts.TierSmall}},
		{ID: "answer", Name: "answer", Type: contracts.Deterministic, Dependencies: []contracts.UnitID{"a", "b"}},
	}}
}

func TestFormats(t *testing.T) {
	v, err := layout.Of(sample(), layout.Marks{"a": contracts.UnitSuccess, "b": contracts.UnitFailed})
	if err != nil {
		t.Fatal(err)
	}
	d, err := v.Draw(layout.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var svg, mermaid, dot bytes.Buffer
	for _, err := range []error{layout.SVG(&svg, v, d), layout.Mermaid(&mermaid, v, layout.TopToBottom), layout.DOT(&dot, v, layout.LeftToRight)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	dec := xml.NewDecoder(&svg)
	seen := map[string]int{}
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := tok.(xml.StartElement); ok {
			for _, a := range e.Attr {
				if a.Name.Local == "class" {
					seen[a.Value]++
				}
			}
		}
	}
	if seen["box"] != 3 || seen["edge"] != 2 || seen["success"] != 1 || seen["failed"] != 1 || seen["waiting"] != 1 {
		t.Errorf("the picture has %v", seen)
	}
	for _, want := range []string{"flowchart TB", "u0 --> u2", "#60;b#62;", "15% of #34;2,340#34;"} {
		if !strings.Contains(mermaid.String(), want) {
			t.Errorf("Mermaid lacks %q:\n%s", want, &mermaid)
		}
	}
	for _, want := range []string{`"a" -> "answer"`, `15% of \"2,340\" <b>\nnum/eval@1`, `color="#b3372b"`} {
		if !strings.Contains(dot.String(), want) {
			t.Errorf("DOT lacks %q:\n%s", want, &dot)
		}
	}
}

func TestOfRefuses(t *testing.T) {
	for name, g := range map[string]*contracts.TaskGraph{
		"unknown": {WorkUnits: []contracts.WorkUnit{{ID: "a", Dependencies: []contracts.UnitID{"x"}}}},
		"twice":   {WorkUnits: []contracts.WorkUnit{{ID: "a"}, {ID: "a"}}},
	} {
		if _, err := layout.Of(g, nil); err == nil {
			t.Errorf("%s was drawn", name)
		}
	}
}

// grid is a graph of n units in layers of w, each waiting for two before it and
// the last for every tenth.
func grid(n, w int) ([]layout.Node, []layout.Edge) {
	nodes := make([]layout.Node, n)
	var edges []layout.Edge
	for i := range nodes {
		nodes[i] = layout.Node{ID: fmt.Sprint(i), Width: layout.UnitWidth, Height: layout.UnitHeight}
		if i >= w {
			edges = append(edges, layout.Edge{From: i - w, To: i}, layout.Edge{From: i/w*w - w + (i*7+3)%w, To: i})
		}
		if i%10 == 0 && i < n-1 {
			edges = append(edges, layout.Edge{From: i, To: n - 1})
		}
	}
	return nodes, edges
}

func BenchmarkLayered(b *testing.B) {
	for _, n := range []int{200, 3000} {
		nodes, edges := grid(n, 20)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if _, err := layout.Layered(nodes, edges, layout.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
