package scoring_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/krako-labs/krako/llmpod/scoring"
)

// model is a made-up one: each position has its own distribution over ten tokens.
func model(rng *rand.Rand) []float64 {
	w, sum := make([]float64, 10), 0.0
	for i := range w {
		w[i] = rng.ExpFloat64() * rng.ExpFloat64()
		sum += w[i]
	}
	for i := range w {
		w[i] = math.Log(w[i] / sum)
	}
	return w
}

// say draws a token at a temperature and returns the position.
func say(rng *rand.Rand, from, seen []float64, temperature float64) scoring.Position {
	pick := 0
	if temperature == 0 {
		for i := range from {
			if from[i] > from[pick] {
				pick = i
			}
		}
	} else {
		best := math.Inf(-1)
		for i, l := range from { // Gumbel's trick
			if g := l/temperature - math.Log(-math.Log(rng.Float64())); g > best {
				best, pick = g, i
			}
		}
	}
	top := append([]float64{}, seen...)
	for i := range top { // the likeliest first
		for k := i + 1; k < len(top); k++ {
			if top[k] > top[i] {
				top[i], top[k] = top[k], top[i]
			}
		}
	}
	return scoring.Position{Said: seen[pick], Listed: true, Top: top}
}

func answer(rng *rand.Rand, n int, asked, served float64, swapped bool) scoring.Finding {
	var positions []scoring.Position
	for range n {
		seen := model(rng)
		from := seen
		if swapped {
			from = model(rng)
		}
		positions = append(positions, say(rng, from, seen, served))
	}
	return scoring.Score(positions, asked)
}

func TestHonestAnswersArePlausible(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, temperature := range []float64{0, 0.3, 0.8, 1.5} {
		for range 500 {
			if f := answer(rng, 64, temperature, temperature, false); !f.Sound || !f.Plausible {
				t.Fatalf("an honest answer at %g is %+v", temperature, f)
			}
		}
	}
}

func TestCheatsAreFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for name, c := range map[string]struct {
		asked, served float64
		swapped       bool
		sign          float64
	}{
		"another model, greedy": {0, 0, true, 0}, "another model": {0.8, 0.8, true, -1},
		"greedy in place of sampled": {0.8, 0, false, 1}, "sampled in place of greedy": {0, 0.8, false, 0},
	} {
		for range 100 {
			f := answer(rng, 128, c.asked, c.served, c.swapped)
			if !f.Sound || f.Plausible || f.Deviation*c.sign < 0 {
				t.Fatalf("%s: %+v", name, f)
			}
		}
	}
}

func TestWhatIsNotSoundSaysSo(t *testing.T) {
	half := scoring.Position{Said: math.Log(0.25), Listed: true, Top: []float64{math.Log(0.25), math.Log(0.25)}}
	for name, f := range map[string]scoring.Finding{
		"nothing":                scoring.Score(nil, 0),
		"a few":                  scoring.Score(make([]scoring.Position, 0, 3), 0.8),
		"half of the vocabulary": scoring.Score([]scoring.Position{half, half, half, half, half, half, half, half}, 0.8),
	} {
		if f.Sound {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
