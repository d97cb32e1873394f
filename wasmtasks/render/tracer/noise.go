package tracer

import "math"

// noise is smooth value noise in [0, 1] over a lattice of integers, with its
// gradient.
func noise(p vec) (value float64, gradient vec) {
	fx, fy, fz := math.Floor(p.x), math.Floor(p.y), math.Floor(p.z)
	x, y, z := int32(fx), int32(fy), int32(fz)
	x0, x1 := uint32(x)*0x8da6b343, uint32(x+1)*0x8da6b343
	y0, y1 := uint32(y)*0xd8163841, uint32(y+1)*0xd8163841
	z0, z1 := uint32(z)*0xcb1ab31f, uint32(z+1)*0xcb1ab31f
	tx, ty, tz := p.x-fx, p.y-fy, p.z-fz
	u, v, w := fade(tx), fade(ty), fade(tz)
	// k0 … k7 are the coefficients of the trilinear form in u, v, w
	a, b, c, d := lattice(x0^y0^z0), lattice(x1^y0^z0), lattice(x0^y1^z0), lattice(x1^y1^z0)
	e, f, g, h := lattice(x0^y0^z1), lattice(x1^y0^z1), lattice(x0^y1^z1), lattice(x1^y1^z1)
	k1, k2, k3 := b-a, c-a, e-a
	k4, k5, k6 := a-b-c+d, a-c-e+g, a-b-e+f
	k7 := b + c - a - d + e - f - g + h
	value = a + k1*u + k2*v + k3*w + k4*u*v + k5*v*w + k6*w*u + k7*u*v*w
	return value, vec{
		6 * tx * (1 - tx) * (k1 + k4*v + k6*w + k7*v*w),
		6 * ty * (1 - ty) * (k2 + k5*w + k4*u + k7*w*u),
		6 * tz * (1 - tz) * (k3 + k6*u + k5*v + k7*u*v),
	}
}

func fade(t float64) float64       { return t * t * (3 - 2*t) }
func lerp(a, b, t float64) float64 { return a + (b-a)*t }

// lattice is the value at a lattice point, whose coordinates h combines.
func lattice(h uint32) float64 { return float64(hash(h)) * 0x1p-32 }

// flat is value noise in a plane.
func flat(px, py float64) float64 {
	fx, fy := math.Floor(px), math.Floor(py)
	x, y := int32(fx), int32(fy)
	x0, x1 := uint32(x)*0x8da6b343, uint32(x+1)*0x8da6b343
	y0, y1 := uint32(y)*0xd8163841, uint32(y+1)*0xd8163841
	u, v := fade(px-fx), fade(py-fy)
	return lerp(lerp(lattice(x0^y0), lattice(x1^y0), u), lerp(lattice(x0^y1), lattice(x1^y1), u), v)
}
