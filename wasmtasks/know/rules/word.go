package rules

import (
	"strings"
	"unicode"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// word is a run of letters, marks and digits in a text, in lower case.
type word struct {
	text       string
	start, end int
}

// split finds the words of a text. Apostrophes within a word belong to it.
func split(text string) []word {
	var all []word
	start := -1
	end := func(at int) {
		if start >= 0 {
			w := strings.TrimRight(text[start:at], "'’")
			lower := strings.ReplaceAll(strings.ToLower(w), "’", "'")
			all = append(all, word{lower, start, start + len(w)})
			start = -1
		}
	}
	for at, r := range text {
		inner := start >= 0 && (r == '\'' || r == '’')
		switch {
		case unicode.In(r, unicode.L, unicode.M, unicode.N):
			if start < 0 {
				start = at
			}
		case !inner:
			end(at)
		}
	}
	end(len(text))
	return all
}

// find returns where a keyword stands among words. Its own words must follow one
// another; a star after the last lets it go on.
func find(at, keyword, text string, words []word) ([]Place, error) {
	if err := field.Between(at, len(keyword), 1, maxPattern); err != nil {
		return nil, err
	}
	bare, open := strings.CutSuffix(keyword, "*")
	parts := split(bare)
	if len(parts) == 0 {
		return nil, field.Errorf(at, "%q has no word", keyword)
	}
	var places []Place
	for i := 0; i+len(parts) <= len(words) && len(places) < maxMatches; i++ {
		if same(words[i:i+len(parts)], parts, open) {
			start, end := words[i].start, words[i+len(parts)-1].end
			places = append(places, Place{keyword, text[start:end], start, end})
		}
	}
	return places, nil
}

func same(words, parts []word, open bool) bool {
	last := len(parts) - 1
	for i := range last {
		if words[i].text != parts[i].text {
			return false
		}
	}
	if open {
		return strings.HasPrefix(words[last].text, parts[last].text)
	}
	return words[last].text == parts[last].text
}
