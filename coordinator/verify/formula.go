package verify

import "math"

// Doubt is the chance that the next result of a node that has survived k
// unforeseeable checks is wrong, in a population of which at most the share f
// lies: min(f, f/((1-f)·e·k)). It is the maximum over every constant rate of
// lying (Sarmenta 2002, section 4).
func Doubt(f, k float64) float64 {
	if k <= 0 {
		return f
	}
	return min(f, f/((1-f)*math.E*k))
}

// ChecksFor is how many checks a node must survive until its doubt is at most
// theta.
func ChecksFor(f, theta float64) int {
	if f <= theta {
		return 0
	}
	return int(math.Ceil(f / ((1 - f) * math.E * theta)))
}

// GroupDoubt is the chance that a result is wrong on which nodes with the given
// doubts agree.
func GroupDoubt(doubts ...float64) float64 {
	wrong, right := 1.0, 1.0
	for _, p := range doubts {
		wrong *= p
		right *= 1 - p
	}
	if wrong == 0 {
		return 0
	}
	return wrong / (wrong + right)
}

// FirstOfM is the chance that the first m equal results are wrong when each
// result is wrong with probability phi and wrong results agree.
func FirstOfM(m int, phi float64) float64 {
	sum := 0.0
	for j := m; j < 2*m; j++ {
		sum += math.Exp(logChoose(2*m-1, j) + float64(j)*math.Log(phi) + float64(2*m-1-j)*math.Log1p(-phi))
	}
	return sum
}

// VotesFor is the smallest m whose FirstOfM is at most eps.
func VotesFor(phi, eps float64) int {
	m := 1
	for FirstOfM(m, phi) > eps {
		m++
	}
	return m
}

// SpotCheckError is the share of wrong results that stays when each result of n
// per node is checked with probability q, a caught node is cast out and its
// results are done again: f·s·(1-qs)^n.
func SpotCheckError(f, s, q float64, n int) float64 {
	return f * s * math.Pow(1-q*s, float64(n))
}

// SpotCheckErrorLost is the same where the caught node's results are thrown away
// and not done again, so that fewer results stay.
func SpotCheckErrorLost(f, s, q float64, n int) float64 {
	left := math.Pow(1-q*s, float64(n))
	return s * f * left / ((1 - f) + f*left)
}

func logChoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}
