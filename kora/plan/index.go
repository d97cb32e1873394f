package plan

import "slices"

// Most rules cannot read most messages, because a word is not there. So every
// pattern is asked first which words it needs: a list of sets, of each of which
// one word must be among the tokens, and with which words it can begin and end.
// This decides nothing; it saves the time of matching in vain.

// wordID is the number of a word that patterns know. Zero is none of them.
type wordID uint16

// lexicon numbers the words that patterns know.
type lexicon map[string]wordID

func (l lexicon) id(word string) wordID {
	if i, ok := l[word]; ok {
		return i
	}
	l[word] = wordID(len(l) + 1)
	return l[word]
}

// number gives tokens the numbers of their words. Quoted texts have none.
func (l lexicon) number(tokens []token) {
	for i := range tokens {
		if t := &tokens[i]; t.kind != quoted {
			t.id = l[t.text]
		}
	}
}

// words is a set of known words.
type words []uint64

func newWords(n int) words { return make(words, n>>6+1) }

func (w words) has(i wordID) bool { return w[i>>6]>>(i&63)&1 == 1 }
func (w words) add(i wordID)      { w[i>>6] |= 1 << (i & 63) }

// in puts the known words of tokens into w, and nothing else.
func (w words) in(tokens []token) {
	clear(w)
	for i := range tokens {
		w.add(tokens[i].id)
	}
}

// needs returns the sets of words that a pattern needs one of each.
func (l lexicon) needs(p pattern) [][]wordID {
	switch p := p.(type) {
	case literal:
		return [][]wordID{{l.id(string(p))}}
	case sequence:
		var all [][]wordID
		for _, part := range p {
			all = append(all, l.needs(part)...)
		}
		return all
	case either:
		var union []wordID
		for _, part := range p {
			sets := l.needs(part)
			if len(sets) == 0 {
				return nil // an alternative needs nothing
			}
			union = append(union, slices.MinFunc(sets, func(a, b []wordID) int { return len(a) - len(b) })...)
		}
		slices.Sort(union)
		return [][]wordID{slices.Compact(union)}
	}
	return nil
}

// edge returns the words that a pattern can begin with, or end with where last is
// set. known is false where that can be anything, empty true where the pattern can
// read nothing at all.
func (l lexicon) edge(p pattern, last bool) (set []wordID, known, empty bool) {
	switch p := p.(type) {
	case literal:
		return []wordID{l.id(string(p))}, true, false
	case either:
		known = true
		for _, part := range p {
			s, k, e := l.edge(part, last)
			set, known, empty = append(set, s...), known && k, empty || e
		}
		return set, known, empty
	case sequence:
		known, empty = true, true
		for i := range p {
			if last {
				i = len(p) - 1 - i
			}
			s, k, e := l.edge(p[i], last)
			set, known = append(set, s...), known && k
			if !e {
				empty = false
				break
			}
		}
		return set, known, empty
	}
	return nil, false, false // a slot
}

// form is a pattern of a rule as it is looked up and matched.
type form struct {
	rule  int
	start *node
	needs [][]wordID
	// first and last are the words at the ends, nil for any.
	first, last words
}

// within reports whether the form can read some tokens among which are these words.
func (f *form) within(said words) bool {
	for _, set := range f.needs {
		if !slices.ContainsFunc(set, said.has) {
			return false
		}
	}
	return true
}

// ends reports whether the form can begin and end with these words.
func (f *form) ends(first, last wordID) bool {
	return (f.first == nil || f.first.has(first)) && (f.last == nil || f.last.has(last))
}

// newForms returns the forms of rules, in their order, and the words in them.
func newForms(rules []rule) ([]form, lexicon) {
	l, end := lexicon{}, &node{}
	var all []form
	var patterns []pattern
	for i := range rules {
		for _, p := range rules[i].patterns {
			f := form{rule: i, start: l.link(p, end), needs: l.needs(p)}
			// The smallest sets fail first.
			slices.SortStableFunc(f.needs, func(a, b []wordID) int { return len(a) - len(b) })
			all, patterns = append(all, f), append(patterns, p)
		}
	}
	for i, p := range patterns { // now that all words have numbers
		all[i].first, all[i].last = l.edgeWords(p, false), l.edgeWords(p, true)
	}
	return all, l
}

func (l lexicon) edgeWords(p pattern, last bool) words {
	set, known, empty := l.edge(p, last)
	if !known || empty {
		return nil
	}
	w := newWords(len(l))
	for _, id := range set {
		w.add(id)
	}
	return w
}

var allForms, wordNumbers = newForms(rules)
