package plan

import "slices"

// Most rules cannot read most messages, because a word is not there. So every
// pattern is asked first which words it needs: a list of sets, of each of which
// one word must be among the tokens. This decides nothing; it saves the time of
// matching in vain.

// lexicon numbers the words that patterns know.
type lexicon map[string]int

func (l lexicon) id(word string) int {
	if i, ok := l[word]; ok {
		return i
	}
	l[word] = len(l)
	return len(l) - 1
}

// words are the known words of some tokens, as a set of bits.
type words []uint64

func (w words) has(i int) bool { return w[i>>6]>>(i&63)&1 == 1 }

// present returns the known words of tokens. Quoted texts are none.
func (l lexicon) present(tokens []token) words {
	w := make(words, len(l)>>6+1)
	for i := range tokens {
		if id, ok := l[tokens[i].text]; ok && tokens[i].kind != quoted {
			w[id>>6] |= 1 << (id & 63)
		}
	}
	return w
}

// needs returns the sets of words that a pattern needs one of each.
func (l lexicon) needs(p pattern) [][]int {
	switch p := p.(type) {
	case literal:
		return [][]int{{l.id(string(p))}}
	case sequence:
		var all [][]int
		for _, part := range p {
			all = append(all, l.needs(part)...)
		}
		return all
	case either:
		var union []int
		for _, part := range p {
			sets := l.needs(part)
			if len(sets) == 0 {
				return nil // an alternative needs nothing
			}
			union = append(union, slices.MinFunc(sets, func(a, b []int) int { return len(a) - len(b) })...)
		}
		slices.Sort(union)
		return [][]int{slices.Compact(union)}
	}
	return nil
}

// may reports whether a pattern with these needs can read tokens with these words.
func may(w words, needs [][]int) bool {
	for _, set := range needs {
		if !slices.ContainsFunc(set, w.has) {
			return false
		}
	}
	return true
}

// index is the needs of every pattern of every rule.
type index struct {
	lexicon lexicon
	needs   [][][][]int // rule, pattern, set
}

func newIndex(rules []rule) *index {
	x := &index{lexicon: lexicon{}}
	for i := range rules {
		var all [][][]int
		for _, p := range rules[i].patterns {
			sets := x.lexicon.needs(p)
			// The smallest sets fail first.
			slices.SortStableFunc(sets, func(a, b []int) int { return len(a) - len(b) })
			all = append(all, sets)
		}
		x.needs = append(x.needs, all)
	}
	return x
}

var ruleIndex = newIndex(rules)
