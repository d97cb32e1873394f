package tracer

import "math"

// deep is the colour of the sea's body under an open sky.
func deep() vec { return vec{0.003, 0.016, 0.024} }

// sea reflects the path at the sea's surface, t along the ray.
func (p *path) sea(t float64) bool {
	at := p.origin.along(p.dir, t)
	at.y = 0
	n := seaNormal(p.waves, at.x, at.z, t)
	cos := -n.dot(p.dir)
	if cos < 0.02 {
		n = n.along(p.dir, -0.02+cos).unit()
		cos = 0.02
	}
	flat := vec{p.dir.x, 0.012, p.dir.z}.unit()
	near := 1 / (1 + 0.006*t)
	far := 0.85 * (1 - near*near) // hidden by haze
	p.light = p.light.add(p.weight.mul(p.sky.gradient(flat)).scale(far))
	p.weight = p.weight.scale(1 - far)
	f := schlick(0.02, cos)
	p.light = p.light.add(p.weight.mul(deep().add(p.lampsInWater(at))).scale(1 - f))
	if p.mirrored {
		if g := highlight(p.dir, p.sky.sun, n, 0.085+0.002*min(t, 60), 0.02); g > 0.002 && p.visible(at, p.sky.sun, math.Inf(1)) {
			p.light = p.light.add(p.weight.mul(p.sky.sunColour).scale(min(g, 1.6)))
		}
	}
	r := p.dir.reflect(n)
	r.y = math.Abs(r.y)
	p.origin, p.dir, p.weight = at, r.unit(), p.weight.scale(f)
	return true
}

// lampsInWater is the light that the lamps' shine makes in the water at a point
// of its surface.
func (p *path) lampsInWater(at vec) vec {
	var sum vec
	for i := range p.lamps {
		l := &p.lamps[i]
		to := l.centre.sub(at)
		d2 := to.dot(to)
		if power := l.radius * l.radius * to.y / (d2 * math.Sqrt(d2)); power > 0.0005 {
			sum = sum.along(l.colour, power)
		}
	}
	return sum.mul(vec{0.05, 0.16, 0.17})
}

// hide scatters the path at a tentacle: diffusely at the skin, after what the
// wet coat reflects has been added.
func (p *path) hide(s *shape, at, n vec, along float64) bool {
	h := hit{at: at, normal: n, face: n, albedo: paint(s, at, n, along, p.mirrored)}
	if p.mirrored {
		h.normal = bump(at, n)
	}
	if cos := h.normal.dot(p.dir); cos > -0.01 {
		h.normal = h.normal.along(p.dir, -0.01-cos).unit()
	}
	f := schlick(0.045, -h.normal.dot(p.dir))
	p.sunlight(&h)
	p.lamplight(&h)
	if !p.mirrored || p.weight.brightest() < 0.2 {
		// what comes after two scatterings is nearly the same everywhere, and
		// what is seen dimly in the water need not be exact
		p.light = p.light.add(p.weight.mul(h.albedo).mul(vec{0.10, 0.08, 0.10}))
		return false
	}
	p.light = p.light.add(p.weight.mul(p.coat(&h)).scale(f))
	p.weight = p.weight.mul(h.albedo).scale(1 - f)
	p.origin, p.dir, p.mirrored = at, p.random.hemisphere(n), false
	return true
}

// hit is a point of a diffuse, coated surface.
type hit struct {
	at     vec
	normal vec // with the surface's grain
	face   vec // normal of the shape itself: no light comes from behind it
	albedo vec
}

// coat is the light that the wet coat reflects: the open sky, or its image in
// the sea, where nothing stands in the way. It takes no further path, for which
// the thin coat reflects too little, and so makes no noise.
func (p *path) coat(h *hit) vec {
	r := p.dir.reflect(h.normal)
	if h.face.dot(r) <= 0 || !p.visible(h.at, r, 30) {
		return vec{0.03, 0.02, 0.02}
	}
	if r.y >= 0 {
		return p.sky.gradient(r)
	}
	f := schlick(0.02, -r.y)
	return p.sky.gradient(vec{r.x, -r.y, r.z}).scale(f).add(deep())
}

// sunlight adds the sun's light at h, tested for shadow at one point of its face.
func (p *path) sunlight(h *hit) {
	l := p.random.cone(p.sky.sun, sunCos)
	if h.faces(l) && p.visible(h.at, l, math.Inf(1)) {
		strength := 1.0
		if !p.mirrored {
			strength = 0.5 // rare and bright at second hand: trade some of it for less noise
		}
		p.light = p.light.add(p.weight.mul(p.sky.sunColour).mul(p.scattered(h, l)).scale(strength))
	}
}

// faces reports whether light from direction l falls on the surface.
func (h *hit) faces(l vec) bool { return h.normal.dot(l) > 0 && h.face.dot(l) > 0 }

