package tracer

import "math"

// wave is one train of waves on the sea.
type wave struct {
	x, z      float64 // wave vector
	amplitude float64
	phase     float64
}

// newSea returns the trains whose sum is the sea's surface, longest first.
func newSea() []wave {
	const trains = 14
	waves := make([]wave, trains)
	length, angle := 4.6, 0.9
	for i := range waves {
		k := 2 * math.Pi / length
		waves[i] = wave{x: k * math.Cos(angle), z: k * math.Sin(angle), amplitude: 0.0062 * length, phase: angle * 7}
		length *= 0.76
		angle = 0.9 + 1.5*math.Sin(float64(i)*2.399)
	}
	return waves
}

// seaNormal is the unit normal of the sea at (x, z), seen from a distance. The
// surface stays flat: waves only turn its normal. Trains that are too short to
// be seen from there are left out, which keeps the horizon calm.
func seaNormal(waves []wave, x, z, distance float64) vec {
	var dx, dz float64
	for i := range waves {
		w := &waves[i]
		k := w.x*w.x + w.z*w.z
		weight := 1 / (1 + distance*distance*k*0.00006)
		slope := w.amplitude * weight * cosine(w.x*x+w.z*z+w.phase)
		dx += w.x * slope
		dz += w.z * slope
	}
	return vec{-dx, 1, -dz}.unit()
}
