package tracer

import (
	"math"
	"math/bits"
)

// maxSamples is how many points a sampler's sequences have.
const maxSamples = 256

// sampler draws well-spread points for one sample of one pixel. Every pair of
// dimensions is an Owen-scrambled and shuffled Sobol (0,2)-sequence: any
// power-of-two run of samples is stratified in each pair, and pairs are
// independent (Burley, Practical Hash-based Owen Scrambling, 2020).
type sampler struct {
	sobol *[maxSamples]uint32
	pixel uint32 // hash of seed and pixel
	index uint32 // of the sample, below maxSamples
	next  uint32 // pair
}

// pair returns the next two coordinates, in [0, 1).
func (s *sampler) pair() (x, y float64) {
	s.next++
	h := hash(s.pixel + s.next*0x9e3779b9)
	i := bits.Reverse8(uint8(scramble(uint32(bits.Reverse8(uint8(s.index))), h)))
	u := bits.Reverse32(scramble(uint32(i), h^0x68bc21eb))
	v := bits.Reverse32(scramble(s.sobol[i], h^0x02e5be93))
	return float64(u) * 0x1p-32, float64(v) * 0x1p-32
}

// newSobol returns the second dimension of the Sobol sequence with the bits of
// every number reversed. The first dimension is the bit-reversed index, which
// reversed again is the index itself.
func newSobol() *[maxSamples]uint32 {
	var sobol [maxSamples]uint32
	for i := range sobol {
		x, v := uint32(0), uint32(1<<31)
		for j := i; j != 0; j >>= 1 {
			if j&1 != 0 {
				x ^= v
			}
			v ^= v >> 1
		}
		sobol[i] = bits.Reverse32(x)
	}
	return &sobol
}

// scramble is an Owen scramble of x with its bits reversed: every bit is
// flipped by a hash of the bits below it (Laine and Karras, 2011).
func scramble(x, seed uint32) uint32 {
	x += seed
	x ^= x * 0x6c50b47c
	x ^= x * 0xb82f1e52
	x ^= x * 0xc7afe638
	x ^= x * 0x8d22f6e6
	return x
}

// hash mixes x so that every bit of the result depends on every bit of x.
func hash(x uint32) uint32 {
	x ^= x >> 16
	x *= 0x7feb352d
	x ^= x >> 15
	x *= 0x846ca68b
	x ^= x >> 16
	return x
}

// hemisphere returns a cosine-distributed direction around the unit normal n.
func (s *sampler) hemisphere(n vec) vec {
	u, v := s.pair()
	sin, cos := circle(u)
	r := math.Sqrt(v)
	t, b := n.basis()
	return n.scale(math.Sqrt(1-v)).along(t, r*cos).along(b, r*sin)
}

// cone returns a direction spread evenly over the cone around the unit vector
// axis with the given cosine of its half angle.
func (s *sampler) cone(axis vec, cosMax float64) vec {
	u, v := s.pair()
	cosTheta := 1 - v*(1-cosMax)
	r := math.Sqrt(positive(1 - cosTheta*cosTheta))
	sin, cos := circle(u)
	t, b := axis.basis()
	return axis.scale(cosTheta).along(t, r*cos).along(b, r*sin)
}

// tent maps u in [0, 1) to (-1, 1) with a triangular density.
func tent(u float64) float64 {
	u = 2*u - 1
	return math.Copysign(1-math.Sqrt(1-math.Abs(u)), u)
}
