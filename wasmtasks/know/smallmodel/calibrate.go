package smallmodel

import (
	"cmp"
	"math"
	"slices"

	"github.com/krako-labs/krako/wasmtasks/know/elementary"
)

// round keeps six decimals: more of a probability means nothing.
func round(p float64) float64 { return math.Floor(float64(p*1e6)+0.5) / 1e6 }

// confidence rounds a probability. None is certain, so that at threshold 1 nothing
// is accepted.
func confidence(p float64) float64 { return min(round(p), 0.999999) }

// held is a held-out example: its logits, and its class or -1 for one that is
// out of scope where the model has no class for that.
type held struct {
	logits []float32
	class  int
	weight float64 // what it counts
}

// outcome is what a model says of a held-out example.
type outcome struct {
	confidence float64
	right      bool
	weight     float64
}

// calibrate sets temperature and threshold by held-out examples and reports how
// the model does on them.
func (h *Header) calibrate(set []held, target float64) {
	h.Temperature = temperature(set)
	outcomes := make([]outcome, len(set))
	p := make([]float64, len(h.Labels))
	inScope, right := 0, 0
	for i, x := range set {
		best := h.best(softmax(p, x.logits, h.Temperature))
		outcomes[i] = outcome{confidence(p[best]), best == x.class, x.weight}
		if x.class >= 0 && h.Labels[x.class] != h.OutOfScope {
			inScope++
			if best == x.class {
				right++
			}
		}
	}
	h.Report.Accuracy = round(float64(right) / float64(max(inScope, 1)))
	h.choose(outcomes, target)
}

// evenOdds is the least threshold that is chosen: below, a label is more likely
// wrong than right, whatever a few examples say.
const evenOdds = 0.5

// choose sets the lowest threshold at which the precision is what was asked for,
// counting one more error than there was: what is seen once in a while may have
// been missed. If there is none, the threshold is 1 and no text is accepted.
func (h *Header) choose(outcomes []outcome, target float64) {
	slices.SortStableFunc(outcomes, func(a, b outcome) int { return cmp.Compare(b.confidence, a.confidence) })
	total := 0.0
	for _, o := range outcomes {
		total += o.weight
	}
	h.Threshold = 1
	accepted, right := 0.0, 0.0
	for i, o := range outcomes {
		if o.confidence < evenOdds {
			break
		}
		accepted += o.weight
		if o.right {
			right += o.weight
		}
		if i+1 < len(outcomes) && outcomes[i+1].confidence == o.confidence {
			continue // a threshold accepts all equals
		}
		if right >= float64(target*(accepted+1)) {
			next := 0.0 // halfway to the one that is not accepted
			if i+1 < len(outcomes) {
				next = outcomes[i+1].confidence
			}
			h.Threshold = max(evenOdds, round((o.confidence+next)/2))
			h.Report.Precision, h.Report.Coverage = round(right/accepted), round(accepted/total)
		}
	}
}

// temperature returns what logits must be divided by to make the held-out
// examples most likely (Guo et al., "On Calibration of Modern Neural Networks"),
// by golden section over its logarithm.
func temperature(set []held) float64 {
	const golden = 0.6180339887498949
	low, high := -3.0, 3.0
	a, b := high-float64(golden*(high-low)), low+float64(golden*(high-low))
	fa, fb := loss(set, a), loss(set, b)
	for range 20 {
		if fa < fb {
			high, b, fb = b, a, fa
			a = high - float64(golden*(high-low))
			fa = loss(set, a)
		} else {
			low, a, fa = a, b, fb
			b = low + float64(golden*(high-low))
			fb = loss(set, b)
		}
	}
	return elementary.Exp((low + high) / 2)
}

// loss is the weighted negative logarithm of the likelihood of a set, with a prior
// that keeps the temperature of a few examples that are all right from becoming 0.
func loss(set []held, logT float64) float64 {
	t := elementary.Exp(logT)
	sum := float64(2*logT) * logT
	for _, x := range set {
		if x.class < 0 {
			continue
		}
		top := slices.Max(x.logits)
		z := 0.0
		for _, l := range x.logits {
			if d := float64(l-top) / t; d > -30 {
				z += elementary.Exp(d)
			}
		}
		sum += float64(x.weight * (elementary.Log(z) - float64(x.logits[x.class]-top)/t))
	}
	return sum
}
