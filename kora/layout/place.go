package layout

import "math"

const (
	rounds     = 8
	bendWeight = 6.0 // long edges want to be straight more than nodes want to be in the middle
)

// place gives every vertex its middle, across: as near to its neighbours as the
// order and the gaps let it.
func (s *sheet) place() {
	for _, row := range s.rows {
		x := 0.0
		for i, v := range row {
			if i > 0 {
				x += s.apart(row[i-1], v)
			}
			s.at[v] = x
		}
		for _, v := range row {
			s.at[v] -= x / 2
		}
	}
	for range rounds {
		for r := 1; r < len(s.rows); r++ {
			s.settle(s.rows[r], s.up, nil)
		}
		for r := len(s.rows) - 2; r >= 0; r-- {
			s.settle(s.rows[r], s.down, nil)
		}
	}
	for r := range s.rows {
		s.settle(s.rows[r], s.up, s.down)
	}
}

// apart is how far the middles of two neighbours of a row must be from each other.
func (s *sheet) apart(a, b int) float64 {
	gap := s.o.NodeGap
	if a >= s.real && b >= s.real {
		gap /= 2
	}
	return (s.size[a]+s.size[b])/2 + gap
}

// block is neighbours of a row that stand as close as they may: their weight, and
// the weighted mean of where they want the first of them to be.
type block struct {
	first  int
	weight float64
	mean   float64
}

// settle moves a row to the places with the least squared distance to what each
// vertex wants, in order and with gaps kept: isotonic regression by pooling
// neighbours that are in each other's way.
func (s *sheet) settle(row []int, sides ...[][]int) {
	blocks := make([]block, 0, len(row))
	offset := make([]float64, len(row))
	for i, v := range row {
		if i > 0 {
			offset[i] = offset[i-1] + s.apart(row[i-1], v)
		}
		want, weight := s.wants(v, sides)
		b := block{i, weight, want - offset[i]}
		for n := len(blocks); n > 0 && blocks[n-1].mean >= b.mean; n = len(blocks) {
			last := blocks[n-1]
			sum := last.weight + b.weight
			b = block{last.first, sum, (last.mean*last.weight + b.mean*b.weight) / sum}
			blocks = blocks[:n-1]
		}
		blocks = append(blocks, b)
	}
	for n, b := range blocks {
		end := len(row)
		if n+1 < len(blocks) {
			end = blocks[n+1].first
		}
		for i := b.first; i < end; i++ {
			s.at[row[i]] = b.mean + offset[i]
		}
	}
}

// wants is where a vertex would be best, and how much that counts.
func (s *sheet) wants(v int, sides [][][]int) (at, weight float64) {
	sum, n := 0.0, 0
	for _, side := range sides {
		if side == nil {
			continue
		}
		for _, w := range side[v] {
			sum += s.at[w]
			n++
		}
	}
	weight = 1
	if v >= s.real {
		weight = bendWeight
	}
	if n == 0 {
		return s.at[v], weight / 10
	}
	return sum / float64(n), weight
}

// drawing turns along and across into x and y.
func (s *sheet) drawing(nodes []Node, edges []Edge) *Drawing {
	d := &Drawing{Direction: s.o.Direction, Layers: len(s.rows), Crossings: s.crossings(), Nodes: make([]Place, len(nodes)), Edges: make([]Route, len(edges))}
	start, along := s.starts()
	low, high := s.bounds()
	across := func(v int) float64 { return round(s.at[v] - low + s.o.Margin) }
	width := along
	height := round(high - low + 2*s.o.Margin)
	for v, n := range nodes {
		p := Place{ID: n.ID, Width: n.Width, Height: n.Height, Layer: s.row[v]}
		if s.o.Direction == TopToBottom {
			p.X, p.Y = round(across(v)-n.Width/2), round(start[s.row[v]]+(s.deep[s.row[v]]-n.Height)/2)
		} else {
			p.X, p.Y = round(start[s.row[v]]+(s.deep[s.row[v]]-n.Width)/2), round(across(v)-n.Height/2)
		}
		d.Nodes[v] = p
	}
	for i, e := range edges {
		d.Edges[i] = Route{nodes[e.From].ID, nodes[e.To].ID, s.route(d, i, e, start, across)}
	}
	d.Width, d.Height = width, height
	if s.o.Direction == TopToBottom {
		d.Width, d.Height = height, width
	}
	return d
}

// route is the way of one edge.
func (s *sheet) route(d *Drawing, i int, e Edge, start []float64, across func(int) float64) []Point {
	from, to := d.Nodes[e.From], d.Nodes[e.To]
	points := make([]Point, 0, 2+2*len(s.bends[i]))
	add := func(along, x float64) {
		p := Point{round(along), x}
		if s.o.Direction == TopToBottom {
			p = Point{x, round(along)}
		}
		points = append(points, p)
	}
	if s.o.Direction == TopToBottom {
		add(from.Y+from.Height, across(e.From))
	} else {
		add(from.X+from.Width, across(e.From))
	}
	for _, v := range s.bends[i] {
		r := s.row[v]
		add(start[r], across(v))
		add(start[r]+s.deep[r], across(v))
	}
	if s.o.Direction == TopToBottom {
		add(to.Y, across(e.To))
	} else {
		add(to.X, across(e.To))
	}
	return points
}

// starts is where each row begins, and where the drawing ends.
func (s *sheet) starts() (start []float64, end float64) {
	start = make([]float64, len(s.rows))
	end = s.o.Margin
	for r, deep := range s.deep {
		start[r] = end
		end += deep
		if r+1 < len(s.deep) {
			end += s.o.LayerGap
		}
	}
	return start, round(end + s.o.Margin)
}

func (s *sheet) bounds() (low, high float64) {
	if len(s.at) == 0 {
		return 0, 0
	}
	low, high = math.Inf(1), math.Inf(-1)
	for v, x := range s.at {
		low, high = min(low, x-s.size[v]/2), max(high, x+s.size[v]/2)
	}
	return low, high
}

// round keeps two places, so that drawings are short and the same everywhere.
func round(x float64) float64 { return math.Round(x*100) / 100 }