// scattered is what the surface sends back of light from direction l.
func (p *path) scattered(h *hit, l vec) vec {
	c := h.albedo.scale(h.normal.dot(l) / math.Pi)
	if !p.mirrored {
		return c
	}
	shine := 2 * saturate(0.5*highlight(p.dir, l, h.normal, 0.2, 0.045))
	return c.add(vec{shine, shine, shine})
}

// faintest is the shine of a lamp, radiance × sine² of its half angle, from
// which on it is looked at.
const faintest = 0.022

// lamplight adds the light of every lamp that matters here, each tested for
// shadow at one point of its face. Light that has already been scattered once
// comes from the brightest lamp alone, the pearl.
func (p *path) lamplight(h *hit) {
	lamps := p.lamps
	if !p.mirrored {
		lamps = lamps[:1]
	}
	for i := range lamps {
		l := &lamps[i]
		to := l.centre.sub(h.at)
		d2 := to.dot(to)
		sin2 := l.radius * l.radius / d2
		reach := 1 - faintest/(sin2*l.power) // fades out where a lamp stops mattering
		if reach <= 0 || sin2 >= 1 || h.face.dot(to) < -l.radius {
			continue
		}
		cosMax := math.Sqrt(1 - sin2)
		d := math.Sqrt(d2)
		dir := p.random.cone(to.scale(1/d), cosMax)
		if h.faces(dir) && p.visible(h.at, dir, d-1.05*l.radius) {
			solid := 2 * math.Pi * (1 - cosMax) * reach
			p.light = p.light.add(p.weight.mul(l.colour).mul(p.scattered(h, dir)).scale(solid))
		}
	}
}

// metal reflects the path at rough gold.
func (p *path) metal(at, n vec) bool {
	colour := vec{1, 0.72, 0.34}
	f := schlick(0, -n.dot(p.dir))
	p.weight = p.weight.mul(colour.mix(vec{1, 1, 1}, f))
	if g := highlight(p.dir, p.sky.sun, n, 0.22, 1); g > 0.001 && p.visible(at, p.sky.sun, math.Inf(1)) {
		p.light = p.light.add(p.weight.mul(p.sky.sunColour).scale(min(g, 3)))
	}
	r := p.random.cone(p.dir.reflect(n), 0.997)
	if r.dot(n) <= 0 {
		return false
	}
	p.origin, p.dir = at, r
	return true
}

// glass reflects the path at a glass ball or sends it through: in at one side
// and out at the other.
func (p *path) glass(s *shape, at, n vec) bool {
	const index = 1.45
	cos := -n.dot(p.dir)
	f := schlick(0.034, cos)
	u, _ := p.random.pair()
	chance := min(0.8, max(0.2, f))
	if u < chance {
		p.weight = p.weight.scale(f / chance)
		p.origin, p.dir = at, p.dir.reflect(n)
		return true
	}
	inside := refract(p.dir, n, 1/index)
	out := at.along(inside, -2*inside.dot(n)*s.ra)
	p.weight = p.weight.mul(vec{0.93, 0.98, 0.97}).scale((1 - f) / (1 - chance))
	if out.y < 0 {
		p.light = p.light.add(p.weight.mul(deep().scale(3)))
		return false
	}
	p.origin, p.dir = out, refract(inside, s.a.sub(out).scale(1/s.ra), index)
	return true
}

// refract bends the unit direction d at unit normal n, which faces it; ratio is
// the refractive index before over that behind.
func refract(d, n vec, ratio float64) vec {
	cos := -d.dot(n)
	k := 1 - ratio*ratio*(1-cos*cos)
	return d.scale(ratio).along(n, ratio*cos-math.Sqrt(positive(k))).unit()
}

// paint is the skin's colour: mottled crimson on the back, pale underneath. The
// finest pattern is left out unless it is seen directly.
func paint(s *shape, at, n vec, along float64, fine bool) vec {
	underside := n.dot(s.under)
	if s.material == sucker {
		mouth := step(0.84, 0.88, underside)
		return vec{0.72, 0.46, 0.40}.scale(1 - 0.65*mouth)
	}
	u := s.from + (s.to-s.from)*along
	spots, _ := noise(at.scale(5.5))
	back := vec{0.40, 0.055, 0.075}.mix(vec{0.16, 0.025, 0.085}, step(0.35, 0.68, spots))
	if fine {
		grain, _ := noise(at.scale(11))
		back = back.mix(vec{0.50, 0.15, 0.09}, 0.6*step(0.55, 0.9, grain))
	}
	back = back.mix(vec{0.55, 0.16, 0.16}, u*0.6)
	return back.mix(vec{0.66, 0.36, 0.30}, step(0.15, 0.75, underside))
}

// bump turns the normal as if the skin had a fine grain.
func bump(at, n vec) vec {
	_, slope := noise(at.scale(13))
	return n.along(slope, -0.045).unit()
}
