package plan

import (
	"strconv"
	"strings"
)

// integerRules read questions about whole numbers and their notations.
var integerRules = []rule{
	newRule("num.root", rootOf,
		"[what is|what's|calculate|find] [the] (square root|sqrt) [of] {x:number}", "[what is|what's|calculate|find] [the] (cube root|cubic root) of {c:number}"),
	newRule("num.square", squareOf, "[what is|what's] {x:number} (squared|square)"),
	newRule("num.cube", cubeOf, "[what is|what's] {x:number} cubed"),
	newRule("num.factorial", factorialOf, "[what is|what's|calculate] {n:integer} factorial", "[what is|what's|calculate] {n:integer} !", "[what is|what's] the factorial of {n:integer}"),
	newRule("num.prime", isPrime, "is {n:integer} [a] prime [number]", "[what are|find] [the] prime factors of {f:integer}"),
	newRule("num.gcd", divisor,
		"[what is|what's|find] [the] (gcd|greatest common divisor|greatest common factor|highest common factor) of {a:integer} and {b:integer}"),
	newRule("num.lcm", multiple, "[what is|what's|find] [the] (lcm|least common multiple|lowest common multiple) of {a:integer} and {b:integer}"),
	newRule("num.base", toBase, "[what is|what's|convert|write] {n:integer} [decimal] (in|to|into|as) {b:base}"),
	newRule("num.roman", toRoman, "[what is|what's|convert|write] {n:integer} (in|to|into|as) [a] roman (numerals|numeral|numbers)", "[what is|what's|convert] {r:roman} (in|to|into|as) [a] (decimal|arabic numerals|arabic|number|numbers|digits)"),
}

func rootOf(_ *context, v values) ([]step, bool) {
	x, degree := num(v, "x"), 2
	if x == "" {
		x, degree = num(v, "c"), 3
	}
	return one(step{
		task: "num/root@1", reading: "root " + strconv.Itoa(degree) + " of " + x, answer: "{{out.value}}",
		input: map[string]any{"value": x, "degree": degree, "digits": 10, "rounding": "half_even"},
	})
}

func squareOf(_ *context, v values) ([]step, bool) {
	return one(arithmetic(signed(num(v, "x")) + " ^ 2"))
}
func cubeOf(_ *context, v values) ([]step, bool) {
	return one(arithmetic(signed(num(v, "x")) + " ^ 3"))
}

func factorialOf(_ *context, v values) ([]step, bool) {
	n, err := strconv.Atoi(num(v, "n"))
	if err != nil || n < 0 || n > 500 {
		return nil, false
	}
	product := []string{"1"}
	for k := 2; k <= n; k++ {
		product = append(product, strconv.Itoa(k))
	}
	return one(arithmetic(strings.Join(product, " * ")))
}

func isPrime(_ *context, v values) ([]step, bool) {
	if f := num(v, "f"); f != "" {
		return one(step{
			task: "num/factor@1", reading: "prime factors of " + f, input: map[string]any{"value": f},
			answer: "{{#out.factors}}{{prime}}^{{power}} {{/out.factors}}",
		})
	}
	n := num(v, "n")
	return one(step{
		task: "num/factor@1", reading: "is " + n + " prime", input: map[string]any{"value": n},
		answer: "{{#out.prime}}yes{{/out.prime}}{{^out.prime}}no{{/out.prime}}",
	})
}

func divisor(_ *context, v values) ([]step, bool)  { return common(v, "gcd") }
func multiple(_ *context, v values) ([]step, bool) { return common(v, "lcm") }

func common(v values, what string) ([]step, bool) {
	a, b := num(v, "a"), num(v, "b")
	return one(step{
		task: "num/gcd@1", reading: what + " of " + a + " and " + b, answer: "{{out." + what + "}}", input: map[string]any{"values": []string{a, b}},
	})
}

func toBase(_ *context, v values) ([]step, bool) {
	n := num(v, "n")
	return one(step{
		task: "num/base@1", reading: n + " in base " + strconv.Itoa(get[int](v, "b")), answer: "{{out.value}}",
		input: map[string]any{"value": n, "from": 10, "to": get[int](v, "b")},
	})
}

func toRoman(_ *context, v values) ([]step, bool) {
	if r := get[string](v, "r"); r != "" {
		return one(step{task: "num/roman@1", reading: r + " in decimal", answer: "{{out.number}}", input: map[string]any{"value": strings.ToUpper(r)}})
	}
	n, err := strconv.Atoi(num(v, "n"))
	if err != nil {
		return nil, false
	}
	return one(step{task: "num/roman@1", reading: num(v, "n") + " in Roman numerals", answer: "{{out.roman}}", input: map[string]any{"value": n}})
}

var bases = []struct {
	words []string
	base  int
}{
	{[]string{"binary"}, 2}, {[]string{"base", "2"}, 2}, {[]string{"octal"}, 8}, {[]string{"base", "8"}, 8}, {[]string{"hexadecimal"}, 16},
	{[]string{"hex"}, 16}, {[]string{"base", "16"}, 16}, {[]string{"base", "36"}, 36},
}

func readBase(m *matcher, from int, yield func(int, any) bool) bool {
	for _, b := range bases {
		if end, ok := phraseAt(m.tokens, from, b.words); ok && !yield(end, b.base) {
			return false
		}
	}
	return true
}

// readRoman reads a number in capital Roman letters.
func readRoman(m *matcher, from int, yield func(int, any) bool) bool {
	if from >= len(m.tokens) || m.tokens[from].kind != word || len(m.tokens[from].raw) > 15 || strings.Trim(m.tokens[from].raw, "MDCLXVI") != "" {
		return true
	}
	return yield(from+1, m.tokens[from].raw)
}
