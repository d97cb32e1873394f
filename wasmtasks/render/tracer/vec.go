package tracer

import "math"

// vec is a point, a direction or a linear RGB colour.
type vec struct{ x, y, z float64 }

func (a vec) add(b vec) vec            { return vec{a.x + b.x, a.y + b.y, a.z + b.z} }
func (a vec) sub(b vec) vec            { return vec{a.x - b.x, a.y - b.y, a.z - b.z} }
func (a vec) mul(b vec) vec            { return vec{a.x * b.x, a.y * b.y, a.z * b.z} }
func (a vec) scale(s float64) vec      { return vec{a.x * s, a.y * s, a.z * s} }
func (a vec) dot(b vec) float64        { return a.x*b.x + a.y*b.y + a.z*b.z }
func (a vec) length() float64          { return math.Sqrt(a.dot(a)) }
func (a vec) unit() vec                { return a.scale(1 / a.length()) }
func (a vec) mix(b vec, t float64) vec { return a.scale(1 - t).add(b.scale(t)) }

// along returns a + s·b.
func (a vec) along(b vec, s float64) vec { return vec{a.x + s*b.x, a.y + s*b.y, a.z + s*b.z} }

func (a vec) cross(b vec) vec {
	return vec{a.y*b.z - a.z*b.y, a.z*b.x - a.x*b.z, a.x*b.y - a.y*b.x}
}

// brightest returns the largest component.
func (a vec) brightest() float64 { return max(a.x, a.y, a.z) }

// luminance is the Rec. 709 luminance of a linear colour.
func (a vec) luminance() float64 { return 0.2126*a.x + 0.7152*a.y + 0.0722*a.z }

// reflect mirrors direction a at a surface with unit normal n.
func (a vec) reflect(n vec) vec { return a.along(n, -2*a.dot(n)) }

// rotate turns a around the unit axis (Rodrigues).
func (a vec) rotate(axis vec, angle float64) vec {
	sin, cos := math.Sincos(angle)
	return a.scale(cos).add(axis.cross(a).scale(sin)).along(axis, axis.dot(a)*(1-cos))
}

// basis returns two unit vectors that make a right-handed frame with the unit
// vector n (Duff et al., Building an Orthonormal Basis, Revisited, 2017).
func (n vec) basis() (t, b vec) {
	sign := math.Copysign(1, n.z)
	p := -1 / (sign + n.z)
	q := n.x * n.y * p
	return vec{1 + sign*n.x*n.x*p, sign * q, -sign * n.x}, vec{q, sign + n.y*n.y*p, -n.y}
}

// The functions below are written without branches, which cost a guest more
// than arithmetic does.

// saturate clamps x to [0, 1].
func saturate(x float64) float64 { return 0.5 + 0.5*(math.Abs(x)-math.Abs(x-1)) }

// positive returns x, or 0 if x is negative.
func positive(x float64) float64 { return 0.5 * (x + math.Abs(x)) }

// step is the smooth step from 0 at x ≤ a to 1 at x ≥ b.
func step(a, b, x float64) float64 {
	t := saturate((x - a) / (b - a))
	return t * t * (3 - 2*t)
}

// circle returns the sine and cosine of 2πu, for u in [0, 1), to within 2e-5.
func circle(u float64) (sin, cos float64) {
	x := math.Pi * (u - 0.5) // the half angle, less a quarter turn
	q := x * x
	s := x * (1 - q*(1.0/6-q*(1.0/120-q*(1.0/5040-q/362880))))
	c := 1 - q*(0.5-q*(1.0/24-q*(1.0/720-q*(1.0/40320-q/3628800))))
	return -2 * s * c, 2*s*s - 1
}

// cosine is the cosine of x to within 0.002.
func cosine(x float64) float64 {
	x = x*(1/(2*math.Pi)) + 0.25
	x = math.Floor(x) + 0.5 - x // the value is now the sine of 2πx, |x| ≤ 0.5
	y := 16 * x * (0.5 - math.Abs(x))
	return y * (0.775 + 0.225*math.Abs(y))
}
