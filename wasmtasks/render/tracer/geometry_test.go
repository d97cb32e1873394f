package tracer

import (
	"math"
	"math/rand/v2"
	"testing"
)

func randomVec(r *rand.Rand, size float64) vec {
	return vec{size * (2*r.Float64() - 1), size * (2*r.Float64() - 1), size * (2*r.Float64() - 1)}
}

// distance is how far p is from the shape's surface, negative inside: the
// smallest distance to any of the spheres it is swept by.
func (s *shape) distance(p vec) float64 {
	best := math.Inf(1)
	const steps = 4000
	for i := range steps + 1 {
		u := float64(i) / steps
		best = min(best, p.sub(s.a.mix(s.b, u)).length()-(s.ra+(s.rb-s.ra)*u))
	}
	return best
}

func TestRaysMeetShapesOnTheirSurface(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	met := 0
	for range 400 {
		s := newLimb(randomVec(random, 1), randomVec(random, 1), 0.1+0.4*random.Float64(), 0.1+0.4*random.Float64(), skin)
		if random.IntN(4) == 0 || math.Abs(s.taper) > 0.9 {
			s = newSphere(randomVec(random, 1), 0.5, skin)
		}
		origin := randomVec(random, 1).unit().scale(4)
		r := newRay(origin, s.a.mix(s.b, random.Float64()).add(randomVec(random, 0.5)).sub(origin).unit())
		d := s.hit(&r)
		if d > 0 {
			met++
			at := origin.along(r.dir, d)
			if !near(s.distance(at), 0, 1e-3) {
				t.Fatalf("met at %v, %v from the surface", at, s.distance(at))
			}
			n, along := s.normal(at)
			if !near(n.length(), 1, 1e-9) || along < 0 || along > 1 || n.dot(r.dir) > 1e-6 || s.distance(at.along(n, 0.1)) < 0.099 {
				t.Fatalf("normal %v at %v, %v along", n, at, along)
			}
		} else {
			d = 8
		}
		for i := range 50 { // nothing is met before
			if at := origin.along(r.dir, d*float64(i)/50); s.distance(at) < -2e-3 {
				t.Fatalf("%v is inside, the first meeting at %v", at, d)
			}
		}
	}
	if met < 100 {
		t.Fatalf("only %d of 400 rays met anything", met)
	}
}

func TestHierarchyFindsWhatTryingAllFinds(t *testing.T) {
	s := newScene()
	random := rand.New(rand.NewPCG(5, 6))
	met := 0
	for i := range 4000 {
		origin, dir := randomVec(random, 6), randomVec(random, 1).unit()
		if i%8 == 0 { // parallel to axes
			dir = [3]vec{{1, 0, 0}, {0, -1, 0}, {0, 0, 1}}[random.IntN(3)]
		}
		if i%3 == 0 {
			dir = s.shapes[random.IntN(len(s.shapes))].a.sub(origin).unit()
		}
		r := newRay(origin, dir)
		far := 20 * random.Float64()
		want := far
		for j := range s.shapes {
			if d := s.shapes[j].hit(&r); d > epsilon && d < want {
				want = d
			}
		}
		shape, got := s.nearest(&r, far, false)
		if got != want || (shape == nil) != (want == far) {
			t.Fatalf("from %v to %v the nearest is at %v, want %v", origin, dir, got, want)
		}
		if first, _ := s.nearest(&r, far, true); (first == nil) != (shape == nil) {
			t.Fatalf("from %v to %v the first is %v, the nearest %v", origin, dir, first, shape)
		}
		if shape != nil {
			met++
		}
	}
	if met < 500 {
		t.Fatalf("only %d of 4000 rays met anything", met)
	}
}

func TestHierarchyOfShapesInOnePlace(t *testing.T) {
	var shapes []shape
	for range 50 {
		shapes = append(shapes, newSphere(vec{0, 0, 5}, 1, skin))
	}
	b := newBVH(shapes)
	r := newRay(vec{}, vec{0, 0, 1})
	if s, d := b.nearest(&r, 100, false); s == nil || !near(d, 4, 1e-12) {
		t.Errorf("met %v at %v, want one at 4", s, d)
	}
}

func TestRefractionFollowsSnell(t *testing.T) {
	n := vec{0, 1, 0}
	for i := 1; i < 89; i++ {
		a := float64(i) * math.Pi / 180
		d := vec{math.Sin(a), -math.Cos(a), 0}
		r := refract(d, n, 1/1.45)
		if !near(r.x, math.Sin(a)/1.45, 1e-12) || r.y >= 0 || !near(r.length(), 1, 1e-12) {
			t.Fatalf("at %d° refracted to %v", i, r)
		}
		if m := d.reflect(n); !near(m.x, d.x, 1e-12) || !near(m.y, -d.y, 1e-12) {
			t.Fatalf("at %d° reflected to %v", i, m)
		}
	}
}

// TestLightIsFiniteAndPositive follows paths from everywhere in every direction.
func TestLightIsFiniteAndPositive(t *testing.T) {
	w := newWorld()
	random := rand.New(rand.NewPCG(7, 8))
	for i := range 20_000 {
		origin := randomVec(random, 8)
		origin.y = 0.01 + math.Abs(origin.y)
		s := sampler{sobol: w.sobol, pixel: random.Uint32(), index: uint32(i % maxSamples)}
		light := w.trace(&s, origin, randomVec(random, 1).unit())
		for _, v := range []float64{light.x, light.y, light.z} {
			if !(v >= 0 && v < 1000) {
				t.Fatalf("light %v at %v", light, origin)
			}
		}
	}
}
