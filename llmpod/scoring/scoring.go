// Package scoring says how likely it is that a model said what it is said to have
// said, given the probabilities that another instance of the same weights gives each
// token (teacher forcing). It is pure.
//
// Across determinism classes bytes differ for honest reasons, and probabilities
// differ a little: so this is evidence and no proof. It is sound only where nothing
// but the temperature stands between a model's probabilities and its choice: not
// under a schema, and not with a top_p that cuts some tokens off.
package scoring

import "math"

// Position is one token of an answer as a referee's model sees it: logarithms of
// probabilities at temperature 1, of the token that was said and of the likeliest
// ones, those that are not listed being less likely.
type Position struct {
	Said float64
	// Listed is false if the token was not among the likeliest.
	Listed bool
	Top    []float64
}

// Finding is what a scoring says.
type Finding struct {
	// Positions were counted. Misses, of a greedy answer, are those at which a token
	// was said that is clearly not the likeliest. Deviation, of a sampled one, is how
	// many standard deviations the answer is likelier than answers are: below 0 are
	// those of another model, above 0 those of a lower temperature.
	Positions int
	Misses    int
	Deviation float64
	// Plausible is the verdict; it means nothing where Sound is false.
	Plausible, Sound bool
}

const (
	// clearly is how much likelier another token must be, in nats: classes of one
	// model were seen to differ by less than a hundredth of this.
	clearly = 0.5
	// most is the deviation that is still plausible: one honest answer in some
	// thousands is beyond it.
	most = 4
	// coverage is how much of the probability the listed tokens must have.
	coverage = 0.999
	// few is how many positions say nothing.
	few = 8
)

// Score judges an answer that was asked for at a temperature, greedy at 0.
func Score(positions []Position, temperature float64) Finding {
	f := Finding{Positions: len(positions), Sound: len(positions) >= few}
	var sum, variance float64
	for _, p := range positions {
		if temperature == 0 {
			if !p.Listed || p.Top[0]-p.Said > clearly {
				f.Misses++
			}
			continue
		}
		mean, spread, said, ok := p.at(temperature)
		f.Sound = f.Sound && ok
		sum, variance = sum+said-mean, variance+spread
	}
	if temperature == 0 {
		f.Plausible = f.Misses == 0
		return f
	}
	if variance > 0 {
		f.Deviation = sum / math.Sqrt(variance)
	}
	f.Plausible = math.Abs(f.Deviation) <= most
	return f
}

// at returns mean and variance of the logarithm of the probability of what is said at
// a temperature, and that of what was said; ok is false if too much is not listed.
func (p *Position) at(temperature float64) (mean, variance, said float64, ok bool) {
	whole, listed := 0.0, 0.0
	for _, l := range p.Top {
		listed += math.Exp(l)
		whole += math.Exp((l - p.Top[0]) / temperature)
	}
	norm := p.Top[0]/temperature + math.Log(whole)
	for _, l := range p.Top {
		x := l/temperature - norm
		mean += math.Exp(x) * x
	}
	for _, l := range p.Top {
		x := l/temperature - norm
		variance += math.Exp(x) * (x - mean) * (x - mean)
	}
	last := p.Top[len(p.Top)-1]
	if p.Listed {
		last = p.Said
	}
	return mean, variance, last/temperature - norm, listed >= coverage
}
