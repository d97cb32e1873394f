package layout

import "github.com/krako-labs/krako/contracts"

// layers gives every node the layer behind the last one that it waits for. What
// waits for nothing moves up to the first that waits for it.
func layers(nodes []Node, edges []Edge) ([]int, error) {
	waits, next := make([]int, len(nodes)), make([][]int, len(nodes))
	for _, e := range edges {
		waits[e.To]++
		next[e.From] = append(next[e.From], e.To)
	}
	rank, source := make([]int, len(nodes)), make([]bool, len(nodes))
	var todo []int
	for v, n := range waits {
		if n == 0 {
			source[v] = true
			todo = append(todo, v)
		}
	}
	for done := 0; done < len(todo); done++ {
		v := todo[done]
		for _, w := range next[v] {
			rank[w] = max(rank[w], rank[v]+1)
			if waits[w]--; waits[w] == 0 {
				todo = append(todo, w)
			}
		}
	}
	for v, n := range waits {
		if n > 0 {
			return nil, contracts.Errorf(contracts.CodeValidation, nodes[v].ID, "stands on a cycle")
		}
	}
	for v := range nodes {
		if source[v] && len(next[v]) > 0 {
			first := rank[next[v][0]]
			for _, w := range next[v] {
				first = min(first, rank[w])
			}
			rank[v] = first - 1
		}
	}
	return rank, nil
}

// sheet is a graph in layers, with a bend wherever an edge passes through a layer.
// Along is the direction of the layers, across the other one.
type sheet struct {
	o     Options
	rows  [][]int // vertices of each layer, in order
	row   []int   // of a vertex
	slot  []int   // of a vertex within its row
	size  []float64
	deep  []float64 // of a row: its size along
	up    [][]int   // neighbours in the row before
	down  [][]int   // and in the row after
	bends [][]int   // of an edge; nil where it has none
	at    []float64 // the middle of a vertex, across
	real  int       // how many vertices are nodes
}

func newSheet(nodes []Node, edges []Edge, rank []int, o Options) *sheet {
	s := &sheet{o: o, real: len(nodes), row: append([]int(nil), rank...), bends: make([][]int, len(edges))}
	span := 0
	for v, n := range nodes {
		for len(s.rows) <= rank[v] {
			s.rows, s.deep = append(s.rows, nil), append(s.deep, 0)
		}
		along, across := n.Width, n.Height
		if o.Direction == TopToBottom {
			along, across = across, along
		}
		s.size = append(s.size, across)
		s.deep[rank[v]] = max(s.deep[rank[v]], along)
		s.rows[rank[v]] = append(s.rows[rank[v]], v)
	}
	for _, e := range edges {
		span += rank[e.To] - rank[e.From] - 1
	}
	s.up, s.down = make([][]int, len(nodes)), make([][]int, len(nodes))
	for i, e := range edges {
		s.connect(i, e, span <= maxBends)
	}
	s.slot, s.at = make([]int, len(s.row)), make([]float64, len(s.row))
	return s
}

// connect adds an edge, in pieces from layer to layer.
func (s *sheet) connect(i int, e Edge, bend bool) {
	from := e.From
	if s.row[e.To] > s.row[from]+1 && !bend {
		return
	}
	for r := s.row[from] + 1; r < s.row[e.To]; r++ {
		v := len(s.row)
		s.row, s.size = append(s.row, r), append(s.size, 0)
		s.up, s.down = append(s.up, nil), append(s.down, nil)
		s.rows[r] = append(s.rows[r], v)
		s.bends[i] = append(s.bends[i], v)
		s.link(from, v)
		from = v
	}
	s.link(from, e.To)
}

func (s *sheet) link(from, to int) {
	s.down[from] = append(s.down[from], to)
	s.up[to] = append(s.up[to], from)
}
