package plan

import (
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

// vocabulary is every word that can mean something.
var vocabulary = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	add := func(text string) {
		for _, w := range strings.Fields(text) {
			if strings.Trim(w, "abcdefghijklmnopqrstuvwxyz'") == "" {
				all[w] = true
			}
		}
	}
	for w := range ruleIndex.lexicon {
		add(w)
	}
	for w := range unitNames {
		add(w)
	}
	for w := range months {
		add(w)
	}
	for w := range small {
		add(w)
	}
	for w := range large {
		add(w)
	}
	for w := range ordinals {
		add(w)
	}
	for w := range zoneNames {
		add(w)
	}
	for _, names := range []map[string]string{hashes, encodings, kinds, extractables, measures, extremes, comparisons} {
		for w := range names {
			add(w)
		}
	}
	for _, b := range bases {
		add(strings.Join(b.words, " "))
	}
	for _, list := range [][][]string{politeBefore, politeAfter, asides} {
		for _, p := range list {
			add(strings.Join(p, " "))
		}
	}
	return all
})

// corrected returns tokens with misspelt words put right, and what was changed. It
// returns none where nothing was or too much would have to be.
func corrected(tokens []token) (fixed []token, changes []token) {
	known := vocabulary()
	for i := range tokens {
		t := &tokens[i]
		if t.kind != word || utf8.RuneCountInString(t.text) < minSlip || known[t.text] {
			continue
		}
		w, ok := nearest(t.text, known)
		if !ok {
			continue
		}
		if len(changes) == maxSlips {
			return nil, nil
		}
		if fixed == nil {
			fixed = append([]token(nil), tokens...)
		}
		fixed[i].text = w
		changes = append(changes, fixed[i])
	}
	return fixed, changes
}

// nearest returns the only known word that is one slip away: two letters that
// changed places, or else a letter too many, too few or another one.
func nearest(w string, known map[string]bool) (string, bool) {
	if len(w) > 24 || strings.Trim(w, "abcdefghijklmnopqrstuvwxyz'") != "" {
		return "", false
	}
	found := map[string]bool{}
	try := func(s string) {
		if len(s) >= minSlip && known[s] {
			found[s] = true
		}
	}
	for i := range len(w) - 1 {
		try(w[:i] + w[i+1:i+2] + w[i:i+1] + w[i+2:])
	}
	if len(found) == 0 {
		for i := range len(w) + 1 {
			if i < len(w) {
				try(w[:i] + w[i+1:])
			}
			for c := byte('a'); c <= 'z'; c++ {
				try(w[:i] + string(c) + w[i:])
				if i < len(w) {
					try(w[:i] + string(c) + w[i+1:])
				}
			}
		}
	}
	if len(found) != 1 {
		return "", false
	}
	for s := range found {
		w = s
	}
	return w, true
}
