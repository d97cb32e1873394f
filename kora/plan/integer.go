package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// integerRules read questions about whole numbers and their notations.
var integerRules = []rule{
	newRule("num.root", rootOf,
		"<what> [the] (square root|sqrt|root) [of|for] {x:number}", "<what> [the] (cube root|cubic root|third root) (of|for) {c:number}", "provide the square root of {x:number}", "√ {x:number}"),
	newRule("num.square", squareOf, "<what> {x:number} (squared|square)"),
	newRule("num.cube", cubeOf, "<what> {x:number} cubed"),
	newRule("num.factorial", factorialOf, "<what> {n:integer} factorial", "<what> {n:integer} !", "<what> the factorial of {n:integer}"),
	newRule("num.prime", isPrime, "is {n:integer} [a] (prime [number]|prime or not|prime or composite)", "is [the number] {n:integer} [a] prime [number]", "(what are|find|list|give) [the] prime factors of {f:integer}", "<what> [the] prime (factorization|factorisation) of {f:integer}", "(factor|factorize|factorise) {f:integer}"),
	newRule("num.gcd", divisor,
		"<what> [the] (gcd|gcf|hcf|greatest common divisor|greatest common factor|highest common factor|largest common divisor) (of|between|for) {a:integer} and {b:integer}"),
	newRule("num.lcm", multiple, "<what> [the] (lcm|least common multiple|lowest common multiple|smallest common multiple) (of|for|between) {a:integer} and {b:integer}"),
	newRule("num.base", toBase, "[what is|what's|whats|convert|change|turn|write|express|show] [the number|decimal] {n:integer} [decimal|from decimal] (in|to|into|as) {b:base}", "[what is|what's] [the] {b:base} (of|for|representation of|equivalent of) {n:integer}"),
	newRule("num.from_base", fromBase, "[what is|what's|whats|convert|change|write] [the] {b:base} [number] {x:chunk} (in|to|into|as) decimal", "[what is|what's|convert] {x:chunk} (in|from) {b:base} (to|into|in|as) decimal"),
	newRule("num.words", inWords, "[write|spell|spell out|say|convert|change|what is|what's|express] [the number] {n:integer} (in|as|to|into|using) [english] words", "how (do|would) (you|i) (write|say) {n:integer} in words"),
	newRule("num.nth", nthOf, "<what> [the] {n:nth} {q:sequence} [number]"),
	newRule("num.first", firstOf, "(what are|list|give|show|name) [the] first {n:integer} {q:sequence} [numbers]", "[the] first {n:integer} {q:sequence} [numbers]"),
	newRule("num.roman", toRoman, "[what is|what's|whats|convert|change|turn|write|express] [the number] {n:integer} (in|to|into|as|using) [a] roman (numerals|numeral|numbers|number)", "[what is|what's|whats|convert|change|what number is|write] [the roman numeral|roman numeral] {r:roman} (in|to|into|as) [a|an] (decimal|arabic numerals|arabic|number|numbers|digits)"),
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
	if strings.HasPrefix(num(v, "x"), "-") {
		return nil, false // of a negative number, or the negative of a square
	}
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
		return []step{
			{task: "num/factor@1", reading: "prime factors of " + f, input: map[string]any{"value": f}},
			query(`.out.factors | map(if .power == 1 then "\(.prime)" else "\(.prime)^\(.power)" end) | join(" * ")`, "", "prime factors of "+f),
		}, true
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

func fromBase(_ *context, v values) ([]step, bool) {
	x, b := strings.ToLower(get[string](v, "x")), get[int](v, "b")
	x = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(x, "0x"), "0b"), "0o")
	for _, r := range x {
		if d := strings.IndexRune("0123456789abcdefghijklmnopqrstuvwxyz", r); d < 0 || d >= b {
			return nil, false
		}
	}
	if x == "" || len(x) > 200 {
		return nil, false
	}
	return one(step{
		task: "num/base@1", reading: x + " of base " + strconv.Itoa(b) + " in decimal", answer: "{{out.value}}", input: map[string]any{"value": x, "from": b, "to": 10},
	})
}

func inWords(_ *context, v values) ([]step, bool) {
	n := num(v, "n")
	return one(step{task: "num/words@1", reading: n + " in words", answer: "{{out.words}}", input: map[string]any{"value": n}})
}

