package plan

import (
	"math/big"
	"strings"
)

// moneyRules read percentages of prices: discounts, tips and taxes.
var moneyRules = []rule{
	newRule("num.discount", discount,
		"<what> [the price of] {p:number} (%|percent) (off|off of|discount on|discount off|discount of|discount for) {x:amount} [is]", "<what> {x:amount} (with|after|at) [a] {p:number} (%|percent) [discount|off]",
		"how much (would|will) {p:number} (%|percent) (off|off of) {x:amount} be", "<what> {x:amount} (minus|less) {p:number} (%|percent)", "{x:amount} (minus|less|with) [a] {p:number} (%|percent) [discount|off]"),
	newRule("num.tip", tip,
		"<what> [a|an|the] {p:number} (%|percent) tip (on|for|of) [a|an] {x:amount} [bill|meal|check|tab|dinner|lunch] [is]",
		"how much (should i|do i|to) tip (on|for) [a|an] {x:amount} [bill|meal|check|tab] at {p:number} (%|percent)", "how much is [a] {p:number} (%|percent) tip (on|for) [a] {x:amount}", "tip {p:number} (%|percent) on {x:amount}"),
	newRule("num.percent_of_money", percentOfMoney,
		"<what> {p:number} (%|percent) of {x:amount} [is]", "how much is {p:number} (%|percent) of {x:amount}", "{p:number} (%|percent) of {x:amount} (is what|is how much|equals what)"),
	newRule("num.sum_words", sumOf,
		"<what> [the] (sum|total) of {a:number} (and|plus|+) {b:number}", "add [up] {a:number} (and|to|plus|with) {b:number} [together]", "what do (you|i) get (if|when) (you|i) add {a:number} (and|to|plus) {b:number}"),
	newRule("num.difference", differenceOf,
		"<what> [the] difference (between|of) {a:number} and {b:number}", "what do (you|i) get (if|when) (you|i) subtract {b:number} from {a:number}", "how much (more|bigger|greater|larger) is {a:number} than {b:number}", "{b:number} less than {a:number}", "subtract {b:number} from {a:number}", "take {b:number} from {a:number}"),
	newRule("num.product", productOf,
		"<what> [the] product of {a:number} and {b:number}", "what do (you|i) get (if|when) (you|i) multiply {a:number} (by|and) {b:number}", "multiply {a:number} (by|and|times) {b:number}"),
	newRule("num.quotient", quotientOf,
		"divide {a:number} by {b:number}", "<what> [the] quotient of {a:number} and {b:number}", "what do (you|i) get (if|when) (you|i) divide {a:number} by {b:number}", "split {a:amount} {b:integer} ways", "divide {a:amount} (among|between) {b:integer} people"),
	newRule("num.times_into", timesInto, "how many times (can|does|will) {b:number} go into {a:number}"),
	newRule("num.fraction_of", fractionOf,
		"<what> {a:integer} / {b:integer} of [a|an] {x:amount}", "<what> (half|one half|a half) of {x:amount}"),
	newRule("num.part_of", partOf, "<what> {f:fraction} of {x:amount}"),
	newRule("num.part_of_part", partOfPart, "<what> {f:fraction} of {g:fraction}"),
	newRule("num.multiple_of", multipleOf, "<what> (double|twice) [of] {d:amount}", "<what> (triple|three times) {t:amount}", "double {d:amount}", "triple {t:amount}"),
	newRule("num.area", areaOf,
		"<what> [the] area of [a|an|the] {a:number} (x|by|*) {b:number} (room|rectangle|field|garden|yard|square|plot|lot|wall)", "<what> [the] area of [a|the] rectangle [that is|with sides|of|measuring] {a:number} (x|by|and|*) {b:number}", "how many square feet is [a|an] {a:number} (x|by) {b:number} room"),
	newRule("num.perimeter", perimeterOf, "<what> [the] perimeter of [a|an|the] {a:number} (x|by|*) {b:number} (room|rectangle|field|garden|yard|plot)", "<what> [the] perimeter of [a|the] rectangle [that is|with sides|of|measuring] {a:number} (x|by|and|*) {b:number}"),
	newRule("num.power", powerOf,
		"<what> {a:number} to the {n:ordinal} [power]", "raise {a:number} to the [power of] {n:ordinal} [power]", "raise {a:number} to the power of {b:number}"),
}

func discount(_ *context, v values) ([]step, bool) {
	return one(arithmetic("(" + num(v, "x") + ") * (1 - " + num(v, "p") + " / 100)"))
}

func tip(_ *context, v values) ([]step, bool) {
	return one(arithmetic("(" + num(v, "p") + " / 100) * (" + num(v, "x") + ")"))
}

