package tracer

import "math"

const (
	// epsilon keeps a ray from meeting the surface it leaves.
	epsilon = 1e-4
	// maxHops bounds the surfaces one path visits.
	maxHops = 7
)

// world is everything a ray can meet. It is read-only once made.
type world struct {
	*scene
	sky   sky
	waves []wave
	sobol *[maxSamples]uint32
}

func newWorld() *world {
	return &world{scene: newScene(), sky: newSky(), waves: newSea(), sobol: newSobol()}
}

// path is a light path on its way from the eye.
type path struct {
	*world
	random *sampler

	origin, dir vec
	weight      vec // of what the path will still meet
	light       vec // gathered so far
	// mirrored is set while the path has only been reflected and refracted, so
	// that it sees lights itself and not by direct sampling.
	mirrored bool
}

// trace returns the radiance that arrives at origin from direction dir.
func (w *world) trace(random *sampler, origin, dir vec) vec {
	p := path{world: w, random: random, origin: origin, dir: dir, weight: vec{1, 1, 1}, mirrored: true}
	for range maxHops {
		if !p.hop() || p.weight.brightest() < 0.004 {
			break
		}
	}
	return p.light
}

// hop goes on to the next surface; false at the path's end.
func (p *path) hop() bool {
	far := math.Inf(1)
	if p.dir.y < 0 {
		far = -p.origin.y / p.dir.y // the sea
	}
	r := newRay(p.origin, p.dir)
	s, distance := p.nearest(&r, far, false)
	if p.mirrored {
		p.light = p.light.add(p.weight.mul(p.haze(distance)))
	}
	if s == nil {
		if p.dir.y < 0 {
			return p.sea(distance)
		}
		p.light = p.light.add(p.weight.mul(p.background()))
		return false
	}
	at := p.origin.along(p.dir, distance)
	n, along := s.normal(at)
	switch s.material {
	case glow:
		return p.lamp(s, n)
	case gold:
		return p.metal(at, n)
	case glass:
		return p.glass(s, at, n)
	}
	return p.hide(s, at, n, along)
}

// background is the sky as the path sees it; diffuse light needs no clouds.
func (p *path) background() vec {
	if p.mirrored {
		return p.sky.radiance(p.dir)
	}
	return p.sky.gradient(p.dir)
}

// haze is the light of lamps that thin mist scatters into the ray, the integral
// of 1/distance² along it: (atan((t-c)/h) + atan(c/h))/h with h the lamp's
// distance from the ray's line and c its foot.
func (p *path) haze(t float64) vec {
	var sum vec
	for i := range p.lamps {
		l := &p.lamps[i]
		to := l.centre.sub(p.origin)
		c := to.dot(p.dir)
		reach := 9 * l.radius
		h2 := to.dot(to) - c*c
		if h2 > reach*reach || c < -reach || c > t+reach {
			continue
		}
		h := math.Sqrt(h2 + 0.3*l.radius*l.radius)
		sum = sum.along(l.colour, l.radius*l.radius*0.028*(1-h2/(reach*reach))*(math.Atan((t-c)/h)+math.Atan(c/h))/h)
	}
	return sum
}

// lamp ends the path at a lamp's face: cloudy, and brighter at its rim.
func (p *path) lamp(s *shape, n vec) bool {
	if p.mirrored {
		rim := 1 + n.dot(p.dir) // 0 in the middle
		warp, _ := noise(n.scale(3))
		swirl, _ := noise(n.scale(2.2).add(vec{0, 2 * warp, 0}))
		face := p.lamps[s.lamp].colour.scale(0.10 + 0.55*swirl*swirl*swirl + 0.30*rim*rim)
		p.light = p.light.add(p.weight.mul(face))
	}
	return false
}

// visible reports whether nothing stands between at and the light in direction
// dir at distance far.
func (p *path) visible(at, dir vec, far float64) bool {
	r := newRay(at, dir)
	s, _ := p.nearest(&r, far, true)
	return s == nil
}

// schlick is the share of light that a surface reflects at the given cosine,
// f0 of it head-on.
func schlick(f0, cos float64) float64 {
	m := 1 - saturate(cos)
	q := m * m
	return f0 + (1-f0)*q*q*m
}

// highlight is the microfacet reflection of light from direction l to direction
// -dir by a surface of the given roughness and head-on reflectance, times the
// cosine of l: GGX with an approximate shadowing term.
func highlight(dir, l, n vec, roughness, f0 float64) float64 {
	nl := n.dot(l)
	if nl <= 0 {
		return 0
	}
	h := l.sub(dir).unit()
	a := roughness * roughness
	nh := positive(n.dot(h))
	d := nh*nh*(a-1) + 1
	lh := 0.1 + positive(l.dot(h)-0.1)
	return schlick(f0, lh) * a * nl / (math.Pi * d * d * 4 * lh * lh)
}
