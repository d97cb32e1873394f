package tracer

import "math"

// material says how a shape answers light.
type material int

const (
	skin   material = iota // wet hide: diffuse under a clear coat
	sucker                 // the pale discs on a tentacle's underside
	glow                   // a light
	gold                   // rough metal
	glass
)

// scene is a kraken at dusk: tentacles rising from the sea around a glowing
// pearl, each holding a light of its own.
type scene struct {
	*bvh
	lamps []lamp
}

// lamp is a glowing sphere.
type lamp struct {
	centre vec
	radius float64
	colour vec // radiance
	power  float64
}

func newScene() *scene {
	var s scene
	var shapes []shape
	light := func(centre vec, radius float64, colour vec) {
		s.lamps = append(s.lamps, lamp{centre, radius, colour, colour.brightest()})
		globe := newSphere(centre, radius, glow)
		globe.lamp = len(s.lamps) - 1
		shapes = append(shapes, globe)
	}
	light(vec{0, 2.55, -0.2}, 0.66, vec{0.62, 3.9, 5.0})
	hues := []vec{{6, 1.1, 0.16}, {5.5, 2.4, 0.3}, {0.5, 4, 3.2}, {5.5, 0.7, 0.8}, {1.2, 2, 6}, {6, 1.6, 0.2}, {0.6, 4, 2.6}, {5.5, 2, 0.3}, {4.6, 0.8, 2}}
	for i, t := range arms() {
		tip, limbs := t.grow()
		shapes = append(shapes, limbs...)
		light(tip, 0.12, hues[i%len(hues)].scale(2.2))
	}
	for _, f := range []struct {
		x, z, radius float64
		material     material
	}{{-2.3, 4.6, 0.42, glass}, {2.75, 4.3, 0.36, gold}, {0.55, 5.6, 0.2, gold}, {4.6, 1.6, 0.5, glass}, {-4.7, 2.2, 0.34, gold}} {
		shapes = append(shapes, newSphere(vec{f.x, f.radius * 0.55, f.z}, f.radius, f.material))
	}
	s.bvh = newBVH(shapes)
	return &s
}

// arm describes one tentacle by how its heading turns along the way.
type arm struct {
	azimuth, distance float64 // of its root; the camera is at azimuth π/2
	length, radius    float64
	lean              float64 // at the root, away from its underside, radians
	sway              float64 // turn on the way up, radians
	curl              float64 // tightness of the spiral it ends in
	twist             float64 // turn out of its plane, radians
	outward           bool    // the underside faces away from the pearl
}

func arms() []arm {
	return []arm{
		{azimuth: 2.80, distance: 3.1, length: 9.4, radius: 0.60, lean: 0.42, sway: 0.55, curl: 1.75, twist: 0.5},
		{azimuth: 0.30, distance: 3.0, length: 9.0, radius: 0.56, lean: 0.40, sway: 0.50, curl: 1.85, twist: -0.6},
		{azimuth: 4.45, distance: 2.3, length: 8.8, radius: 0.50, lean: 0.15, sway: 0.30, curl: 2.1, twist: 0.7},
		{azimuth: 5.15, distance: 2.0, length: 9.6, radius: 0.52, lean: 0.32, sway: 0.15, curl: 1.9, twist: -0.8, outward: true},
		{azimuth: 3.75, distance: 3.3, length: 7.2, radius: 0.46, lean: 0.10, sway: 0.20, curl: 2.2, twist: 0.6, outward: true},
		{azimuth: 1.95, distance: 2.6, length: 5.6, radius: 0.40, lean: 0.55, sway: 0.70, curl: 1.7, twist: 1.1},
		{azimuth: 1.05, distance: 2.7, length: 5.0, radius: 0.38, lean: 0.50, sway: 0.45, curl: 1.9, twist: -1.0},
		{azimuth: 5.95, distance: 4.3, length: 6.4, radius: 0.42, lean: 0.25, sway: 0.30, curl: 2.0, twist: 0.5, outward: true},
		{azimuth: 2.62, distance: 6.0, length: 4.2, radius: 0.34, lean: 0.20, sway: 0.40, curl: 1.9, twist: -0.5},
	}
}

// limbsPerArm is how finely a tentacle is divided.
const limbsPerArm = 72

// grow follows the tentacle from below the sea to its tip and returns its limbs
// with their suckers, and the place of the light that it holds.
func (a arm) grow() (held vec, shapes []shape) {
	under := vec{-math.Cos(a.azimuth), 0, -math.Sin(a.azimuth)}
	p := under.scale(-a.distance)
	p.y = -0.6
	if a.outward {
		under = under.scale(-1)
	}
	heading := vec{0, math.Cos(a.lean), 0}.along(under, -math.Sin(a.lean))
	const du = 1.0 / limbsPerArm
	ds := a.length * du
	gap := 0.0
	for i := range limbsPerArm {
		u := float64(i) * du
		axis := heading.cross(under).unit()
		heading = heading.rotate(axis, a.turn(u)*du)
		heading = heading.rotate(heading.cross(axis), a.twist*du).unit()
		under = under.along(heading, -under.dot(heading)).unit()
		q := p.along(heading, ds)
		limb := newLimb(p, q, a.thickness(u), a.thickness(u+du), skin)
		limb.from, limb.to, limb.under = u, u+du, under
		shapes = append(shapes, limb)
		if gap += ds; gap >= 0.62*a.thickness(u) && u < 0.97 {
			gap = 0
			shapes = append(shapes, suckers(p, heading, under, a.thickness(u))...)
		}
		p = q
	}
	return p.along(under, 0.1), shapes
}

// turn is the curvature towards the underside at u of the length, in radians
// per length: a sway that ends in a logarithmic spiral.
func (a arm) turn(u float64) float64 {
	return 2*a.sway*step(0.1, 0.5, u) + a.curl/(1.03-u)*step(0.35, 0.75, u)
}

// thickness is the tentacle's radius at u of its length.
func (a arm) thickness(u float64) float64 { return a.radius*math.Pow(1-u*0.97, 0.85) + 0.012 }

// suckers returns a pair of discs on the underside.
func suckers(p, heading, under vec, radius float64) []shape {
	side := heading.cross(under)
	pair := make([]shape, 0, 2)
	for _, s := range []float64{-0.42, 0.42} {
		d := under.along(side, s).unit()
		disc := newSphere(p.along(d, 0.9*radius), 0.27*radius, sucker)
		disc.under = d
		pair = append(pair, disc)
	}
	return pair
}
