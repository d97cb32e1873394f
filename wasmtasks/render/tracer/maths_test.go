package tracer

import (
	"math"
	"testing"
)

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }

func TestApproximationsStayWithinTheirBounds(t *testing.T) {
	for i := range 10_000 {
		u := float64(i) / 10_000
		sin, cos := circle(u)
		wantSin, wantCos := math.Sincos(2 * math.Pi * u)
		if !near(sin, wantSin, 2e-5) || !near(cos, wantCos, 2e-5) {
			t.Fatalf("circle(%v) = %v, %v, want %v, %v", u, sin, cos, wantSin, wantCos)
		}
		if x := 40*u - 20; !near(cosine(x), math.Cos(x), 0.002) {
			t.Fatalf("cosine(%v) = %v, want %v", x, cosine(x), math.Cos(x))
		}
		if x := 4*u - 2; !near(saturate(x), min(1, max(0, x)), 1e-12) || positive(x) != max(0, x) {
			t.Fatalf("saturate(%v) = %v, positive %v", x, saturate(x), positive(x))
		}
	}
}

func TestFilmIsMonotonicAndInRange(t *testing.T) {
	f := newFilm()
	last := 0.0
	for i := range 2000 {
		x := math.Pow(10, float64(i)/200-6)
		v := f.display(filmic(x))
		if v < last || v < 0 || v >= 255 {
			t.Fatalf("radiance %v is displayed as %v after %v", x, v, last)
		}
		last = v
	}
	for i := range 1000 {
		x := float64(i) / 1000
		want := 255 * 12.92 * x
		if x > 0.0031308 {
			want = 255 * (1.055*math.Pow(x, 1/2.4) - 0.055)
		}
		if got := f.display(x); !near(got, want, 0.02) {
			t.Fatalf("display(%v) = %v, want %v", x, got, want)
		}
	}
}

// TestSamplesAreStratified checks the property of a (0,2)-sequence: of the first
// 2^k points exactly one is in every rectangle of area 2^-k with sides 2^-a, 2^-b.
func TestSamplesAreStratified(t *testing.T) {
	sobol := newSobol()
	for pixel := range uint32(20) {
		for k := range 7 {
			for a := 0; a <= k; a++ {
				b := k - a
				seen := map[[2]int]bool{}
				for i := range uint32(1 << k) {
					s := sampler{sobol: sobol, pixel: hash(pixel), index: i, next: pixel % 3}
					x, y := s.pair()
					if x < 0 || x >= 1 || y < 0 || y >= 1 {
						t.Fatalf("sample %v, %v is outside [0, 1)", x, y)
					}
					seen[[2]int{int(x * float64(int(1)<<a)), int(y * float64(int(1)<<b))}] = true
				}
				if len(seen) != 1<<k {
					t.Fatalf("pixel %d: %d samples are in %d of the %d×%d strata", pixel, 1<<k, len(seen), 1<<a, 1<<b)
				}
			}
		}
	}
}

func TestDirectionsAreUnitAndWellSpread(t *testing.T) {
	sobol := newSobol()
	for _, n := range []vec{{0, 0, 1}, {0, 0, -1}, {1, 0, 0}, vec{1, -2, 3}.unit(), vec{-1, 1e-9, -1e-9}.unit()} {
		a, b := n.basis()
		for _, dot := range []float64{a.dot(b), a.dot(n), b.dot(n), a.length() - 1, b.length() - 1, a.cross(b).dot(n) - 1} {
			if !near(dot, 0, 1e-9) {
				t.Fatalf("basis of %v is %v, %v", n, a, b)
			}
		}
		sum, cone := 0.0, 1.0
		for i := range uint32(maxSamples) {
			s := sampler{sobol: sobol, pixel: 7, index: i}
			d := s.hemisphere(n)
			if !near(d.length(), 1, 1e-4) || d.dot(n) < 0 {
				t.Fatalf("direction %v around %v", d, n)
			}
			sum += d.dot(n) / maxSamples
			cone = min(cone, s.cone(n, 0.9).dot(n))
		}
		if !near(sum, 2.0/3, 0.01) { // the mean cosine of a cosine distribution
			t.Errorf("mean cosine around %v is %v, want 2/3", n, sum)
		}
		if cone < 0.9-1e-4 || cone > 0.91 {
			t.Errorf("widest direction of the cone around %v has cosine %v", n, cone)
		}
	}
}

func TestNoiseGradientIsItsDerivative(t *testing.T) {
	const h = 1e-5
	for i := range 500 {
		p := vec{float64(i)*0.37 - 40, float64(i)*0.211 - 11, 17 - float64(i)*0.123}
		v, g := noise(p)
		dx, _ := noise(p.add(vec{h, 0, 0}))
		dy, _ := noise(p.add(vec{0, h, 0}))
		dz, _ := noise(p.add(vec{0, 0, h}))
		if v < 0 || v > 1 || !near((dx-v)/h, g.x, 1e-3) || !near((dy-v)/h, g.y, 1e-3) || !near((dz-v)/h, g.z, 1e-3) {
			t.Fatalf("noise at %v is %v with gradient %v", p, v, g)
		}
	}
}
