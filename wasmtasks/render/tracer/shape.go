package tracer

import "math"

// shape is a sphere swept along the segment from a to a + length·axis while its
// radius shrinks linearly: a limb of a tentacle. A zero length is a sphere.
type shape struct {
	a, b     vec
	ra, rb   float64
	axis     vec
	length   float64
	taper    float64 // sine of the angle between surface and axis
	flatness float64 // squared cosine of that angle
	material material
	lamp     int // which one a glowing sphere is
	// frame of the surface pattern: where along the limb the shape begins and
	// ends, and which way its underside faces
	from, to float64
	under    vec
}

func newSphere(centre vec, radius float64, m material) shape {
	return shape{a: centre, b: centre, ra: radius, rb: radius, axis: vec{0, 1, 0}, flatness: 1, material: m}
}

func newLimb(a, b vec, ra, rb float64, m material) shape {
	s := newSphere(a, ra, m)
	s.b, s.rb = b, rb
	s.length = b.sub(a).length()
	s.axis = b.sub(a).scale(1 / s.length)
	s.taper = (ra - rb) / s.length
	s.flatness = 1 - s.taper*s.taper
	return s
}

// hit returns the distance at which the ray enters the shape, or a negative
// number. A ray that begins inside does not enter.
func (s *shape) hit(r *ray) float64 {
	origin, dir := r.origin, r.dir
	ox, oy, oz := origin.x-s.a.x, origin.y-s.a.y, origin.z-s.a.z
	oo := ox*ox + oy*oy + oz*oz
	ov := ox*dir.x + oy*dir.y + oz*dir.z
	if s.length == 0 {
		return enter(ov, oo-s.ra*s.ra)
	}
	// The side is the set of points at height y along the axis and distance h
	// from it with √flatness·h + taper·y = ra.
	y := ox*s.axis.x + oy*s.axis.y + oz*s.axis.z
	vy := dir.x*s.axis.x + dir.y*s.axis.y + dir.z*s.axis.z
	k, m := s.ra-s.taper*y, s.taper*vy
	a := s.flatness*(1-vy*vy) - m*m
	b := s.flatness*(ov-y*vy) + k*m
	c := s.flatness*(oo-y*y) - k*k
	if d := b*b - a*c; d >= 0 {
		t := (-b - math.Sqrt(d)) / a
		if centre := y + t*vy - s.ra*s.taper; centre >= 0 && centre <= s.length*s.flatness {
			return t
		}
	} else if a > 0 {
		return -1
	}
	t := enter(ov, oo-s.ra*s.ra)
	ox, oy, oz = origin.x-s.b.x, origin.y-s.b.y, origin.z-s.b.z
	u := enter(ox*dir.x+oy*dir.y+oz*dir.z, ox*ox+oy*oy+oz*oz-s.rb*s.rb)
	if t < 0 || (u >= 0 && u < t) {
		return u
	}
	return t
}

// enter solves t² + 2bt + c = 0 for its smaller root, negative if there is none.
func enter(b, c float64) float64 {
	d := b*b - c
	if d < 0 {
		return -1
	}
	return -b - math.Sqrt(d)
}

// normal returns the unit normal at a point p of the surface, and how far along
// the limb it is, from 0 to 1.
func (s *shape) normal(p vec) (n vec, along float64) {
	if s.length == 0 {
		return p.sub(s.a).scale(1 / s.ra), 0
	}
	c := (p.sub(s.a).dot(s.axis) - s.ra*s.taper) / s.flatness
	c = min(s.length, max(0, c))
	return p.sub(s.a.along(s.axis, c)).unit(), c / s.length
}

// bounds returns the corners of the shape's box.
func (s *shape) bounds() (lo, hi vec) {
	return vec{min(s.a.x-s.ra, s.b.x-s.rb), min(s.a.y-s.ra, s.b.y-s.rb), min(s.a.z-s.ra, s.b.z-s.rb)},
		vec{max(s.a.x+s.ra, s.b.x+s.rb), max(s.a.y+s.ra, s.b.y+s.rb), max(s.a.z+s.ra, s.b.z+s.rb)}
}
