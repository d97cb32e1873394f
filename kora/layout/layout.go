package layout

import "github.com/krako-labs/krako/contracts"

// Node is a box to be placed, its size in pixels.
type Node struct {
	ID            string
	Width, Height float64
}

// Edge leads from one node to another, by their places in the list of nodes.
type Edge struct{ From, To int }

// Direction is where the layers go.
type Direction string

// The directions.
const (
	LeftToRight Direction = "lr"
	TopToBottom Direction = "tb"
)

// Valid reports whether d is a direction.
func (d Direction) Valid() bool { return d == LeftToRight || d == TopToBottom }

// Options say how to draw. Gaps are in pixels; zero means the default.
type Options struct {
	Direction Direction // default LeftToRight
	LayerGap  float64   // between layers, default 56
	NodeGap   float64   // between neighbours of a layer, default 20
	Margin    float64   // around everything, default 16
}

// Point is a place in a drawing; y grows downwards.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Place is where a node is: its upper left corner and its size.
type Place struct {
	ID     string  `json:"id"`
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
	// Layer counts from 0, the layer of what waits for nothing.
	Layer int `json:"layer"`
}

// Route is how an edge runs: from the border of one node through Points to the
// border of another. A curve through them stays clear of other nodes if it is
// straight between every second pair.
type Route struct {
	From   string  `json:"from"`
	To     string  `json:"to"`
	Points []Point `json:"points"`
}

// Drawing is a graph with places. Nodes and Edges are in the order of the input.
type Drawing struct {
	Direction Direction `json:"direction"`
	Width     float64   `json:"width"`
	Height    float64   `json:"height"`
	Layers    int       `json:"layers"`
	// Crossings counts how often edges cross between layers.
	Crossings int     `json:"crossings"`
	Nodes     []Place `json:"nodes"`
	Edges     []Route `json:"edges"`
	// Stages are those of the graph where it was drawn with stages as boxes.
	Stages []Stage `json:"stages,omitempty"`
}

// maxBends bounds the layers that all edges together pass through; beyond it long
// edges run straight from end to end, whatever is between.
const maxBends = 20_000

// Layered places nodes. An edge to nowhere or a cycle is a VALIDATION_ERROR error that
// names a node of it. Time is about linear in nodes, edges and bends.
func Layered(nodes []Node, edges []Edge, o Options) (*Drawing, error) {
	for i, e := range edges {
		if e.From < 0 || e.To < 0 || e.From >= len(nodes) || e.To >= len(nodes) {
			return nil, contracts.Errorf(contracts.CodeValidation, "edges", "edge %d leads from %d to %d of %d nodes", i, e.From, e.To, len(nodes))
		}
	}
	o = o.filled()
	rank, err := layers(nodes, edges)
	if err != nil {
		return nil, err
	}
	s := newSheet(nodes, edges, rank, o)
	s.order()
	s.place()
	return s.drawing(nodes, edges), nil
}

func (o Options) filled() Options {
	if !o.Direction.Valid() {
		o.Direction = LeftToRight
	}
	for _, f := range []struct {
		gap      *float64
		fallback float64
	}{{&o.LayerGap, 56}, {&o.NodeGap, 20}, {&o.Margin, 16}} {
		if *f.gap <= 0 {
			*f.gap = f.fallback
		}
	}
	return o
}
