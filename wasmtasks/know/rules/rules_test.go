package rules

import (
	"context"
	"strings"
	"testing"
)

func rule(id, label string, any ...string) Rule { return Rule{ID: id, Label: label, Any: any} }

func heavy(r Rule, weight float64, priority int) Rule {
	r.Weight, r.Priority = &weight, priority
	return r
}

func TestDecisions(t *testing.T) {
	refund, cancel := rule("r", "refund", "refund*", "money back"), rule("c", "cancel", "cancel*")
	for _, tc := range []struct {
		name, text   string
		in           Input
		label, cause string
		confidence   float64
	}{
		{"one label", "I want a REFUND.", Input{Rules: []Rule{refund, cancel}, Decide: "only"}, "refund", "label", 1},
		{"phrase", "money, back", Input{Rules: []Rule{refund, cancel}, Decide: "only"}, "refund", "label", 1},
		{"beginning of a word", "cancelled?", Input{Rules: []Rule{refund, cancel}, Decide: "only"}, "cancel", "label", 1},
		{"not inside a word", "unrefunded", Input{Rules: []Rule{refund, cancel}, Decide: "only"}, "", "no_rule", 0},
		{"two labels", "cancel and refund", Input{Rules: []Rule{refund, cancel}, Decide: "only"}, "", "ambiguous", 0},
		{"greatest weight", "cancel and refund", Input{Rules: []Rule{heavy(refund, 3, 0), cancel}, Decide: "most"}, "refund", "label", 0.75},
		{"equal weights", "cancel and refund", Input{Rules: []Rule{refund, cancel}, Decide: "most"}, "", "ambiguous", 0},
		{"within the margin", "cancel and refund", Input{Rules: []Rule{heavy(refund, 3, 0), cancel}, Decide: "most", Margin: 2.5}, "", "ambiguous", 0},
		{"priority", "cancel and refund", Input{Rules: []Rule{heavy(refund, 100, 0), heavy(cancel, 1, 1)}, Decide: "only"}, "cancel", "label", 1},
		{"too light", "cancel", Input{Rules: []Rule{cancel}, Decide: "only", MinWeight: 1.5}, "", "below_min_weight", 0},
		{"weights of a label add up", "cancel now", Input{Rules: []Rule{cancel, rule("n", "cancel", "now")}, Decide: "only", MinWeight: 1.5}, "cancel", "label", 1},
		{"all and none", "close my account", Input{Rules: []Rule{{ID: "x", Label: "close", All: []string{"close", "account"}, None: []string{"not"}}}, Decide: "only"}, "close", "label", 1},
		{"none forbids", "do not close my account", Input{Rules: []Rule{{ID: "x", Label: "close", All: []string{"close", "account"}, None: []string{"not"}}}, Decide: "only"}, "", "no_rule", 0},
		{"pattern", "order 12-345", Input{Rules: []Rule{{ID: "x", Label: "order", Patterns: []string{`\b\d{2}-\d{3}\b`}}}, Decide: "only"}, "order", "label", 1},
		{"every pattern is needed", "order 12-345", Input{Rules: []Rule{{ID: "x", Label: "order", Patterns: []string{`\d{2}-\d{3}`, "zip"}}}, Decide: "only"}, "", "no_rule", 0},
		{"apostrophes", "I don’t know", Input{Rules: []Rule{rule("d", "doubt", "don't know")}, Decide: "only"}, "doubt", "label", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.in.Text = tc.text
			out, err := Classify(context.Background(), tc.in)
			if err != nil || out.Label != tc.label || out.Reason != tc.cause || out.Confidence != tc.confidence {
				t.Errorf("%+v, %v; want %q for %s at %g", out, err, tc.label, tc.cause, tc.confidence)
			}
			for _, m := range out.Matched {
				for _, p := range m.Places {
					if tc.text[p.Start:p.End] != p.Text {
						t.Errorf("%+v is not where it says", p)
					}
				}
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	ok := rule("a", "x", "y")
	for want, in := range map[string]Input{
		"text: is not UTF-8":            {Text: "\xff", Rules: []Rule{ok}, Decide: "only"},
		"text: has 65537 bytes":         {Text: strings.Repeat("x", 65537), Rules: []Rule{ok}, Decide: "only"},
		"rules: 0 is not":               {Decide: "only"},
		"decide: is required":           {Rules: []Rule{ok}},
		"margin: has no meaning":        {Rules: []Rule{ok}, Decide: "only", Margin: 1},
		"rules[1].id: \"a\" is another": {Rules: []Rule{ok, ok}, Decide: "only"},
		"rules[0]: has nothing":         {Rules: []Rule{{ID: "a", Label: "x", None: []string{"y"}}}, Decide: "only"},
		"rules[0].any[0]: \"*\" has no": {Rules: []Rule{rule("a", "x", "*")}, Decide: "only"},
		"rules[0].patterns[0]: error":   {Rules: []Rule{{ID: "a", Label: "x", Patterns: []string{"("}}}, Decide: "only"},
		"rules[0].weight: 1001":         {Rules: []Rule{heavy(ok, 1001, 0)}, Decide: "only"},
		"rules[0].priority: 1001":       {Rules: []Rule{heavy(ok, 1, 1001)}, Decide: "only"},
		"rules[0].label: 0 is not":      {Rules: []Rule{{ID: "a", Any: []string{"x"}}}, Decide: "only"},
	} {
		if _, err := Classify(context.Background(), in); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
