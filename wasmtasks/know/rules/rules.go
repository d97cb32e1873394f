// Package rules labels a text by rules of keywords and regular expressions that
// people write, and explains what made it. Rules of the highest priority that
// match decide alone; among them the weights of a label's rules are added up.
//
// A text that no rule or more than one label claims gets no label: whoever asks
// decides what then. The package promises to look at words and patterns only, in
// time linear in the text for each rule.
package rules

import (
	"cmp"
	"context"
	"math"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// Bounds of a call.
const (
	maxText     = 64 << 10
	maxRules    = 1000
	maxPatterns = 100 // of each kind in a rule
	maxPattern  = 1000
	maxName     = 128
	maxMatches  = 20 // that are shown of a rule
)

// Input is a text and the rules for it.
type Input struct {
	Text  string `json:"text" jsonschema:"maxLength=65536"`
	Rules []Rule `json:"rules" jsonschema:"minItems=1,maxItems=1000"`
	// Decide says what to do when several labels have rules that match.
	Decide string `json:"decide" jsonschema:"enum=only,enum=most" jsonschema_description:"only: a label if no other has a rule that matches; most: the label with the greatest weight"`
	// Margin is how much the greatest weight must exceed the next.
	Margin    float64 `json:"margin,omitempty" jsonschema:"minimum=0,maximum=1000000" jsonschema_description:"for most: what the greatest weight must be above the next by"`
	MinWeight float64 `json:"min_weight,omitempty" jsonschema:"minimum=0,maximum=1000000" jsonschema_description:"a label with less is none"`
}

// Rule claims texts for a label. It matches a text that has one of any (if there
// are), everything of all, nothing of none and a match of each pattern.
type Rule struct {
	ID       string   `json:"id" jsonschema:"minLength=1,maxLength=128"`
	Label    string   `json:"label" jsonschema:"minLength=1,maxLength=128"`
	Any      []string `json:"any,omitempty" jsonschema:"maxItems=100" jsonschema_description:"keywords: words or phrases, in any case; a star ends the beginning of a word"`
	All      []string `json:"all,omitempty" jsonschema:"maxItems=100"`
	None     []string `json:"none,omitempty" jsonschema:"maxItems=100"`
	Patterns []string `json:"patterns,omitempty" jsonschema:"maxItems=100" jsonschema_description:"regular expressions in RE2 syntax"`
	Weight   *float64 `json:"weight,omitempty" jsonschema:"minimum=0,maximum=1000" jsonschema_description:"by default 1"`
	Priority int      `json:"priority,omitempty" jsonschema:"minimum=-1000,maximum=1000" jsonschema_description:"rules of lower priority do not count beside one that matches"`
}

// Output is the label and how it came about.
type Output struct {
	Label string `json:"label,omitempty" jsonschema_description:"absent if there is none"`
	// Reason is one of: label, no_rule, below_min_weight, ambiguous.
	Reason string `json:"reason" jsonschema:"enum=label,enum=no_rule,enum=below_min_weight,enum=ambiguous"`
	// Confidence is the label's share of all weight, 0 without a label.
	Confidence float64  `json:"confidence" jsonschema_description:"the label's share of all weight, 0 without a label"`
	Labels     []Weight `json:"labels" jsonschema_description:"labels with rules that match and count, greatest weight first"`
	Matched    []Match  `json:"matched" jsonschema_description:"rules that match, in the order of the input"`
}

// Weight is what the rules of a label weigh together.
type Weight struct {
	Label  string  `json:"label"`
	Weight float64 `json:"weight"`
}

// Match is a rule that matches and where.
type Match struct {
	Rule     string  `json:"rule"`
	Label    string  `json:"label"`
	Priority int     `json:"priority"`
	Weight   float64 `json:"weight"`
	Counts   bool    `json:"counts" jsonschema_description:"whether no rule of higher priority matches"`
	Places   []Place `json:"places"`
}

// Place is what made a rule match, in bytes of the text.
type Place struct {
	By    string `json:"by" jsonschema_description:"the keyword or the pattern"`
	Text  string `json:"text"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// Classify labels a text.
func Classify(_ context.Context, in Input) (Output, error) {
	if err := in.check(); err != nil {
		return Output{}, err
	}
	words := split(in.Text)
	out := Output{Labels: []Weight{}, Matched: []Match{}}
	for i := range in.Rules {
		m, ok, err := in.Rules[i].match(field.Index("rules", i), in.Text, words)
		if err != nil {
			return Output{}, err
		}
		if ok {
			out.Matched = append(out.Matched, m)
		}
	}
	out.weigh()
	out.decide(&in)
	return out, nil
}

func (in *Input) check() error {
	if !utf8.ValidString(in.Text) {
		return field.Errorf("text", "is not UTF-8")
	}
	if err := field.AtMost("text", len(in.Text), maxText, "bytes"); err != nil {
		return err
	}
	if err := field.Between("rules", len(in.Rules), 1, maxRules); err != nil {
		return err
	}
	if err := field.OneOf("decide", in.Decide, "only", "most"); err != nil {
		return err
	}
	switch {
	case in.Decide == "only" && in.Margin != 0:
		return field.Errorf("margin", "has no meaning for only")
	case !(in.Margin >= 0 && in.Margin <= 1e6):
		return field.Errorf("margin", "%g is not in 0–1000000", in.Margin)
	case !(in.MinWeight >= 0 && in.MinWeight <= 1e6):
		return field.Errorf("min_weight", "%g is not in 0–1000000", in.MinWeight)
	}
	ids := map[string]bool{}
	for i := range in.Rules {
		at := field.Index("rules", i)
		if err := in.Rules[i].check(at); err != nil {
			return err
		}
		if ids[in.Rules[i].ID] {
			return field.Errorf(at+".id", "%q is another rule's", in.Rules[i].ID)
		}
		ids[in.Rules[i].ID] = true
	}
	return nil
}

func (r *Rule) check(at string) error {
	if err := field.Between(at+".id", len(r.ID), 1, maxName); err != nil {
		return err
	}
	if err := field.Between(at+".label", len(r.Label), 1, maxName); err != nil {
		return err
	}
	if err := field.Between(at+".priority", r.Priority, -1000, 1000); err != nil {
		return err
	}
	if r.Weight != nil && !(*r.Weight >= 0 && *r.Weight <= 1000) {
		return field.Errorf(at+".weight", "%g is not in 0–1000", *r.Weight)
	}
	if len(r.Any)+len(r.All)+len(r.Patterns) == 0 {
		return field.Errorf(at, "has nothing that can match: any, all or patterns")
	}
	for name, list := range map[string][]string{".any": r.Any, ".all": r.All, ".none": r.None, ".patterns": r.Patterns} {
		if err := field.AtMost(at+name, len(list), maxPatterns, "elements"); err != nil {
			return err
		}
	}
	return nil
}

// match reports whether a rule matches, and where.
func (r *Rule) match(at, text string, words []word) (m Match, ok bool, err error) {
	m = Match{Rule: r.ID, Label: r.Label, Priority: r.Priority, Weight: 1, Places: []Place{}}
	if r.Weight != nil {
		m.Weight = *r.Weight
	}
	anyOK, allOK, noneOK := len(r.Any) == 0, true, true
	keywords := func(name string, list []string, do func(places []Place)) {
		for i, k := range list {
			var places []Place
			if places, err = find(field.Index(at+name, i), k, text, words); err != nil {
				return
			}
			do(places)
		}
	}
	keywords(".any", r.Any, func(p []Place) { anyOK = anyOK || len(p) > 0; m.Places = append(m.Places, p...) })
	if err == nil {
		keywords(".all", r.All, func(p []Place) { allOK = allOK && len(p) > 0; m.Places = append(m.Places, p...) })
	}
	if err == nil {
		keywords(".none", r.None, func(p []Place) { noneOK = noneOK && len(p) == 0 })
	}
	for i, pattern := range r.Patterns {
		if err != nil {
			return m, false, err
		}
		var places []Place
		places, err = matches(field.Index(at+".patterns", i), pattern, text)
		allOK = allOK && len(places) > 0
		m.Places = append(m.Places, places...)
	}
	slices.SortStableFunc(m.Places, func(a, b Place) int { return cmp.Compare(a.Start, b.Start) })
	m.Places = m.Places[:min(len(m.Places), maxMatches)]
	return m, anyOK && allOK && noneOK, err
}

func matches(at, pattern, text string) ([]Place, error) {
	if err := field.Between(at, len(pattern), 1, maxPattern); err != nil {
		return nil, err
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, field.Errorf(at, "%v", err)
	}
	var places []Place
	for _, p := range re.FindAllStringIndex(text, maxMatches) {
		places = append(places, Place{pattern, text[p[0]:p[1]], p[0], p[1]})
	}
	return places, nil
}

// weigh marks the rules that count and adds up their weights by label.
func (o *Output) weigh() {
	top := math.MinInt
	for _, m := range o.Matched {
		top = max(top, m.Priority)
	}
	for i := range o.Matched {
		m := &o.Matched[i]
		if m.Counts = m.Priority == top; !m.Counts {
			continue
		}
		at := slices.IndexFunc(o.Labels, func(w Weight) bool { return w.Label == m.Label })
		if at < 0 {
			at = len(o.Labels)
			o.Labels = append(o.Labels, Weight{Label: m.Label})
		}
		o.Labels[at].Weight += m.Weight
	}
	slices.SortStableFunc(o.Labels, func(a, b Weight) int { return cmp.Compare(b.Weight, a.Weight) })
}

func (o *Output) decide(in *Input) {
	total := 0.0
	for _, w := range o.Labels {
		total += w.Weight
	}
	switch {
	case len(o.Labels) == 0:
		o.Reason = "no_rule"
	case len(o.Labels) > 1 && (in.Decide == "only" || o.Labels[0].Weight == o.Labels[1].Weight || o.Labels[0].Weight < o.Labels[1].Weight+in.Margin):
		o.Reason = "ambiguous"
	case o.Labels[0].Weight < in.MinWeight:
		o.Reason = "below_min_weight"
	default:
		o.Label, o.Reason, o.Confidence = o.Labels[0].Label, "label", 1
		if total > 0 {
			o.Confidence = math.Floor(float64(o.Labels[0].Weight/total*1e6)+0.5) / 1e6
		}
	}
}
