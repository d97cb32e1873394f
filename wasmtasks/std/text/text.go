// Package text counts, changes, compares and searches plain text. Texts are
// UTF-8, positions are bytes, and what depends on a language, such as upper case
// in Turkish, is an input. The package promises not to guess the language.
package text

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// Bounds of inputs.
const (
	maxText  = 4 << 20 // bytes
	maxItems = 100_000
)

func checkText(name, text string) error { return field.AtMost(name, len(text), maxText, "bytes") }

// inWord reports whether c belongs to a word by itself; an apostrophe or hyphen
// does between two such characters.
func inWord(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c) }

// words calls fn with each word: letters, digits and marks, with single
// apostrophes and hyphens between them.
func words(text string, fn func(word string)) {
	start, end := -1, 0 // of the word so far; end is after its last letter
	flush := func() {
		if start >= 0 {
			fn(text[start:end])
			start = -1
		}
	}
	for i, c := range text {
		switch {
		case inWord(c):
			if start >= 0 && i > end && i-end != width(text[end:]) {
				flush()
			}
			if start < 0 {
				start = i
			}
			end = i + width(text[i:])
		case start >= 0 && i == end && strings.ContainsRune("'’-", c):
		default:
			flush()
		}
	}
	flush()
}

// width returns the length of the first character, which may be a byte that is
// not UTF-8.
func width(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

// StatsInput is a text.
type StatsInput struct {
	Text string `json:"text"`
	Top  int    `json:"top,omitempty" jsonschema:"minimum=0,maximum=1000" jsonschema_description:"how many of the most frequent words to list, in lower case"`
}

// StatsOutput is what a text has how many of.
type StatsOutput struct {
	Bytes      int         `json:"bytes"`
	Characters int         `json:"characters" jsonschema_description:"Unicode code points"`
	Words      int         `json:"words" jsonschema_description:"runs of letters, digits and marks; apostrophes and hyphens may join them"`
	Sentences  int         `json:"sentences" jsonschema_description:"runs of text with a word up to . ! ? … 。 ！ ？ before a space or the end; abbreviations count too"`
	Lines      int         `json:"lines" jsonschema_description:"the last one counts if it is not empty"`
	Paragraphs int         `json:"paragraphs" jsonschema_description:"separated by empty lines"`
	TopWords   []WordCount `json:"top_words" jsonschema_description:"by count, then by code points"`
}

// WordCount is a word and how often it occurs.
type WordCount struct {
	Word  string `json:"word"`
	Count int    `json:"count"`
}

// Stats counts what a text has.
func Stats(_ context.Context, in StatsInput) (StatsOutput, error) {
	if err := checkText("text", in.Text); err != nil {
		return StatsOutput{}, err
	}
	if err := field.Between("top", in.Top, 0, 1000); err != nil {
		return StatsOutput{}, err
	}
	out := StatsOutput{
		Bytes: len(in.Text), Characters: utf8.RuneCountInString(in.Text), Sentences: sentences(in.Text), Lines: len(lines(in.Text)),
	}
	counts := map[string]int{}
	words(in.Text, func(w string) {
		out.Words++
		counts[strings.ToLower(w)]++
	})
	out.TopWords = most(counts, in.Top)
	blank := true
	for _, l := range lines(in.Text) {
		empty := strings.TrimSpace(l) == ""
		if !empty && blank {
			out.Paragraphs++
		}
		blank = empty
	}
	return out, nil
}

func sentences(text string) int {
	n, open := 0, false
	for i, c := range text {
		switch {
		case inWord(c):
			open = true
		case open && strings.ContainsRune("。！？", c), open && strings.ContainsRune(".!?…", c) && ends(text[i+width(text[i:]):]):
			n, open = n+1, false
		}
	}
	if open {
		n++
	}
	return n
}

// ends reports whether a sentence may end before the rest of the text.
func ends(rest string) bool {
	rest = strings.TrimLeft(rest, "\"'”’»)]")
	c, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || unicode.IsSpace(c)
}

// lines splits a text into lines without their ends.
func lines(text string) []string {
	if text == "" {
		return nil
	}
	all := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := range all {
		all[i] = strings.TrimSuffix(all[i], "\r")
	}
	return all
}
