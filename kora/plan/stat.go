package plan

import (
	"slices"
	"strings"
)

// statRules read questions about lists of numbers.
var statRules = []rule{
	statRule("mean", "(average|mean|arithmetic mean|avg)"), statRule("median", "median"), statRule("sum", "(sum|total)"),
	statRule("min", "(minimum|smallest|lowest|min|smallest number|smallest value)"), statRule("max", "(maximum|largest|biggest|highest|max|greatest|largest number|largest value)"),
	statRule("stdev", "(standard deviation|stdev|sample standard deviation)"), statRule("variance", "(variance|sample variance)"),
	newRule("num.product_of", productOfAll, "<what> [the] product of [the numbers|these numbers|:] {l:numbers}", "multiply [together] {l:numbers}"),
	newRule("num.sum_of", func(_ *context, v values) ([]step, bool) { return statistics("sum", v) }, "add [up|together] [the numbers|these numbers|these|:] {l:numbers} [together|up]", "sum [up] [the numbers|these numbers|:] {l:numbers}", "total [up] {l:numbers}"),
	newRule("num.range", rangeOf, "<what> [the] range of [the numbers|these numbers|the list] [:] {l:numbers}"),
	newRule("num.mode", modeOf, "<what> [the] mode of [the numbers|these numbers|the list] [:] {l:numbers}"),
	newRule("num.sort", sortNumbers, "(sort|order|arrange) [the|these] [numbers|following|following numbers] [:] {l:numbers} [in ascending order|ascending|from smallest to largest|from low to high|from lowest to highest]",
		"(sort|order|arrange) [the|these] [numbers|following numbers] [in|from] (ascending order|smallest to largest|lowest to highest|low to high) [:] {l:numbers}"),
	newRule("num.sort_down", sortNumbersDown, "(sort|order|arrange) [the|these] [numbers|following|following numbers] [:] {l:numbers} (in descending order|descending|from largest to smallest|from high to low|from highest to lowest)",
		"(sort|order|arrange) [the|these] [numbers|following numbers] [in|from] (descending order|largest to smallest|highest to lowest|high to low) [:] {l:numbers}"),
}

func statRule(member, words string) rule {
	return newRule("num."+member, func(_ *context, v values) ([]step, bool) { return statistics(member, v) },
		"<what> [the] "+words+" (of|for|in|from|among) [the numbers|these numbers|the list|the following|the values|these] [:] {l:numbers}", words+" (of|for) [the numbers|these numbers|the list] [:] {l:numbers}",
		words+" : {l:numbers}")
}

func numbersOf(v values) []string { return get[[]string](v, "l") }

func stats(v values) step {
	return step{
		task: "num/stats@1", reading: "statistics of " + strings.Join(numbersOf(v), ", "),
		input: map[string]any{"values": numbersOf(v), "of": "sample", "digits": 10, "rounding": "half_even"},
	}
}

func statistics(member string, v values) ([]step, bool) {
	if member == "sum" && len(numbersOf(v)) == 2 {
		return nil, false // num.sum_words reads it
	}
	s := stats(v)
	s.reading, s.answer = member+" of "+strings.Join(numbersOf(v), ", "), "{{out."+member+"}}"
	return one(s)
}

func productOfAll(_ *context, v values) ([]step, bool) {
	if len(numbersOf(v)) == 2 {
		return nil, false // num.product reads it
	}
	var all []string
	for _, n := range numbersOf(v) {
		all = append(all, signed(n))
	}
	return one(arithmetic(strings.Join(all, " * ")))
}

func rangeOf(_ *context, v values) ([]step, bool) {
	low, high := stats(v), arithmetic("range")
	high.reading = "range of " + strings.Join(numbersOf(v), ", ")
	// The difference is computed exactly: as text, by the arithmetic of numbers.
	join := query(`"(" + .out.max + ") - (" + .out.min + ")"`, "", high.reading)
	high.input = map[string]any{"digits": 10, "rounding": "half_even"}
	high.from = []feed{{1, "/results/0", "/expression"}}
	return []step{low, join, high}, true
}

func modeOf(_ *context, v values) ([]step, bool) {
	return []step{
		{task: "list/count@1", reading: "how often each is there", input: map[string]any{"items": numbersOf(v)}},
		query(`(.out.counts | map(.count) | max) as $m | [.out.counts[] | select(.count == $m) | .item] | if $m == 1 then error("no number is there twice") else join(", ") end`, "",
			"mode of "+strings.Join(numbersOf(v), ", ")),
	}, true
}

func sortNumbers(_ *context, v values) ([]step, bool)     { return sorted(v, false) }
func sortNumbersDown(_ *context, v values) ([]step, bool) { return sorted(v, true) }

func sorted(v values, down bool) ([]step, bool) {
	return []step{
		{task: "text/sort@1", reading: "numbers in order", input: map[string]any{"items": numbersOf(v), "order": "number", "ignore_case": false, "descending": down}},
		query(`.out.items | join(", ")`, "", "sorted: "+strings.Join(numbersOf(v), ", ")),
	}, true
}

// readNumbers reads two numbers or more, with commas, "and" or nothing between
// them: the longest list only.
func readNumbers(m *matcher, from int, yield func(int, any) bool) bool {
	var list []string
	end := from
	open := from < len(m.tokens) && (m.tokens[from].text == "[" || m.tokens[from].text == "(")
	if open {
		end++
	}
	for end < len(m.tokens) {
		at := end
		if len(list) > 0 {
			at = separated(m.tokens, at)
		}
		n, next := "", at
		readNumber(m, at, func(e int, v any) bool { n, next = string(v.(numeral)), e; return false })
		if next == at {
			break
		}
		list, end = append(list, n), next
	}
	if open {
		if end >= len(m.tokens) || !slices.Contains([]string{"]", ")"}, m.tokens[end].text) {
			return true
		}
		end++
	}
	if len(list) < 2 || len(list) > maxList {
		return true
	}
	return yield(end, list)
}

// maxList bounds the numbers of one list.
const maxList = 1000

// separated steps over what may stand between two members of a list.
func separated(tokens []token, at int) int {
	for _, s := range [][]string{{",", "and"}, {","}, {";"}, {"and"}, {"&"}} {
		if end, ok := phraseAt(tokens, at, s); ok {
			return end
		}
	}
	return at
}

// parts are the words for fractions.
var parts = map[string]string{
	"half": "2", "halves": "2", "third": "3", "thirds": "3", "quarter": "4", "quarters": "4", "fourth": "4", "fourths": "4", "fifth": "5", "fifths": "5", "sixth": "6",
	"sixths": "6", "seventh": "7", "sevenths": "7", "eighth": "8", "eighths": "8", "ninth": "9", "ninths": "9", "tenth": "10", "tenths": "10",
}

// readFraction reads three quarters, 1 fifth, a third.
func readFraction(m *matcher, from int, yield func(int, any) bool) bool {
	if from+1 >= len(m.tokens) {
		return true
	}
	top, part := "", parts[m.tokens[from+1].text]
	switch t := m.tokens[from]; {
	case part == "":
		return true
	case t.text == "a" || t.text == "one":
		top = "1"
	case t.kind == number && !strings.ContainsAny(t.text, ".,"):
		top = t.text
	default:
		for _, w := range spelled(m.tokens, from) {
			if w.end == from+1 {
				top = w.value
			}
		}
	}
	if top == "" {
		return true
	}
	return yield(from+2, "("+top+" / "+part+")")
}
