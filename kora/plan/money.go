package plan

// moneyRules read percentages of prices: discounts, tips and taxes.
var moneyRules = []rule{
	newRule("num.discount", discount,
		"[what is|what's|how much is] {p:number} (%|percent) (off|off of|discount on) {x:amount}",
		"{x:amount} (minus|less|with) [a] {p:number} (%|percent) [discount|off]"),
	newRule("num.tip", tip,
		"[what is|what's|how much is|calculate] [a|an|the] {p:number} (%|percent) tip (on|for) [a] {x:amount} [bill|meal|check]"),
	newRule("num.percent_of_money", percentOfMoney,
		"[what is|what's|how much is|calculate] {p:number} (%|percent) of {x:amount}"),
	newRule("num.sum_words", sumOf,
		"[what is|what's] the sum of {a:number} (and|plus|+) {b:number}", "add {a:number} (and|to|plus) {b:number} [together]"),
	newRule("num.difference", differenceOf,
		"[what is|what's] the difference between {a:number} and {b:number}", "subtract {b:number} from {a:number}", "take {b:number} from {a:number}"),
	newRule("num.product", productOf,
		"[what is|what's] the product of {a:number} and {b:number}", "multiply {a:number} (by|and|times) {b:number}"),
	newRule("num.quotient", quotientOf,
		"divide {a:number} by {b:number}", "how many times (can|does) {b:number} go into {a:number}"),
	newRule("num.fraction_of", fractionOf,
		"[what is|what's] {a:integer} / {b:integer} of [a|an] {x:number}", "[what is|what's] half of {x:number}"),
	newRule("num.power", powerOf,
		"[what is|what's] {a:number} to the {n:ordinal} [power]"),
}

func discount(_ *context, v values) ([]step, bool) {
	return one(arithmetic("(" + num(v, "x") + ") * (1 - " + num(v, "p") + " / 100)"))
}

func tip(_ *context, v values) ([]step, bool) {
	return one(arithmetic("(" + num(v, "p") + " / 100) * (" + num(v, "x") + ")"))
}

func percentOfMoney(c *context, v values) ([]step, bool) { return tip(c, v) }

func sumOf(_ *context, v values) ([]step, bool)        { return operation(v, "+") }
func differenceOf(_ *context, v values) ([]step, bool) { return operation(v, "-") }
func productOf(_ *context, v values) ([]step, bool)    { return operation(v, "*") }
func quotientOf(_ *context, v values) ([]step, bool)   { return operation(v, "/") }

func operation(v values, sign string) ([]step, bool) {
	return one(arithmetic(signed(num(v, "a")) + " " + sign + " " + signed(num(v, "b"))))
}

func fractionOf(_ *context, v values) ([]step, bool) {
	if num(v, "a") == "" {
		return one(arithmetic("(" + num(v, "x") + ") / 2"))
	}
	return one(arithmetic("(" + num(v, "a") + " / " + num(v, "b") + ") * (" + num(v, "x") + ")"))
}

func powerOf(_ *context, v values) ([]step, bool) {
	n := get[string](v, "n")
	if n == "" {
		return nil, false
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

var currencies = map[string]bool{"dollars": true, "dollar": true, "usd": true, "euros": true, "euro": true, "eur": true, "pounds": true, "gbp": true, "bucks": true, "€": true, "£": true}

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
