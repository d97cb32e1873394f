package tracer

import "math"

// exposure scales radiance before tone mapping.
const exposure = 1.15

// filmic compresses a linear value into [0, 1]: a rational fit of the response
// of photographic film (Narkowicz, ACES Filmic Tone Mapping Curve, 2016).
func filmic(x float64) float64 {
	x *= exposure
	return saturate(x * (2.51*x + 0.03) / (x*(2.43*x+0.59) + 0.14))
}

// film holds the sRGB transfer function at the squares of i/filmSteps, between
// which it is nearly straight.
type film [filmSteps + 2]float64

const filmSteps = 512

func newFilm() film {
	var f film
	for i := range f {
		x := float64(i) / filmSteps
		x *= x
		f[i] = 12.92 * 255 * x
		if x > 0.0031308 {
			f[i] = 255 * (1.055*math.Pow(x, 1/2.4) - 0.055)
		}
	}
	f[filmSteps+1] = 255
	f[filmSteps] = 255
	return f
}

// display maps a linear value in [0, 1] to sRGB in [0, 255), not yet rounded.
func (f *film) display(x float64) float64 {
	at := math.Sqrt(x) * filmSteps
	i := int(at)
	return min(254.999, f[i]+(f[i+1]-f[i])*(at-float64(i)))
}
