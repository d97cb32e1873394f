package tracer

import "math"

// The sun stands low on the left, behind the scene.
const (
	sunAzimuth   = -1.98
	sunElevation = 0.125
	sunCos       = 0.9994 // of its half angle; larger than the real one, for softer shadows
)

// sky is the light from above the horizon.
type sky struct {
	sun       vec // direction
	sunColour vec // irradiance on a surface facing it
}

func newSky() sky {
	return sky{
		sun:       vec{math.Cos(sunAzimuth) * math.Cos(sunElevation), math.Sin(sunElevation), math.Sin(sunAzimuth) * math.Cos(sunElevation)},
		sunColour: vec{7.0, 2.9, 1.0},
	}
}

// gradient is the clear sky without its sun.
func (s *sky) gradient(d vec) vec {
	up := positive(d.y)
	toSun := 0.5 + 0.5*d.dot(s.sun)
	near := toSun * toSun * toSun * toSun * toSun
	horizon := vec{0.46, 0.37, 0.50}.mix(vec{1.15, 0.38, 0.10}, near)
	middle := vec{0.11, 0.15, 0.30}.mix(vec{0.26, 0.110, 0.15}, near)
	zenith := vec{0.005, 0.017, 0.058}
	c := horizon.mix(middle, step(0, 0.14, up))
	return c.mix(zenith, step(0.05, 0.42, up))
}

// radiance is what is seen in direction d: sky, the sun's glow and clouds.
func (s *sky) radiance(d vec) vec {
	c := s.gradient(d)
	cos := d.dot(s.sun)
	if cos > 0 {
		p := cos * cos
		p *= p
		p *= p
		p *= p // cos^16
		q := p * p * p * p
		q *= q // cos^128
		r := q * q
		r *= r
		r *= r // cos^1024
		c = c.along(vec{0.22, 0.085, 0.02}, p).along(vec{1.3, 0.62, 0.2}, q).along(vec{3.2, 2.0, 0.9}, r)
	}
	if d.y > 0.008 {
		c = s.clouds(c, d, cos)
	}
	return c
}

// clouds lays streaks of high cloud over the sky colour c.
func (s *sky) clouds(c, d vec, cos float64) vec {
	h := 1 / (d.y + 0.06)
	x, y := d.x*h, d.z*h
	x, y = 0.5*x+0.2*y, 1.1*y-0.25*x
	warp := flat(x*0.35+7, y*0.5+3)
	n := 0.5*flat(x*0.55+2*warp, y*0.8) + 0.27*flat(x*1.3+warp, y*2.1+9) + 0.15*flat(x*2.9, y*4.6+warp*2) + 0.08*flat(x*6.1, y*9.3)
	cover := step(0.50, 0.82, n) * step(0.008, 0.16, d.y) * 0.85
	if cover == 0 {
		return c
	}
	lit := 0.5 + 0.5*cos
	lit *= lit
	edge := vec{0.13, 0.095, 0.15}.mix(vec{1.5, 0.5, 0.2}, lit*lit)
	dark := vec{0.035, 0.04, 0.075}.mix(vec{0.30, 0.12, 0.13}, lit)
	return c.mix(edge.mix(dark, step(0.5, 0.8, n)), cover)
}
