package eval

import (
	"math/big"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Same reports whether an answer is the expected one: equal as numbers, a unit
// behind the answer's aside where none is expected, or as text in
// compatibility form, lower case, single spaces, without commas between words and
// without marks at the ends. Lists may stand in one line or many.
func Same(answer, expect string) bool {
	a, b := normal(answer), normal(expect)
	if a == b {
		return true
	}
	if strings.ReplaceAll(a, ", ", " ") == strings.ReplaceAll(b, ", ", " ") {
		return true
	}
	y, okY := numberOf(b)
	if number, unit, ok := strings.Cut(a, " "); ok && okY && strings.Trim(unit, "abcdefghijklmnopqrstuvwxyz ") == "" {
		a = number
	}
	x, okX := numberOf(a)
	return okX && okY && x.Cmp(y) == 0
}

func normal(s string) string {
	s = strings.Join(strings.Fields(strings.ToLower(norm.NFKC.String(s))), " ")
	if t := strings.TrimFunc(s, func(r rune) bool { return unicode.IsPunct(r) && r != '-' && r != '(' && r != ')' && r != '%' }); t != "" {
		s = t
	}
	return s
}

// numberOf reads a decimal number with groups of three, or a fraction.
func numberOf(s string) (*big.Rat, bool) {
	if len(s) > 400 || strings.ContainsAny(s, "eExXpP_") {
		return nil, false
	}
	return new(big.Rat).SetString(strings.ReplaceAll(s, ",", ""))
}
