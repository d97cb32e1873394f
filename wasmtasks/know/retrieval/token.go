package retrieval

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"github.com/clipperhouse/uax29/v2/words"
	"golang.org/x/text/unicode/norm"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// The kinds of stemming.
const (
	stemNone    = "none"
	stemEnglish = "english"
)

// token is a word of a text and its place, in bytes.
type token struct {
	term       string
	start, end int
}

// analyzer turns texts into terms. It is not safe for concurrent use.
type analyzer struct {
	stem *snowballstem.Env // nil for none
	seen map[string]string // stems of words
}

func newAnalyzer(stemming string) (*analyzer, error) {
	if err := field.OneOf("stemming", stemming, stemNone, stemEnglish); err != nil {
		return nil, err
	}
	a := &analyzer{}
	if stemming == stemEnglish {
		a.stem, a.seen = snowballstem.NewEnv(""), map[string]string{}
	}
	return a, nil
}

// tokens calls do with the words of a text: what has a letter or a digit.
func (a *analyzer) tokens(text string, do func(token)) {
	for it := words.FromString(text); it.Next(); {
		if w := it.Value(); isWord(w) {
			do(token{a.term(w), it.Start(), it.End()})
		}
	}
}

func isWord(w string) bool {
	for _, r := range w {
		if r < utf8.RuneSelf && ('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9') ||
			r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsNumber(r)) {
			return true
		}
	}
	return false
}

// maxTerm bounds a term; the rest of a longer word does not count.
const maxTerm = 255

func (a *analyzer) term(word string) string {
	if a.stem == nil {
		return normal(word)
	}
	if s, ok := a.seen[word]; ok {
		return s
	}
	a.stem.SetCurrent(normal(word))
	english.Stem(a.stem)
	s := strings.Clone(a.stem.Current())
	if len(a.seen) < 1<<16 {
		a.seen[word] = s
	}
	return s
}

func normal(word string) string {
	word = strings.ToLower(norm.NFKC.String(word))
	word = strings.ReplaceAll(word, "’", "'")
	if len(word) <= maxTerm {
		return word
	}
	end := maxTerm
	for !utf8.RuneStart(word[end]) {
		end--
	}
	return word[:end]
}
