package plan

import (
	_ "embed"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// A message that no grammar reads is read once more with its misspelt words put
// right: words that nothing here knows and that are one slip from exactly one word
// that something knows. Texts in quotes, numbers and words that are read as they
// stand are never changed, and what was put right is logged.

// maxSlips bounds how many words of a message are put right, and minSlip how long
// one must be.
const (
	maxSlips = 2
	minSlip  = 4
)

// realWords are English words that are one slip from a word that something knows and
// mean something else: nobody who writes smile means a mile. They are those among the
// 40,000 commonest of a dictionary, and must be looked at anew when words are added;
// TestRealWords says which are not needed any more.
//
//go:embed realwords.txt
var realWords string

// vocabulary is every word that can mean something, and by length those that a
// misspelt one can be put right to.
type vocabulary struct {
	known    map[string]bool
	real     map[string]bool // words that are what they are
	byLength [maxSlipLength + 2][]spelling
}

// maxSlipLength bounds the words that are put right.
const maxSlipLength = 24

// spelling is a word with the set of its letters. Words that are one slip apart
// have sets that differ in at most two letters.
type spelling struct {
	word    string
	letters uint32
}

func newSpelling(w string) spelling {
	s := spelling{word: w}
	for i := range len(w) {
		if c := w[i]; c == '\'' {
			s.letters |= 1 << 26
		} else {
			s.letters |= 1 << (c - 'a')
		}
	}
	return s
}

// plain reports whether a word is of the letters that words here are spelt with.
func plain(w string) bool {
	for i := range len(w) {
		if c := w[i]; (c < 'a' || c > 'z') && c != '\'' {
			return false
		}
	}
	return true
}

var theVocabulary = sync.OnceValue(func() *vocabulary {
	v := &vocabulary{known: map[string]bool{}}
	add := func(text string) {
		for _, w := range strings.Fields(text) {
			if plain(w) {
				v.known[w] = true
			}
		}
	}
	addKeys(add, wordNumbers)
	addKeys(add, unitNames)
	addKeys(add, months)
	addKeys(add, small)
	addKeys(add, large)
	addKeys(add, ordinals)
	addKeys(add, zoneNames)
	for _, names := range []map[string]string{hashes, encodings, kinds, extractables, measures, extremes, comparisons} {
		addKeys(add, names)
	}
	for _, b := range bases {
		add(strings.Join(b.words, " "))
	}
	for _, list := range []*phraseList{politeBefore, politeAfter, asides} {
		for _, p := range list.all {
			add(strings.Join(p, " "))
		}
	}
	v.real = map[string]bool{}
	for _, w := range strings.Fields(realWords) {
		v.real[w] = true
	}
	for w := range v.known {
		if len(w) >= minSlip && len(w) < len(v.byLength) {
			v.byLength[len(w)] = append(v.byLength[len(w)], newSpelling(w))
		}
	}
	return v
})

func addKeys[M ~map[string]V, V any](add func(string), m M) {
	for k := range m {
		add(k)
	}
}

// corrected returns tokens with misspelt words put right, and what was changed. It
// returns none where nothing was or too much would have to be.
func corrected(tokens []token) (fixed []token, changes []token) {
	v := theVocabulary()
	for i := range tokens {
		t := &tokens[i]
		if t.kind != word || utf8.RuneCountInString(t.text) < minSlip || v.known[t.text] || v.real[t.text] {
			continue
		}
		w, ok := v.nearest(t.text)
		if !ok {
			continue
		}
		if len(changes) == maxSlips {
			return nil, nil
		}
		if fixed == nil {
			fixed = slices.Clone(tokens)
		}
		fixed[i].text = w
		changes = append(changes, fixed[i])
	}
	return fixed, changes
}

// nearest returns the only known word that is one slip away: two letters that
// changed places, or else a letter too many, too few or another one.
func (v *vocabulary) nearest(w string) (string, bool) {
	if len(w) > maxSlipLength || !plain(w) {
		return "", false
	}
	said := newSpelling(w)
	var found, swapped string
	var edits, swaps int
	for n := len(w) - 1; n <= len(w)+1; n++ {
		for _, s := range v.byLength[n] {
			if bits.OnesCount32(s.letters^said.letters) > 2 {
				continue
			}
			switch slipped(w, s.word) {
			case swap:
				swapped = s.word
				swaps++
			case edit:
				found = s.word
				edits++
			}
		}
	}
	if swaps > 0 {
		return swapped, swaps == 1
	}
	return found, edits == 1
}

type slip uint8

const (
	none slip = iota
	swap      // two letters beside one another changed places
	edit      // a letter is too many, too few or another
)

// slipped says by which single slip a word was written for another. Apostrophes
// are left out at times, which is no slip.
func slipped(said, meant string) slip {
	at := 0
	for at < len(said) && at < len(meant) && said[at] == meant[at] {
		at++
	}
	switch rest := said[at:]; {
	case len(said) == len(meant)+1:
		if rest[1:] == meant[at:] {
			return edit
		}
	case len(said)+1 == len(meant):
		if rest == meant[at+1:] && meant[at] != '\'' {
			return edit
		}
	case len(rest) > 1 && rest[0] == meant[at+1] && rest[1] == meant[at] && rest[2:] == meant[at+2:]:
		return swap
	case len(rest) > 0 && rest[1:] == meant[at+1:] && meant[at] != '\'':
		return edit
	}
	return none
}
