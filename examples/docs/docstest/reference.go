// Package docstest computes what a search of the docs example must find in
// another way than the task does: from the formula of BM25, with words cut out by
// hand. It knows texts whose words are letters, digits and what Unicode puts
// between them in Western languages, and promises nothing about others.
package docstest

import (
	"math"
	"sort"
	"strings"
	"unicode"

	"github.com/krako-labs/krako/examples/docs"
)

// Hit is a section and its score.
type Hit struct {
	ID    string
	Score float64
}

// Search ranks sections for the words of a question, without stemming and with
// the title counting twice, best first; equals stand in order of their ids.
func Search(sections []docs.Section, question string) []Hit {
	type text struct{ title, body []string }
	texts := make([]text, len(sections))
	titles, bodies := 0, 0
	for i, s := range sections {
		texts[i] = text{Words(s.Title), Words(s.Body)}
		titles += len(texts[i].title)
		bodies += len(texts[i].body)
	}
	n := float64(len(sections))
	scores := make([]float64, len(sections))
	asked := map[string]bool{}
	for _, w := range Words(question) {
		if asked[w] {
			continue
		}
		asked[w] = true
		df := 0.0
		weights := make([]float64, len(sections))
		for i, t := range texts {
			long := func(words []string, total int) float64 { return 0.25 + 0.75*float64(len(words))*n/float64(total) }
			inTitle, inBody := count(t.title, w), count(t.body, w)
			if inTitle > 0 {
				weights[i] += 2 * inTitle / long(t.title, titles)
			}
			if inBody > 0 {
				weights[i] += inBody / long(t.body, bodies)
			}
			if weights[i] > 0 {
				df++
			}
		}
		for i, tf := range weights {
			scores[i] += math.Log(1+(n-df+0.5)/(df+0.5)) * tf / (1.2 + tf)
		}
	}
	var hits []Hit
	for i, s := range sections {
		if scores[i] > 0 {
			hits = append(hits, Hit{s.ID, scores[i]})
		}
	}
	sort.Slice(hits, func(a, b int) bool {
		if d := hits[a].Score - hits[b].Score; math.Abs(d) > 1e-9 {
			return d > 0
		}
		return hits[a].ID < hits[b].ID
	})
	return hits
}

func count(words []string, w string) (n float64) {
	for _, x := range words {
		if x == w {
			n++
		}
	}
	return n
}

// Words cuts a text as UAX #29 does: letters, digits and low lines hang together,
// a point or apostrophe holds what is alike on both sides, a colon letters, and a
// comma or semicolon digits. Other numerals, such as the 6 of 10⁶, stand alone.
func Words(text string) []string {
	runes := []rune(text)
	inner := func(r rune) bool { return unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Nl) || r == '_' }
	var words []string
	var word []rune
	for i, r := range runes {
		joins := false
		if i > 0 && i+1 < len(runes) && len(word) > 0 {
			letters := unicode.IsLetter(runes[i-1]) && unicode.IsLetter(runes[i+1])
			digits := unicode.IsDigit(runes[i-1]) && unicode.IsDigit(runes[i+1])
			joins = strings.ContainsRune(".'’", r) && (letters || digits) || r == ':' && letters || strings.ContainsRune(",;", r) && digits
		}
		if inner(r) || joins {
			word = append(word, r)
			continue
		}
		words = flush(words, word)
		word = nil
		if unicode.Is(unicode.No, r) {
			words = append(words, string(r))
		}
	}
	return flush(words, word)
}

// flush adds a word if it has a letter or a digit.
func flush(words []string, word []rune) []string {
	for _, r := range word {
		if unicode.In(r, unicode.L, unicode.N) {
			return append(words, strings.ReplaceAll(strings.ToLower(string(word)), "’", "'"))
		}
	}
	return words
}
