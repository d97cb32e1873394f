package smallmodel

import (
	"github.com/krako-labs/krako/wasmtasks/know/elementary"
)

// lanes are eight numbers that are worked on together: a compiler for Wasm puts
// their places into its loads and stores, where it computes and checks an index
// for each element of a slice. That makes training five times as fast.
type lanes [8]float32

// blocks returns how many lanes hold n numbers.
func blocks(n int) int { return (n + 7) / 8 }

// trainer is multinomial logistic regression under stochastic gradient descent.
// All that it adds up is added in one order, and no product is fused with a sum,
// so that machines agree on every bit.
type trainer struct {
	width   int     // lanes in a row
	weights []lanes // a row of classes for each bucket
	bias    []float32
	// scratch
	sums          []lanes
	logits, delta []float32
	touched       []int32
}

func newTrainer(classes, buckets int) *trainer {
	width := blocks(classes)
	return &trainer{
		width: width, weights: make([]lanes, width*buckets), bias: make([]float32, classes), sums: make([]lanes, width),
		logits: make([]float32, classes), delta: make([]float32, classes), touched: make([]int32, 0, classes),
	}
}

func (t *trainer) row(f uint32) []lanes { return t.weights[int(f)*t.width : (int(f)+1)*t.width] }

// forward leaves the sums of a text's rows in t.logits.
func (t *trainer) forward(features []uint32) {
	sums := t.sums
	clear(sums)
	for len(features) >= 4 {
		a, b := t.row(features[0])[:len(sums)], t.row(features[1])[:len(sums)]
		c, d := t.row(features[2])[:len(sums)], t.row(features[3])[:len(sums)]
		for k := range sums {
			sums[k].add4(&a[k], &b[k], &c[k], &d[k])
		}
		features = features[4:]
	}
	for _, f := range features {
		row := t.row(f)[:len(sums)]
		for k := range sums {
			sums[k].add(&row[k])
		}
	}
	for k := range sums {
		copy(t.logits[8*k:], sums[k][:])
	}
}

func (s *lanes) add(a *lanes) {
	s[0] += a[0]
	s[1] += a[1]
	s[2] += a[2]
	s[3] += a[3]
	s[4] += a[4]
	s[5] += a[5]
	s[6] += a[6]
	s[7] += a[7]
}

func (s *lanes) add4(a, b, c, d *lanes) {
	s[0] += (a[0] + b[0]) + (c[0] + d[0])
	s[1] += (a[1] + b[1]) + (c[1] + d[1])
	s[2] += (a[2] + b[2]) + (c[2] + d[2])
	s[3] += (a[3] + b[3]) + (c[3] + d[3])
	s[4] += (a[4] + b[4]) + (c[4] + d[4])
	s[5] += (a[5] + b[5]) + (c[5] + d[5])
	s[6] += (a[6] + b[6]) + (c[6] + d[6])
	s[7] += (a[7] + b[7]) + (c[7] + d[7])
}

// step takes one example: features of length value each, and its class.
func (t *trainer) step(features []uint32, value float32, class int, rate float32) {
	t.forward(features)
	top := float32(-1e30)
	for c := range t.logits {
		t.logits[c] = float32(t.logits[c]*value) + t.bias[c]
		top = max(top, t.logits[c])
	}
	sum := 0.0
	for c, l := range t.logits {
		t.delta[c] = 0
		if l-top > hopeless {
			e := elementary.Exp(float64(l - top))
			t.delta[c] = float32(e)
			sum += e
		}
	}
	t.touched = t.touched[:0]
	for c := range t.delta {
		g := float32(float64(t.delta[c]) / sum)
		if c == class {
			g -= 1
		} else if g < negligible {
			continue
		}
		t.delta[c] = float32(g * rate)
		t.bias[c] -= t.delta[c]
		t.delta[c] = float32(t.delta[c] * value)
		t.touched = append(t.touched, int32(c))
	}
	for _, f := range features {
		row := t.row(f)
		for _, c := range t.touched {
			row[c>>3][c&7] -= t.delta[c]
		}
	}
}

// negligible is the probability below which a class that is not the example's
// learns nothing from it. Most classes are, most of the time.
const negligible = 1.0 / 1024

// hopeless is how far below the best logit a class has no probability worth
// computing: 300 classes there have less than negligible together.
const hopeless = -13
