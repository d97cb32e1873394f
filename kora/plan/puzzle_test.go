package plan

import (
	"testing"

	"github.com/krako-labs/krako/contracts"
)

// Puzzles are read as a whole; one sentence that is not understood, and nothing
// is.
func TestPuzzles(t *testing.T) {
	race := "The following paragraphs each describe a set of three objects arranged in a fixed order. The statements are logically consistent within each paragraph. " +
		"In a golf tournament, there were three golfers: Ida, Ben, and Lou. Ida finished above Ben. Lou finished last."
	places := "\nOptions:\n(A) Ida finished second\n(B) Ben finished second\n(C) Lou finished second"
	for message, handler := range map[string]string{
		"not ( True or False ) and True is":         "logic/bool@1",
		"((7 - 2) * -3) =":                          "num/eval@1",
		race + places:                               "json/query@1",
		race + " Lou is fond of birds." + places:    "",
		race + "\nOptions:\n(A) Ida is the tallest": "",
		race: "",
		"Question: Ann lies. Bob says Ann lies. Does Bob tell the truth?":                 "json/query@1",
		"Question: Ann lies. Bob says Ann is nice. Does Bob tell the truth?":              "",
		"I have a drum, two pears, and an ox. How many fruits do I have?":                 "num/eval@1",
		"I have a drum, two pears, and a zorble. How many fruits do I have?":              "",
		walkQuestion + " Take 3 steps. Turn around. Take 3 steps.\nOptions:\n- Yes\n- No": "logic/walk@1",
		walkQuestion + " Take 3 steps. Dance. Take 3 steps.\nOptions:\n- Yes\n- No":       "",
		"Sort the following words alphabetically: List: zinc ash oak":                     "text/sort@1",
		"True":          "",
		"is True":       "",
		"true and fair": "",
	} {
		p := Make(request(message))
		got := ""
		if p.Kind == Deterministic {
			got = p.Handlers[0]
			if err := p.Graph.Validate(contracts.DefaultLimits()); err != nil {
				t.Errorf("%q: %v", message, err)
			}
		}
		if got != handler {
			t.Errorf("%q is read by %q, want %q: %+v", message, got, handler, p.Decisions)
		}
	}
}
