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

// read returns the different readings of a clause, up to maxReadings.
func read(c *context, tokens []token) []reading {
	var found []reading
	seen := map[string]bool{}
	said := ruleIndex.lexicon.present(tokens)
	m := &matcher{c: c, tokens: tokens, values: map[string]any{}}
	for i := range rules {
		r := &rules[i]
		for k, p := range r.patterns {
			if !may(said, ruleIndex.needs[i][k]) {
				continue
			}
			m.steps = maxSteps
			clear(m.values) // a match that was broken off leaves some
			p.match(m, 0, func(at int) bool {
				if at != len(tokens) {
					return true
				}
				steps, ok := r.build(c, m.values)
				if !ok {
					return true
				}
				rd := reading{r.name, steps}
				if k := rd.key(); !seen[k] {
					seen[k] = true
					found = append(found, rd)
				}
				return len(found) < maxReadings
			})
			if len(found) >= maxReadings {
				return found
			}
		}
	}
	return found
}
