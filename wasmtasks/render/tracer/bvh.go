package tracer

import "math"

// node is a box of a hierarchy laid out for rays of one octant: depth first,
// the child that such rays meet first before the other. A ray that misses the
// box goes on at node skip, any other at the next one. Near and far are the
// box's planes as such rays cross them.
type node struct {
	near, far   vec
	skip        int32
	first, last int32 // shapes of a leaf; equal in inner nodes
}

// leafSize is the largest number of shapes in a leaf.
const leafSize = 2

// bvh finds the shapes a ray meets without trying all of them: a bounding
// volume hierarchy, laid out once for each of the eight octants of directions.
// That needs no stack and next to no branches in the inner loop, which is what
// a guest pays for most.
type bvh struct {
	shapes  []shape
	octants [8][]node
}

// newBVH arranges shapes into a hierarchy.
func newBVH(shapes []shape) *bvh {
	root, ordered := build(shapes)
	b := &bvh{shapes: ordered}
	for octant := range b.octants {
		b.octants[octant] = root.layOut(octant, nil)
	}
	return b
}

// layOut appends the nodes of n in the order of an octant. Bit i of octant is
// set for directions that are negative along axis i.
func (n *branch) layOut(octant int, nodes []node) []node {
	at := len(nodes)
	flip := func(axis int, lo, hi float64) (near, far float64) {
		if octant>>axis&1 != 0 {
			return hi, lo
		}
		return lo, hi
	}
	var m node
	m.near.x, m.far.x = flip(0, n.box.lo.x, n.box.hi.x)
	m.near.y, m.far.y = flip(1, n.box.lo.y, n.box.hi.y)
	m.near.z, m.far.z = flip(2, n.box.lo.z, n.box.hi.z)
	if n.left == nil {
		m.first, m.last = int32(n.first), int32(n.end)
	}
	nodes = append(nodes, m)
	if n.left != nil {
		first, second := n.left, n.right
		if octant>>n.axis&1 != 0 {
			first, second = second, first
		}
		nodes = second.layOut(octant, first.layOut(octant, nodes))
	}
	nodes[at].skip = int32(len(nodes))
	return nodes
}

// ray is a half line, with what every box test needs of it.
type ray struct {
	origin, dir vec
	inverse     vec // of dir, finite
	octant      int
}

func newRay(origin, dir vec) ray {
	return ray{
		origin: origin, dir: dir,
		inverse: vec{inverse(dir.x), inverse(dir.y), inverse(dir.z)},
		octant:  bit(dir.x < 0) | bit(dir.y < 0)<<1 | bit(dir.z < 0)<<2,
	}
}

func inverse(x float64) float64 {
	if math.Abs(x) < 1e-12 {
		return math.Copysign(1e12, x)
	}
	return 1 / x
}

// bit is 1 for true. It compiles to no branch.
func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// nearest returns the first shape the ray enters before far, with the distance,
// or nil. With once set it returns whichever it finds first.
func (b *bvh) nearest(r *ray, far float64, once bool) (*shape, float64) {
	ox, oy, oz := r.origin.x, r.origin.y, r.origin.z
	ix, iy, iz := r.inverse.x, r.inverse.y, r.inverse.z
	var found *shape
	nodes := b.octants[r.octant]
	for at := 0; at < len(nodes); {
		n := &nodes[at]
		x0, x1 := (n.near.x-ox)*ix, (n.far.x-ox)*ix
		y0, y1 := (n.near.y-oy)*iy, (n.far.y-oy)*iy
		z0, z1 := (n.near.z-oz)*iz, (n.far.z-oz)*iz
		// The three slabs and [0, far] overlap if each begins before each ends.
		meets := bit(x0 <= y1) & bit(x0 <= z1) & bit(y0 <= x1) & bit(y0 <= z1) & bit(z0 <= x1) & bit(z0 <= y1) &
			bit(x0 <= far) & bit(y0 <= far) & bit(z0 <= far) & bit(x1 >= 0) & bit(y1 >= 0) & bit(z1 >= 0)
		if meets == 0 {
			at = int(n.skip)
			continue
		}
		at++
		for i := n.first; i < n.last; i++ {
			if t := b.shapes[i].hit(r); t > epsilon && t < far {
				found, far = &b.shapes[i], t
				if once {
					return found, far
				}
			}
		}
	}
	return found, far
}
