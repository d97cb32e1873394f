package text

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// CountInput is a text and what to count in it.
type CountInput struct {
	Text       string `json:"text"`
	Find       string `json:"find" jsonschema:"minLength=1,maxLength=10000" jsonschema_description:"a letter, a word or any other text"`
	WholeWords bool   `json:"whole_words,omitempty" jsonschema_description:"whether only words count that are find, and not parts of words"`
	IgnoreCase bool   `json:"ignore_case,omitempty"`
}

// CountOutput is how often it is there, without overlap.
type CountOutput struct {
	Count int `json:"count"`
}

// Count counts a letter, word or other text in a text.
func Count(_ context.Context, in CountInput) (CountOutput, error) {
	if err := checkText("text", in.Text); err != nil {
		return CountOutput{}, err
	}
	if in.Find == "" || len(in.Find) > 10_000 {
		return CountOutput{}, field.Errorf("find", "has %d bytes, not 1–10000", len(in.Find))
	}
	text, find := in.Text, in.Find
	if in.IgnoreCase {
		text, find = fold(text), fold(find)
	}
	if !in.WholeWords {
		return CountOutput{strings.Count(text, find)}, nil
	}
	var out CountOutput
	words(text, func(w string) {
		if w == find {
			out.Count++
		}
	})
	return out, nil
}

// ReplaceInput is a text and what to change in it.
type ReplaceInput struct {
	Text string `json:"text"`
	Find string `json:"find" jsonschema:"minLength=1,maxLength=10000" jsonschema_description:"taken as it is; text/regex takes patterns"`
	With string `json:"with" jsonschema:"maxLength=10000"`
}

// ReplaceOutput is the text that came out.
type ReplaceOutput struct {
	Text  string `json:"text"`
	Count int    `json:"count" jsonschema_description:"how often it was replaced"`
}

// Replace replaces a text everywhere.
func Replace(_ context.Context, in ReplaceInput) (ReplaceOutput, error) {
	if err := checkText("text", in.Text); err != nil {
		return ReplaceOutput{}, err
	}
	if in.Find == "" || len(in.Find) > 10_000 {
		return ReplaceOutput{}, field.Errorf("find", "has %d bytes, not 1–10000", len(in.Find))
	}
	if err := field.AtMost("with", len(in.With), 10_000, "bytes"); err != nil {
		return ReplaceOutput{}, err
	}
	n := strings.Count(in.Text, in.Find)
	if err := field.AtMost("with", len(in.Text)+n*(len(in.With)-len(in.Find)), maxText, "bytes after replacing"); err != nil {
		return ReplaceOutput{}, err
	}
	return ReplaceOutput{strings.ReplaceAll(in.Text, in.Find, in.With), n}, nil
}

// SplitInput is a text and what its parts are.
type SplitInput struct {
	Text string `json:"text"`
	Into string `json:"into" jsonschema:"enum=characters,enum=words,enum=fields,enum=lines,enum=sentences,enum=commas" jsonschema_description:"words are letters, digits and marks; fields are separated by space; commas, semicolons and and separate items of a list, trimmed"`
	Do   string `json:"do,omitempty" jsonschema:"enum=keep,enum=reverse" jsonschema_description:"reverse turns the order of the parts around"`
}

// SplitOutput is the parts.
type SplitOutput struct {
	Parts []string `json:"parts"`
	Count int      `json:"count"`
}

// Split cuts a text into characters, words, lines or items of a list.
func Split(_ context.Context, in SplitInput) (SplitOutput, error) {
	if err := field.AtMost("text", len(in.Text), 1<<20, "bytes"); err != nil {
		return SplitOutput{}, err
	}
	if in.Do != "" {
		if err := field.OneOf("do", in.Do, "keep", "reverse"); err != nil {
			return SplitOutput{}, err
		}
	}
	parts := []string{}
	switch in.Into {
	case "characters":
		parts = append(parts, strings.Split(in.Text, "")...)
	case "words":
		words(in.Text, func(w string) { parts = append(parts, w) })
	case "fields":
		parts = append(parts, strings.Fields(in.Text)...)
	case "lines":
		parts = append(parts, lines(in.Text)...)
	case "sentences":
		parts = cutSentences(in.Text)
	case "commas":
		parts = items(in.Text)
	default:
		return SplitOutput{}, field.OneOf("into", in.Into, "characters", "words", "fields", "lines", "sentences", "commas")
	}
	if err := field.AtMost("text", len(parts), maxItems, "parts"); err != nil {
		return SplitOutput{}, err
	}
	if in.Do == "reverse" {
		slices.Reverse(parts)
	}
	return SplitOutput{parts, len(parts)}, nil
}

// cutSentences cuts where Stats counts.
func cutSentences(text string) []string {
	parts, start, open := []string{}, 0, false
	for i, c := range text {
		switch {
		case inWord(c):
			open = true
		case open && (strings.ContainsRune("。！？", c) || strings.ContainsRune(".!?…", c) && ends(text[i+width(text[i:]):])):
			end := i + utf8.RuneLen(c)
			end += len(text[end:]) - len(strings.TrimLeft(text[end:], "\"'”’»)]"))
			parts, start, open = append(parts, strings.TrimSpace(text[start:end])), end, false
		}
	}
	if open {
		parts = append(parts, strings.TrimSpace(text[start:]))
	}
	return parts
}

// items reads a list as people write it: "a, b, and c".
func items(text string) []string {
	parts := []string{}
	all := strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ';' || c == '\n' })
	for i, part := range all {
		part = strings.TrimSpace(part)
		if i == len(all)-1 {
			if last, ok := strings.CutPrefix(part, "and "); ok {
				part = last
			} else if before, after, ok := strings.Cut(part, " and "); ok {
				parts, part = append(parts, strings.TrimSpace(before)), after
			}
		}
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}
