package elementary

import (
	"math"
	"testing"
)

func TestExpAndLogAgreeWithMath(t *testing.T) {
	near := func(got, want float64) bool { return math.Abs(got-want) <= 4e-16*math.Max(math.Abs(want), 0.5) }
	for i := range 200_000 {
		x := -690 + 1380*float64(i)/200_000
		if got, want := Exp(x), math.Exp(x); math.Abs(got-want) > 4.5e-16*want {
			t.Fatalf("Exp(%g) = %g, want %g", x, got, want)
		}
		for _, y := range []float64{math.Exp(x), 1 + x/1400, 1 + x*1e-9} {
			if got, want := Log(y), math.Log(y); !near(got, want) {
				t.Fatalf("Log(%g) = %g, want %g", y, got, want)
			}
		}
	}
}

func TestEnds(t *testing.T) {
	for _, tc := range []struct{ got, want float64 }{
		{Exp(0), 1}, {Exp(-701), 0}, {Exp(701), math.Inf(1)}, {Log(1), 0}, {Log(0), math.Inf(-1)}, {Log(-1), math.Inf(-1)},
		{Log(math.NaN()), math.Inf(-1)}, {Log(math.Inf(1)), math.Inf(-1)}, {Exp(math.Inf(-1)), 0},
	} {
		if tc.got != tc.want {
			t.Errorf("%g, want %g", tc.got, tc.want)
		}
	}
}

// The bits of a few values, so that a compiler that fuses or reorders is noticed
// on whatever machine the test runs.
func TestBits(t *testing.T) {
	var sum uint64
	for i := range 10_000 {
		x := float64(i-5000) / 77
		sum = sum*31 + math.Float64bits(Exp(x)) + math.Float64bits(Log(math.Abs(x)+0.001))
	}
	if sum != 0x7f3dec6ef28db4d {
		t.Errorf("bits sum up to %#x", sum)
	}
}