// sequences are those that num/sequence lists.
var sequences = map[string]string{"fibonacci": "fibonacci", "prime": "primes", "primes": "primes", "factorials": "factorials"}

func readSequence(m *matcher, from int, yield func(int, any) bool) bool {
	if from < len(m.tokens) && sequences[m.tokens[from].text] != "" {
		return yield(from+1, sequences[m.tokens[from].text])
	}
	return true
}

// readNth reads 5th, tenth.
func readNth(m *matcher, from int, yield func(int, any) bool) bool {
	if from >= len(m.tokens) {
		return true
	}
	if m.tokens[from].text == "first" {
		return yield(from+1, 1)
	}
	if n, ok := ordinals[m.tokens[from].text]; ok {
		k, err := strconv.Atoi(n)
		return err != nil || yield(from+1, k)
	}
	if m.tokens[from].kind != number || from+1 >= len(m.tokens) || m.tokens[from+1].spaced || !slices.Contains([]string{"st", "nd", "rd", "th"}, m.tokens[from+1].text) {
		return true
	}
	k, err := strconv.Atoi(m.tokens[from].text)
	return err != nil || yield(from+2, k)
}

func nthOf(_ *context, v values) ([]step, bool) {
	n, q := get[int](v, "n"), get[string](v, "q")
	if n < 1 || n > 1000 {
		return nil, false
	}
	return []step{
		{task: "num/sequence@1", reading: q, input: map[string]any{"kind": q, "count": n + 1}},
		// The first Fibonacci number is 1: the sequence begins with the zeroth.
		query(fmt.Sprintf(".out.values[%d]", n-1+btoi(q == "fibonacci")), "", fmt.Sprintf("number %d of %s", n, q)),
	}, true
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func firstOf(_ *context, v values) ([]step, bool) {
	n, err := strconv.Atoi(num(v, "n"))
	q := get[string](v, "q")
	if err != nil || n < 1 || n > 1000 || q == "fibonacci" {
		return nil, false // whether the first is 0 or 1 is a matter of taste
	}
	return []step{
		{task: "num/sequence@1", reading: q, input: map[string]any{"kind": q, "count": n}},
		query(`.out.values | join(", ")`, "", fmt.Sprintf("the first %d of %s", n, q)),
	}, true
}

// query is the step that answers with what a jq program finds in the output of
// the step before it, as out.
func query(program, suffix, reading string) step {
	return step{
		task: "json/query@1", from: []feed{{0, "", "/document/value/out"}}, reading: reading, answer: "{{#out.results}}{{.}}{{/out.results}}" + suffix,
		input: map[string]any{"document": map[string]any{"value": map[string]any{}}, "query": program, "limit": 1},
	}
}

// romanForm is a number as it is written in Roman numerals, and in no other way.
var romanForm = regexp.MustCompile(`^M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})$`)

func toRoman(c *context, v values) ([]step, bool) {
	if r := get[string](v, "r"); r != "" {
		said := fold(c.req.Message)
		if !romanForm.MatchString(r) {
			return nil, false
		}
		if len(r) == 1 && (r == "C" || r == "D") && !strings.Contains(said, "roman") {
			return nil, false // a digit of base 16, too
		}
		if len(r) < 4 && !strings.Contains(c.req.Message, r) && !strings.Contains(said, "roman") {
			return nil, false // mix is a word
		}
		return one(step{task: "num/roman@1", reading: r + " in decimal", answer: "{{out.number}}", input: map[string]any{"value": strings.ToUpper(r)}})
	}
	if n, err := strconv.Atoi(num(v, "n")); err != nil || n < 1 || n > 3999 {
		return nil, false
	}
	return one(step{task: "num/roman@1", reading: num(v, "n") + " in Roman numerals", answer: "{{out.roman}}", input: map[string]any{"value": num(v, "n")}})
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
	if from >= len(m.tokens) || m.tokens[from].kind != word || len(m.tokens[from].raw) > 15 || strings.Trim(m.tokens[from].raw, "MDCLXVImdclxvi") != "" {
		return true
	}
	return yield(from+1, strings.ToUpper(m.tokens[from].raw))
}
