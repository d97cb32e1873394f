package tracer

import "math"

// branch is a box of the hierarchy while it is built. A leaf has shapes
// [first, end) and no children.
type branch struct {
	box         extent
	first, end  int
	axis        int
	left, right *branch
}

// bins is into how many slabs a box is cut to find where to split it.
const bins = 12

// builder splits boxes where that minimises the surface area heuristic, the sum
// over both halves of area × number of shapes.
type builder struct {
	parts   []part
	scratch []part
}

// part is a shape while the hierarchy is built.
type part struct {
	box    extent
	centre [3]float64
	shape  *shape
}

// build makes the hierarchy of shapes and returns them in its order.
func build(shapes []shape) (root *branch, ordered []shape) {
	b := builder{parts: make([]part, len(shapes)), scratch: make([]part, len(shapes))}
	for i := range shapes {
		lo, hi := shapes[i].bounds()
		mid := lo.add(hi).scale(0.5)
		b.parts[i] = part{extent{lo, hi, true}, [3]float64{mid.x, mid.y, mid.z}, &shapes[i]}
	}
	root = b.build(0, len(shapes))
	ordered = make([]shape, len(shapes))
	for i := range b.parts {
		ordered[i] = *b.parts[i].shape
	}
	return root, ordered
}

func (b *builder) build(first, end int) *branch {
	n := &branch{first: first, end: end}
	for i := first; i < end; i++ {
		n.box.include(b.parts[i].box)
	}
	if end-first > leafSize {
		var split int
		n.axis, split = b.split(first, end)
		n.left, n.right = b.build(first, split), b.build(split, end)
	}
	return n
}

// split orders parts[first:end] so that those on the near side of the best
// plane come first, and returns its axis and where the other side begins.
func (b *builder) split(first, end int) (axis, at int) {
	best, plane := math.Inf(1), slab{}
	for i := range 3 {
		s := newSlab(b.parts[first:end], i)
		if cost, bin := s.cheapest(b.parts[first:end]); cost < best {
			best, plane, axis = cost, s, i
			plane.split = bin
		}
	}
	if math.IsInf(best, 1) {
		return 0, (first + end) / 2 // all centres are one
	}
	return axis, first + plane.partition(b.parts[first:end], b.scratch)
}

// slab cuts the extent of some centres along an axis into bins.
type slab struct {
	axis      int
	lo, scale float64
	split     int // the first bin of the far side
}

func newSlab(parts []part, axis int) slab {
	lo, hi := math.Inf(1), math.Inf(-1)
	for i := range parts {
		c := parts[i].centre[axis]
		lo, hi = min(lo, c), max(hi, c)
	}
	if hi <= lo {
		return slab{axis: axis}
	}
	return slab{axis: axis, lo: lo, scale: bins * (1 - 1e-9) / (hi - lo)}
}

func (s *slab) bin(p *part) int { return int((p.centre[s.axis] - s.lo) * s.scale) }

// cheapest returns the best bin to split before and its cost, infinite if no
// split has shapes on both sides.
func (s *slab) cheapest(parts []part) (best float64, split int) {
	var boxes [bins]extent
	var counts [bins]int
	for i := range parts {
		k := s.bin(&parts[i])
		boxes[k].include(parts[i].box)
		counts[k]++
	}
	var far [bins]float64
	var box extent
	n := 0
	for k := bins - 1; k > 0; k-- {
		box.include(boxes[k])
		n += counts[k]
		far[k] = box.area() * float64(n)
	}
	best, box, n = math.Inf(1), extent{}, 0
	for k := 1; k < bins; k++ {
		box.include(boxes[k-1])
		n += counts[k-1]
		if cost := box.area()*float64(n) + far[k]; n > 0 && n < len(parts) && cost < best {
			best, split = cost, k
		}
	}
	return best, split
}

// partition moves the near side's parts before the far side's, keeping their
// order, and returns how many there are.
func (s *slab) partition(parts, scratch []part) int {
	near, far := 0, 0
	for i := range parts {
		if s.bin(&parts[i]) < s.split {
			parts[near] = parts[i]
			near++
		} else {
			scratch[far] = parts[i]
			far++
		}
	}
	copy(parts[near:], scratch[:far])
	return near
}

// extent is a box that grows; the zero extent is empty.
type extent struct {
	lo, hi vec
	some   bool
}

func (e *extent) include(o extent) {
	if !o.some {
		return
	}
	if !e.some {
		*e = o
		return
	}
	e.lo = vec{min(e.lo.x, o.lo.x), min(e.lo.y, o.lo.y), min(e.lo.z, o.lo.z)}
	e.hi = vec{max(e.hi.x, o.hi.x), max(e.hi.y, o.hi.y), max(e.hi.z, o.hi.z)}
}

func (e *extent) area() float64 {
	d := e.hi.sub(e.lo)
	return d.x*d.y + d.y*d.z + d.z*d.x
}
