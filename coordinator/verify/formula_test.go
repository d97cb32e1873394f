package verify

import (
	"math"
	"testing"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance*math.Abs(want) {
		t.Errorf("%s is %g, want %g", what, got, want)
	}
}

// The figures that Watanabe and Fukushi published for voting at φ = 0.35.
func TestPublishedVotes(t *testing.T) {
	for _, c := range []struct {
		eps  float64
		m    int
		left float64
	}{{0.05, 15, 0.047637}, {0.01, 29, 0.009934}, {0.001, 51, 0.0009873}} {
		if m := VotesFor(0.35, c.eps); m != c.m {
			t.Errorf("ε ≤ %g needs %d votes, published are %d", c.eps, m, c.m)
		}
		near(t, "ε", FirstOfM(c.m, 0.35), c.left, 1e-3)
	}
	// Two parallel votes against a ring that lies when it holds both: f².
	near(t, "vote-2 of a blind ring", FirstOfM(2, 0.1), 0.028, 1e-9)
	near(t, "vote-3 of a blind ring", FirstOfM(3, 0.1), 0.00856, 1e-9)
}

// Sarmenta's spot checks with a blacklist, q = 0.1, n = 1000, s = 0.01.
func TestPublishedSpotChecks(t *testing.T) {
	for f, want := range map[float64]float64{0.05: 1.84e-4, 0.1: 3.68e-4, 0.2: 7.4e-4, 0.35: 1.29e-3} {
		near(t, "ε", SpotCheckError(f, 0.01, 0.1, 1000), want, 0.01)
		if lost := SpotCheckErrorLost(f, 0.01, 0.1, 1000); lost <= 0 || lost >= f*0.01 {
			t.Errorf("without repetition f = %g leaves %g", f, lost)
		}
	}
}

func TestChecksFor(t *testing.T) {
	for _, c := range []struct {
		f, theta float64
		k        int
	}{
		{0.1, 1e-3, 41}, {0.1, 1e-4, 409}, {0.1, 1e-5, 4088}, {0.1, 1e-6, 40876},
		{0.01, 1e-3, 4}, {0.2, 1e-3, 92}, {0.35, 1e-3, 199}, {0.05, 0.05, 0},
	} {
		if k := ChecksFor(c.f, c.theta); k != c.k {
			t.Errorf("f = %g, θ = %g: %d checks, want %d", c.f, c.theta, k, c.k)
		}
		if k := float64(c.k); k > 0 && (Doubt(c.f, k) > c.theta || k > 1 && Doubt(c.f, k-1) <= c.theta) {
			t.Errorf("f = %g, θ = %g: %g checks are not the first that do", c.f, c.theta, k)
		}
	}
}

func TestDoubt(t *testing.T) {
	if Doubt(0.1, 0) != 0.1 || Doubt(0.1, 0.01) != 0.1 {
		t.Error("a stranger is doubted more than the population")
	}
	near(t, "p of two strangers", GroupDoubt(0.1, 0.1), 0.01/0.82, 1e-9)
	if GroupDoubt(0.1, 0) != 0 || GroupDoubt() != 0.5 {
		t.Error("a trusted member leaves doubt, or nobody leaves none")
	}
}
