package plan

import (
	"strconv"
	"strings"
)

// readers are the kinds of slots.
var readers = map[string]reader{
	"number": readNumber, "integer": readInteger, "text": readText, "words": readWords,
	"unit": readUnit, "date": readDate, "expr": readExpression, "span": readSpan,
	"term": readTerm, "letter": readLetter, "letters": readLetters, "casing": readCasing, "rest": readRest, "place": readPlace,
	"amount": readAmount, "ordinal": readOrdinal, "base": readBase, "roman": readRoman,
	"numbers": readNumbers, "fraction": readFraction, "chunk": readChunk, "column": readColumn,
	"value": readValue, "valueof": readValueOf, "path": readPath, "clock": readClock, "placeof": readPlaceOf, "relday": readRelative, "month": readMonth, "year": readYear,
	"data": readData, "hash": oneOf(hashes, 3), "encoding": oneOf(encodings, 2), "kind": oneOf(kinds, 3), "namespace": oneOf(namespaces, 1), "urlpart": oneOf(urlMembers, 1),
	"extractable": oneOf(extractables, 4), "compounding": readCompounding, "measure": oneOf(measures, 2), "extreme": oneOf(extremes, 1), "compare": oneOf(comparisons, 2), "casingverb": oneOf(casingVerbs, 1), "qletters": readQuotedLetters, "quantity": readQuantity, "items": readItems, "sequence": readSequence, "nth": readNth,
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
		n := strings.ReplaceAll(t.text, ",", "")
		if at+1 < len(m.tokens) && large[m.tokens[at+1].text] > 0 && m.tokens[at+1].spaced && !yield(at+2, numeral(sign+times(n, large[m.tokens[at+1].text]))) {
			return false
		}
		if end, ok := phraseAt(m.tokens, at+1, []string{"and", "a", "half"}); ok && !strings.Contains(n, ".") && !yield(end, numeral(sign+n+".5")) {
			return false
		}
		return yield(at+1, numeral(sign+n))
	}
	if m.tokens[at].text == "a" && at+1 < len(m.tokens) && m.tokens[at+1].text == "dozen" {
		return yield(at+2, numeral(sign+"12"))
	}
	if m.tokens[at].text == "a" && at+1 < len(m.tokens) && large[m.tokens[at+1].text] > 0 {
		return yield(at+2, numeral(sign+times("1", large[m.tokens[at+1].text])))
	}
	for _, w := range spelled(m.tokens, at) {
		if !yield(w.end, numeral(sign+w.value)) {
			return false
		}
	}
	return true
}

// times multiplies a decimal number by a power of ten.
func times(n string, by int64) string {
	whole, fraction, _ := strings.Cut(n, ".")
	zeros := len(strconv.FormatInt(by, 10)) - 1
	if len(fraction) <= zeros {
		return strings.TrimLeft(whole+fraction+strings.Repeat("0", zeros-len(fraction)), "0")
	}
	return strings.TrimLeft(whole+fraction[:zeros], "0") + "." + fraction[zeros:]
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
