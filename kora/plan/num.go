package plan

import "strings"

// numberRules read arithmetic.
var numberRules = []rule{
	newRule("num.eval", evaluate,
		"[what is|what's|whats|calculate|compute|evaluate|how much is|solve|work out] {e:expr} [=]"),
	newRule("num.change", percentChange,
		"[what is|what's|calculate] the (percent|percentage) (change|increase|decrease) from {a:number} to {b:number}"),
}

// expression is arithmetic in the language of num/eval.
type expression struct {
	text      string
	operators int
	asked     bool // written with spaces or words, not like a date or a score
}

func evaluate(_ *context, v values) ([]step, bool) {
	e := get[expression](v, "e")
	if e.operators == 0 || !e.asked {
		return nil, false // a bare number asks nothing; 10-4 may be a score
	}
	return one(arithmetic(e.text))
}

func arithmetic(expression string) step {
	return step{
		task: "num/eval@1", answer: "{{out.decimal}}", reading: expression,
		input: map[string]any{"expression": expression, "digits": 10, "rounding": "half_even"},
	}
}

func percentChange(_ *context, v values) ([]step, bool) {
	return one(step{
		task: "num/change@1", answer: "{{out.percent}}%",
		reading: "change from " + string(get[numeral](v, "a")) + " to " + string(get[numeral](v, "b")),
		input: map[string]any{
			"from": string(get[numeral](v, "a")), "to": string(get[numeral](v, "b")), "digits": 2, "rounding": "half_even",
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
	{[]string{"^"}, "^"}, {[]string{"to", "the", "power", "of"}, "^"},
}

// readExpression reads numbers, operators and parentheses.
func readExpression(m *matcher, from int, yield func(int, any) bool) bool {
	return readSum(m, from, expression{asked: true}, 0, yield)
}

// readSum reads an operand, and operators and operands after it.
func readSum(m *matcher, from int, e expression, depth int, yield func(int, any) bool) bool {
	if m.steps--; m.steps < 0 || depth > 32 {
		return m.steps >= 0
	}
	return readOperand(m, from, depth, func(at int, v any) bool {
		got := v.(expression)
		sum := expression{e.text + got.text, e.operators + got.operators, e.asked && got.asked}
		for _, op := range operators {
			end, ok := phraseAt(m.tokens, at, op.words)
			if !ok {
				continue
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

func readOperand(m *matcher, from, depth int, yield func(int, any) bool) bool {
	if from < len(m.tokens) && m.tokens[from].text == "(" && m.tokens[from].kind == mark {
		return readSum(m, from+1, expression{asked: true}, depth+1, func(at int, v any) bool {
			if at >= len(m.tokens) || m.tokens[at].text != ")" {
				return true
			}
			inner := v.(expression)
			return yield(at+1, expression{"(" + inner.text + ")", inner.operators, true})
		})
	}
	return readNumber(m, from, func(at int, v any) bool {
		n := string(v.(numeral))
		if strings.HasPrefix(n, "-") {
			n = "(" + n + ")"
		}
		return yield(at, expression{n, 0, true})
	})
}
