package smallmodel

import (
	"bytes"
	"slices"
)

// encoded is an example as features and class.
type encoded struct {
	features []uint32
	class    int32
}

// encodeAll turns examples into features, all in one piece of memory.
func encodeAll(examples []Example, labels []string, bits uint) []encoded {
	x := extractor{bits: bits}
	var pool []uint32
	all := make([]encoded, len(examples))
	for i, e := range examples {
		features := x.extract(e.Text)
		if cap(pool)-len(pool) < len(features) {
			pool = make([]uint32, 0, max(1<<16, len(features)))
		}
		from := len(pool)
		pool = append(pool, features...)
		class, _ := slices.BinarySearch(labels, e.Label)
		all[i] = encoded{pool[from:len(pool):len(pool)], int32(class)}
	}
	return all
}

// learn goes over the examples, in another order each time, ever more slowly.
func (t *trainer) learn(examples []encoded, epochs int, rate float64, shuffle *shuffler) {
	order := make([]int32, len(examples))
	for i := range order {
		order[i] = int32(i)
	}
	done, all := 0, epochs*len(examples)
	for range epochs {
		shuffle.permute(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			x := examples[i]
			slower := float64(all-done) / float64(all)
			t.step(x.features, valueOf(x.features), int(x.class), float32(rate*slower))
			done++
		}
	}
}

// hold runs the model, as it will be used, over held-out examples. Examples out
// of scope are weighted so that they have the share given, if it is not 0.
func (h *Header) hold(rows []byte, validation []Example, share float64) ([]held, error) {
	head, err := h.encode()
	if err != nil {
		return nil, err
	}
	data := append(head, rows...)
	m, err := open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	set := make([]held, len(validation))
	outside := 0
	for i, x := range validation {
		logits, err := m.forward(x.Text)
		if err != nil {
			return nil, err
		}
		class, ok := slices.BinarySearch(h.Labels, x.Label)
		if !ok {
			class = -1
		}
		set[i] = held{slices.Clone(logits), class, 1}
		if x.Label == h.OutOfScope {
			outside++
		}
	}
	if share > 0 && outside > 0 {
		weight := share / (1 - share) * float64(len(set)-outside) / float64(outside)
		for i, x := range validation {
			if x.Label == h.OutOfScope {
				set[i].weight = weight
			}
		}
	}
	return set, nil
}

// shuffler is xorshift64 (Marsaglia, "Xorshift RNGs"). Package math/rand does not
// promise to stay what it is.
type shuffler struct{ state uint64 }

func newShuffler(seed uint64) *shuffler { return &shuffler{seed*0x9e3779b97f4a7c15 | 1} }

func (s *shuffler) below(n int) int {
	s.state ^= s.state << 13
	s.state ^= s.state >> 7
	s.state ^= s.state << 17
	return int(s.state >> 1 % uint64(n))
}

func (s *shuffler) permute(n int, swap func(i, j int)) {
	for i := n - 1; i > 0; i-- {
		swap(i, s.below(i+1))
	}
}

func (s *shuffler) examples(list []Example) {
	s.permute(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}
