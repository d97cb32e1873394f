package plan

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// token is a piece of a message: a word in lower case, a number as it is
// written, a quoted text without its quotes, or one mark.
type token struct {
	kind       tokenKind
	text       string // folded: what patterns compare with
	raw        string // as it stands in the message
	start, end int    // in the message, bytes
	spaced     bool   // white space stands before it
	id         wordID // of text among the words that patterns know
}

type tokenKind uint8

const (
	word tokenKind = iota
	number
	quoted
	mark
)

// tokenize splits a message. ok is false when it has more than maxTokens.
func tokenize(message string) (tokens []token, ok bool) {
	spaced := false
	for at := 0; at < len(message); {
		r, size := utf8.DecodeRuneInString(message[at:])
		if unicode.IsSpace(r) {
			spaced = true
			at += size
			continue
		}
		if len(tokens) == maxTokens {
			return nil, false
		}
		t := scan(message, at, r)
		t.start, t.spaced = at, spaced
		t.raw = message[at:t.end]
		tokens, at, spaced = append(tokens, t), t.end, false
	}
	return tokens, true
}

func scan(s string, at int, r rune) token {
	if t, ok := scanQuoted(s, at, r); ok {
		return t
	}
	if end := scanNumber(s, at); end > at {
		return token{kind: number, text: s[at:end], end: end}
	}
	if unicode.IsLetter(r) {
		end := scanWord(s, at)
		return token{kind: word, text: fold(s[at:end]), end: end}
	}
	end := at + utf8.RuneLen(r)
	if r == utf8.RuneError {
		end = at + 1
	}
	return token{kind: mark, text: foldMark(r), end: end}
}

// fold is what words are compared as: compatibility form, lower case, straight
// apostrophes.
func fold(s string) string {
	return strings.ToLower(strings.ReplaceAll(norm.NFKC.String(s), "’", "'"))
}

// marks maps marks that mean the same to one.
var marks = map[rune]string{'×': "*", '·': "*", '÷': "/", '−': "-", '–': "-", '—': "-", '“': `"`, '”': `"`, '‘': "'", '’': "'", '⁄': "/"}

func foldMark(r rune) string {
	if m, ok := marks[r]; ok {
		return m
	}
	return string(r)
}

// closing maps an opening quote to what ends it.
var closing = map[rune]string{'"': `"`, '“': "”", '«': "»", '`': "`"}

func scanQuoted(s string, at int, r rune) (token, bool) {
	end, ok := closing[r]
	if !ok {
		return token{}, false
	}
	from := at + utf8.RuneLen(r)
	n := strings.Index(s[from:], end)
	if n < 0 {
		return token{}, false
	}
	return token{kind: quoted, text: s[from : from+n], end: from + n + len(end)}, true
}

// scanNumber returns the end of a number: digits, with groups of three after
// commas, and a fraction. What follows a number directly and is neither mark nor
// space (3rd, 10k, 1.2.3) makes it part of a word or of nothing.
func scanNumber(s string, at int) int {
	end := digits(s, at)
	if end == at {
		if s[at] != '.' || digits(s, at+1) == at+1 {
			return at
		}
		return digits(s, at+1)
	}
	for end-at <= 3 || grouped(s, at, end) {
		if end >= len(s) || s[end] != ',' || digits(s, end+1) != end+4 {
			break
		}
		end += 4
	}
	if end+1 < len(s) && s[end] == '.' && digits(s, end+1) > end+1 {
		end = digits(s, end+1)
	}
	return end
}

func grouped(s string, at, end int) bool { return strings.Contains(s[at:end], ",") }

func digits(s string, at int) int {
	for at < len(s) && s[at] >= '0' && s[at] <= '9' {
		at++
	}
	return at
}

// scanWord returns the end of a word: letters and marks on them, digits behind
// letters, and apostrophes between letters.
func scanWord(s string, at int) int {
	for at < len(s) {
		r, size := utf8.DecodeRuneInString(s[at:])
		next, _ := utf8.DecodeRuneInString(s[at+size:])
		switch {
		case unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r):
		case (r == '\'' || r == '’') && unicode.IsLetter(next):
		default:
			return at
		}
		at += size
	}
	return at
}
