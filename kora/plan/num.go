package plan

import (
	"regexp"
	"strings"
)

// numberRules read arithmetic.
var numberRules = []rule{
	newRule("num.eval", evaluate,
		"<what> {e:expr} [=|equals|equal to|is]", "(evaluate|solve|simplify|do|add up) {e:expr} [=]", "what (does|do|is) {e:expr} (equal|make|come to|equal to|come out to)", "how much (does|is) {e:expr} [equal|make|come to]",
		"(what is|what's|whats|find|give|calculate) the (answer|result|solution|value) (of|to|for) {e:expr} [=]", "what do (you|i|we) get (if|when) (you|i|we) (calculate|compute|take|do) {e:expr}", "{e:expr} (is what|equals what|= what|= ?|is how much)"),
	newRule("num.change", percentChange,
		"<what> [the] (percent|percentage|%) (change|increase|decrease|difference|growth) (from|between) {a:amount} (to|and) {b:amount}", "by (what percent|what percentage|how many percent) (did|does) {a:amount} (change|increase|grow|rise|decrease|fall) to {b:amount}"),
	newRule("num.share", shareOf,
		"{a:amount} is what (percent|percentage|%) of {b:amount}", "[what is|what's|whats] what (percent|percentage|%) of {b:amount} is {a:amount}", "what (percent|percentage|%) (is|are) {a:amount} (of|out of) {b:amount}",
		"<what> {a:amount} (out of|of|over) {b:amount} (as|in) [a] (percent|percentage|%)", "what (percent|percentage|%) of {b:amount} is {a:amount}", "how many percent of {b:amount} is {a:amount}"),
	newRule("num.raise", raised,
		"(increase|raise|grow) {x:amount} by {p:number} (%|percent)", "<what> {x:amount} (increased|raised|plus|+) [by] {p:number} (%|percent)", "<what> {p:number} (%|percent) more than {x:amount}", "add {p:number} (%|percent) to {x:amount}"),
	newRule("num.lower", lowered,
		"(decrease|reduce|lower|discount|cut) {x:amount} by {p:number} (%|percent)", "<what> {x:amount} (decreased|reduced|discounted|cut) by {p:number} (%|percent)", "<what> {p:number} (%|percent) less than {x:amount}", "take {p:number} (%|percent) (off|off of|from) [of] {x:amount}", "subtract {p:number} (%|percent) from {x:amount}"),
	newRule("num.modulo", remainder,
		"<what> [the] remainder (when|if|of) {a:integer} [is] divided by {b:integer}", "<what> [the] remainder of {a:integer} / {b:integer}", "<what> {a:integer} (mod|modulo) {b:integer}"),
	newRule("num.divisible", divisible, "is {a:integer} [evenly] (divisible by|a multiple of) {b:integer}", "(does|can) {b:integer} (divide|go into) {a:integer} [evenly]"),
	newRule("num.parity", parity, "is {a:integer} [an|a] (even|odd) [number]", "is {a:integer} [an|a] (even or odd|odd or even) [number]"),
}

// expression is arithmetic in the language of num/eval.
type expression struct {
	text      string
	operators int
	asked     bool // written with spaces or words, not like a date or a score
	said      string
}

func evaluate(c *context, v values) ([]step, bool) {
	e := get[expression](v, "e")
	if e.operators == 0 || !e.asked || noSum.MatchString(e.said) {
		return nil, false // a bare number asks nothing; 10-4 may be a score
	}
	if exclaimed.MatchString(c.req.Message) {
		return nil, false // an exclamation, or a factorial
	}
	return one(arithmetic(e.text))
}

// noSum is what is written like a sum and read as a day, a span of years, a telephone
// number, a number with zeros before it, or by its name.
var noSum = regexp.MustCompile(`^(\d+-\d+-\d+(-\d+)*|\d{1,2}/\d{1,2}/\d{2,4}|\d{3}-\d{4}|(1[0-9]|20)\d\d-((1[0-9]|20)\d\d|\d\d)|9/11|24/7|50/50|20/20|4/20|7/11|7/4|80/20)$|(^|[^0-9.])0\d`)

var exclaimed = regexp.MustCompile(`[0-9)]!`)

func arithmetic(expression string) step {
	return step{
		task: "num/eval@1", answer: "{{out.decimal}}", reading: expression,
		input: map[string]any{"expression": expression, "digits": 10, "rounding": "half_even"},
	}
}

func percentChange(_ *context, v values) ([]step, bool) {
	a, b := num(v, "a"), num(v, "b")
	if !strings.HasPrefix(a, "-") && strings.Trim(a, "0.") != "" {
		s := arithmetic("(" + signed(b) + " - " + a + ") / " + a + " * 100")
		s.input["digits"], s.answer, s.reading = 2, "{{out.decimal}}%", "change from "+a+" to "+b
		return one(s)
	}
	return one(step{
		task: "num/change@1", answer: "{{out.percent}}%",
		reading: "change from " + string(get[numeral](v, "a")) + " to " + string(get[numeral](v, "b")),
		input: map[string]any{
			"from": string(get[numeral](v, "a")), "to": string(get[numeral](v, "b")), "digits": 2, "rounding": "half_even",
		},
	})
}

func shareOf(_ *context, v values) ([]step, bool) {
	s := arithmetic(signed(num(v, "a")) + " / " + signed(num(v, "b")) + " * 100")
	s.answer = "{{out.decimal}}%"
	return one(s)
}

