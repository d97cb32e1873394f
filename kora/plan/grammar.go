package plan

import "strings"

// rule is one form of question: patterns, any of which must consume a clause,
// and what to compute for the values in its slots. build returns false to
// abstain after all.
type rule struct {
	name     string
	patterns []pattern
	build    func(c *context, v values) ([]step, bool)
}

// values are what the slots of a pattern read.
type values map[string]any

func get[T any](v values, name string) T {
	x, _ := v[name].(T)
	return x
}

// rules are all grammars, family by family.
var rules = concat(
	numberRules, moneyRules, integerRules, statRules, financeRules, unitRules, dateRules, calendarRules, clockRules, zoneRules,
	wordRules, textRules, codeRules, tableRules, jsonRules,
)

func concat(families ...[]rule) []rule {
	var all []rule
	for _, f := range families {
		all = append(all, f...)
	}
	return all
}

// frames are the ways to begin a question, by a name in angle brackets.
var frames = strings.NewReplacer(
	"<what>", "[what is|what's|whats|what was|what will be|find|find out|calculate|compute|determine|work out|figure out|give|show|get|what|how much is|how about]",
	"<is>", "(is|was|are|would be|will be)",
)

func newRule(name string, build func(*context, values) ([]step, bool), patterns ...string) rule {
	r := rule{name: name, build: build}
	for _, p := range patterns {
		r.patterns = append(r.patterns, compile(frames.Replace(p)))
	}
	return r
}

// maxReadings bounds how many different readings of a clause are kept: two are
// enough to know that it is ambiguous.
const maxReadings = 2

// read returns the different readings of a clause, up to maxReadings. may are the
// patterns to try.
func read(c *context, tokens []token, may []int) []reading {
	var found []reading
	var r *rule
	m := &matcher{c: c, tokens: tokens}
	m.end = func(at int) bool {
		if at != len(tokens) {
			return true
		}
		steps, ok := r.build(c, m.values())
		if !ok {
			return true
		}
		found = addReading(found, reading{parser: r.name, steps: steps})
		return len(found) < maxReadings
	}
	for _, i := range may {
		f := &allForms[i]
		r, m.steps, m.bound = &rules[f.rule], maxSteps, m.bound[:0]
		m.run(f.start, 0)
		if len(found) >= maxReadings {
			break
		}
	}
	return found
}

// addReading adds a reading unless it is there already.
func addReading(found []reading, rd reading) []reading {
	for i := range found {
		if found[i].key() == rd.key() {
			return found
		}
	}
	return append(found, rd)
}
