package plan

import (
	"strings"
)

// readers are the kinds of slots.
var readers = map[string]reader{
	"number": readNumber, "integer": readInteger, "text": readText, "words": readWords,
	"unit": readUnit, "date": readDate, "expr": readExpression, "span": readSpan,
	"term": readTerm, "letter": readLetter, "letters": readLetters, "casing": readCasing, "rest": readRest, "place": readPlace,
	"amount": readAmount, "ordinal": readOrdinal, "base": readBase, "roman": readRoman,
}

// numeral is a number as it will be computed with.
type numeral string

// readNumber reads a signed number in digits or in words.
func readNumber(m *matcher, from int, yield func(int, any) bool) bool {
	at, sign := from, ""
	if at < len(m.tokens) && (m.tokens[at].text == "-" || m.tokens[at].text == "minus" || m.tokens[at].text == "negative") {
		at, sign = at+1, "-"
	}
	if at >= len(m.tokens) {
		return true
	}
	if t := m.tokens[at]; t.kind == number {
		return yield(at+1, numeral(sign+strings.ReplaceAll(t.text, ",", "")))
	}
	for _, w := range spelled(m.tokens, at) {
		if !yield(w.end, numeral(sign+w.value)) {
			return false
		}
	}
	return true
}

func readInteger(m *matcher, from int, yield func(int, any) bool) bool {
	return readNumber(m, from, func(end int, v any) bool {
		if n := v.(numeral); strings.Contains(string(n), ".") {
			return true
		}
		return yield(end, v)
	})
}

// readText reads a quoted text, or all that is left after a colon.
func readText(m *matcher, from int, yield func(int, any) bool) bool {
	if from >= len(m.tokens) {
		return true
	}
	if t := m.tokens[from]; t.kind == quoted {
		return yield(from+1, t.text)
	}
	return true
}

// readWords reads one or more words, numbers and marks, as they stand.
func readWords(m *matcher, from int, yield func(int, any) bool) bool {
	for end := len(m.tokens); end > from; end-- {
		if m.steps--; m.steps < 0 {
			return false
		}
		if !yield(end, m.raw(from, end)) {
			return false
		}
	}
	return true
}

// raw is the message's text from one token up to another.
func (m *matcher) raw(from, end int) string {
	var b strings.Builder
	for i, t := range m.tokens[from:end] {
		if i > 0 && t.spaced {
			b.WriteByte(' ')
		}
		b.WriteString(t.raw)
	}
	return b.String()
}