func raised(_ *context, v values) ([]step, bool) {
	return one(arithmetic(signed(num(v, "x")) + " * (1 + " + num(v, "p") + " / 100)"))
}

func lowered(_ *context, v values) ([]step, bool) {
	return one(arithmetic(signed(num(v, "x")) + " * (1 - " + num(v, "p") + " / 100)"))
}

func remainder(_ *context, v values) ([]step, bool) {
	return one(arithmetic(signed(num(v, "a")) + " mod " + signed(num(v, "b"))))
}

func divisible(_ *context, v values) ([]step, bool) { return dividesStep(v, num(v, "b"), "yes", "no") }

func parity(c *context, v values) ([]step, bool) {
	// The words asked about decide how it is answered.
	said := map[string]bool{}
	for _, w := range strings.Fields(fold(c.req.Message)) {
		said[strings.Trim(w, "?.!,")] = true
	}
	switch {
	case said["even"] && said["odd"]:
		return dividesStep(v, "2", "even", "odd")
	case said["even"]:
		return dividesStep(v, "2", "yes", "no")
	}
	return dividesStep(v, "2", "no", "yes")
}

// dividesStep says yes where a is a multiple of b.
func dividesStep(v values, b, yes, no string) ([]step, bool) {
	a := num(v, "a")
	if strings.Trim(b, "-0") == "" {
		return nil, false
	}
	return one(step{
		task: "json/query@1", reading: "does " + b + " divide " + a, answer: "{{#out.results}}{{.}}{{/out.results}}",
		from: nil, input: map[string]any{
			"document": map[string]any{"value": map[string]any{"a": a, "b": b}}, "query": `if (.a | tonumber) % (.b | tonumber) == 0 then "` + yes + `" else "` + no + `" end`, "limit": 1,
		},
	})
}

// operators are the ways to write an operation between two numbers.
var operators = []struct {
	words []string
	sign  string
}{
	{[]string{"+"}, "+"}, {[]string{"plus"}, "+"}, {[]string{"-"}, "-"}, {[]string{"minus"}, "-"},
	{[]string{"*"}, "*"}, {[]string{"x"}, "*"}, {[]string{"times"}, "*"}, {[]string{"multiplied", "by"}, "*"},
	{[]string{"/"}, "/"}, {[]string{"divided", "by"}, "/"}, {[]string{"over"}, "/"},
	{[]string{"^"}, "^"}, {[]string{"*", "*"}, "^"}, {[]string{"to", "the", "power", "of"}, "^"}, {[]string{"raised", "to"}, "^"}, {[]string{"raised", "to", "the", "power", "of"}, "^"},
	{[]string{"added", "to"}, "+"}, {[]string{"mod"}, "mod"}, {[]string{"modulo"}, "mod"}, {[]string{"divide", "by"}, "/"},
}

// readExpression reads numbers, operators and parentheses.
func readExpression(m *matcher, from int, yield func(int, any) bool) bool {
	return readSum(m, from, expression{asked: true}, 0, func(end int, v any) bool {
		e := v.(expression)
		e.said = m.raw(from, end)
		return yield(end, e)
	})
}

// readSum reads an operand, and operators and operands after it.
func readSum(m *matcher, from int, e expression, depth int, yield func(int, any) bool) bool {
	if m.steps--; m.steps < 0 || depth > 32 {
		return m.steps >= 0
	}
	return readOperand(m, from, depth, func(at int, v any) bool {
		got := v.(expression)
		sum := expression{text: e.text + got.text, operators: e.operators + got.operators, asked: e.asked && got.asked}
		for _, op := range operators {
			end, ok := phraseAt(m.tokens, at, op.words)
			if !ok || hyphen(m.tokens, at) || op.sign == "^" && strings.HasPrefix(got.text, "(-") && m.tokens[from].text != "(" {
				continue // -2^2 is 4 to some, and -4 to others
			}
			next := sum
			next.text += " " + op.sign + " "
			next.operators++
			if m.tokens[at].kind == mark && !m.tokens[at].spaced && from == 0 && at == 1 && op.sign != "+" && op.sign != "*" {
				next.asked = false
			}
			if !readSum(m, end, next, depth+1, yield) {
				return false
			}
		}
		return yield(at, sum)
	})
}

// hyphen reports whether a mark joins two words of one number: eighty-five is no
// difference.
func hyphen(tokens []token, at int) bool {
	if tokens[at].text != "-" || tokens[at].spaced || at == 0 || at+1 >= len(tokens) || tokens[at+1].spaced {
		return false
	}
	_, before := small[tokens[at-1].text]
	_, after := small[tokens[at+1].text]
	return before && after
}

func readOperand(m *matcher, from, depth int, yield func(int, any) bool) bool {
	if from < len(m.tokens) && m.tokens[from].text == "(" && m.tokens[from].kind == mark {
		return readSum(m, from+1, expression{asked: true}, depth+1, func(at int, v any) bool {
			if at >= len(m.tokens) || m.tokens[at].text != ")" {
				return true
			}
			inner := v.(expression)
			return yield(at+1, expression{text: "(" + inner.text + ")", operators: inner.operators, asked: true})
		})
	}
	if !readFraction(m, from, func(at int, v any) bool { return yield(at, expression{text: v.(string), asked: true}) }) {
		return false
	}
	return readNumber(m, from, func(at int, v any) bool {
		n := string(v.(numeral))
		if strings.HasPrefix(n, "-") {
			n = "(" + n + ")"
		}
		return yield(at, expression{text: n, asked: true})
	})
}