func percentOfMoney(c *context, v values) ([]step, bool) { return tip(c, v) }

func sumOf(_ *context, v values) ([]step, bool) { return operation(v, "+") }

// differenceOf is how far two numbers are apart where that is asked, and else what is
// left of the one without the other.
func differenceOf(c *context, v values) ([]step, bool) {
	a, okA := new(big.Rat).SetString(num(v, "a"))
	b, okB := new(big.Rat).SetString(num(v, "b"))
	if okA && okB && a.Cmp(b) < 0 && strings.Contains(fold(c.req.Message), "difference") {
		v = values{"a": v["b"], "b": v["a"]}
	}
	return operation(v, "-")
}

func productOf(_ *context, v values) ([]step, bool)  { return operation(v, "*") }
func quotientOf(_ *context, v values) ([]step, bool) { return operation(v, "/") }

// timesInto abstains where something is left: some then want the whole part.
func timesInto(_ *context, v values) ([]step, bool) {
	a, okA := new(big.Rat).SetString(num(v, "a"))
	b, okB := new(big.Rat).SetString(num(v, "b"))
	if !okA || !okB || b.Sign() == 0 || !new(big.Rat).Quo(a, b).IsInt() {
		return nil, false
	}
	return operation(v, "/")
}

func operation(v values, sign string) ([]step, bool) {
	return one(arithmetic(signed(num(v, "a")) + " " + sign + " " + signed(num(v, "b"))))
}

func fractionOf(_ *context, v values) ([]step, bool) {
	if num(v, "a") == "" {
		return one(arithmetic("(" + num(v, "x") + ") / 2"))
	}
	return one(arithmetic("(" + num(v, "a") + " / " + num(v, "b") + ") * (" + num(v, "x") + ")"))
}

func areaOf(_ *context, v values) ([]step, bool) { return operation(v, "*") }

func perimeterOf(_ *context, v values) ([]step, bool) {
	return one(arithmetic("2 * (" + num(v, "a") + " + " + num(v, "b") + ")"))
}

func partOf(_ *context, v values) ([]step, bool) {
	return one(arithmetic("(" + get[string](v, "f") + ") * (" + num(v, "x") + ")"))
}

func partOfPart(_ *context, v values) ([]step, bool) {
	s := arithmetic("(" + get[string](v, "f") + ") * (" + get[string](v, "g") + ")")
	s.answer = "{{out.fraction}}"
	return one(s)
}

func multipleOf(_ *context, v values) ([]step, bool) {
	if t := num(v, "t"); t != "" {
		return one(arithmetic("3 * " + signed(t)))
	}
	return one(arithmetic("2 * " + signed(num(v, "d"))))
}

func powerOf(_ *context, v values) ([]step, bool) {
	n := get[string](v, "n")
	if n == "" {
		if n = num(v, "b"); n == "" {
			return nil, false
		}
	}
	return one(arithmetic(signed(num(v, "a")) + " ^ " + n))
}

func num(v values, name string) string { return string(get[numeral](v, name)) }

// signed puts a negative number in parentheses.
func signed(n string) string {
	if len(n) > 0 && n[0] == '-' {
		return "(" + n + ")"
	}
	return n
}

// readAmount reads a number with a currency before or behind it. The currency is
// not part of the computation.
func readAmount(m *matcher, from int, yield func(int, any) bool) bool {
	if from < len(m.tokens) && (m.tokens[from].text == "$" || m.tokens[from].text == "€" || m.tokens[from].text == "£") {
		return readNumber(m, from+1, yield)
	}
	return readNumber(m, from, func(end int, v any) bool {
		if end < len(m.tokens) && currencies[m.tokens[end].text] && !yield(end+1, v) {
			return false
		}
		return yield(end, v)
	})
}

var currencies = map[string]bool{"cents": true, "rupees": true, "yen": true, "dollars": true, "dollar": true, "usd": true, "euros": true, "euro": true, "eur": true, "pounds": true, "gbp": true, "bucks": true, "€": true, "£": true}

// ordinals are powers in words.
var ordinals = map[string]string{
	"second": "2", "third": "3", "fourth": "4", "fifth": "5", "sixth": "6", "seventh": "7", "eighth": "8", "ninth": "9", "tenth": "10", "twelfth": "12",
}

func readOrdinal(m *matcher, from int, yield func(int, any) bool) bool {
	if from >= len(m.tokens) {
		return true
	}
	if n, ok := ordinals[m.tokens[from].text]; ok {
		return yield(from+1, n)
	}
	if d, end, ok := dayOfMonth(m.tokens, from); ok && end == from+2 {
		return yield(end, d)
	}
	return true
}
