// Package elementary has the exponential and the logarithm in additions and
// multiplications, rounded once each, so that a model trained natively and one
// trained in the sandbox are the same bytes. Package math does not promise that:
// it has assembly on some machines and compilers fuse its sums on others.
//
// Errors are below 2 units in the last place. The package promises nothing about
// numbers that are not finite beyond what the functions say.
package elementary

import "math"

// ln 2 in two parts; the first has so few bits that small multiples are exact.
const (
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
)

// The conversions below keep a product from being fused with the sum that it is
// in (Go specification, "Floating-point operators").

// inverseFactorials are 1/13! down to 1/0!.
var inverseFactorials = [...]float64{
	1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
	1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1, 1,
}

// Exp returns e to the power of x: 0 below -700 and +Inf above 700.
func Exp(x float64) float64 {
	switch {
	case x < -700:
		return 0
	case x > 700:
		return math.Inf(1)
	}
	k := math.Floor(float64(x*math.Log2E) + 0.5)
	r := x - float64(k*ln2Hi)
	r -= float64(k * ln2Lo)
	// Taylor's series; |r| < 0.35, so that the first term left out is below 2⁻⁵⁷.
	sum := 1.0 / 87178291200 // 14!
	for _, c := range inverseFactorials {
		sum = c + float64(r*sum)
	}
	return math.Float64frombits(math.Float64bits(sum) + uint64(int64(k))<<52)
}

// Log returns the natural logarithm of a positive, normal number, and -Inf of
// others.
func Log(x float64) float64 {
	if !(x >= 0x1p-1022) || math.IsInf(x, 1) {
		return math.Inf(-1)
	}
	bits := math.Float64bits(x)
	k := float64(int64(bits>>52) - 1023)
	m := math.Float64frombits(bits&(1<<52-1) | 1023<<52) // in [1, 2)
	if m > math.Sqrt2 {
		m /= 2
		k++
	}
	// log m = 2 artanh s with s = (m-1)/(m+1), |s| < 0.1716
	s := (m - 1) / (m + 1)
	square := s * s
	sum := 0.0
	for n := 23.0; n >= 3; n -= 2 {
		sum = float64(square*sum) + 1/n
	}
	tail := float64(float64(2*s)*square) * sum
	return float64(k*ln2Hi) + (float64(2*s) + (tail + float64(k*ln2Lo)))
}
