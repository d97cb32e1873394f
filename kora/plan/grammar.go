package plan

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
var rules = concat(numberRules, moneyRules, integerRules, unitRules, dateRules, clockRules, wordRules)

func concat(families ...[]rule) []rule {
	var all []rule
	for _, f := range families {
		all = append(all, f...)
	}
	return all
}

func newRule(name string, build func(*context, values) ([]step, bool), patterns ...string) rule {
	r := rule{name: name, build: build}
	for _, p := range patterns {
		r.patterns = append(r.patterns, compile(p))
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
	for i := range rules {
		r := &rules[i]
		for _, p := range r.patterns {
			m := &matcher{c: c, tokens: tokens, values: map[string]any{}, steps: maxSteps}
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
