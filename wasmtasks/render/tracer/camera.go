package tracer

import "math"

// camera looks at the scene.
type camera struct {
	eye                vec
	right, up, forward vec
	width, height      float64
	zoom               float64
	film               film
}

// newCamera frames the scene for a picture of the given size: wider pictures
// see more sky and sea, narrower ones cut its sides.
func newCamera(width, height int) *camera {
	c := &camera{film: newFilm(), eye: vec{0.3, 1.35, 13.6}, width: float64(width), height: float64(height)}
	c.forward = vec{0.1, 2.95, 0}.sub(c.eye).unit()
	c.right = c.forward.cross(vec{0, 1, 0}).unit()
	c.up = c.right.cross(c.forward)
	c.zoom = 2 * math.Tan(0.5*0.62) / c.height
	return c
}

// ray returns a ray through pixel (x, y), spread over it by the sampler.
func (c *camera) ray(x, y int, s *sampler) (origin, dir vec) {
	u, v := s.pair()
	px := (float64(x) + 0.5 + 0.9*tent(u) - c.width/2) * c.zoom
	py := (c.height/2 - float64(y) - 0.5 + 0.9*tent(v)) * c.zoom
	return c.eye, c.forward.along(c.right, px).along(c.up, py).unit()
}

// develop appends a pixel's radiance to dst as sRGB bytes: a slight vignette,
// film curve, and dither, which keeps the sky free of bands.
func (c *camera) develop(dst []byte, light vec, x, y int) []byte {
	dx, dy := float64(x)/c.width-0.5, float64(y)/c.height-0.5
	light = light.scale(1 - 0.55*(dx*dx+dy*dy))
	grain := hash(uint32(x)*0x9e3779b9 ^ hash(uint32(y)))
	for i, v := range [3]float64{light.x, light.y, light.z} {
		dither := float64(grain>>(10*i)&1023) / 1024
		dst = append(dst, byte(math.Floor(c.film.display(filmic(v))+dither)))
	}
	return dst
}
