package dag_test

import (
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
)

// TestFacts evaluates single conditions on single outputs.
func TestFacts(t *testing.T) {
	below := func(threshold float64) contracts.Condition {
		return contracts.Condition{Condition: contracts.OnConfidenceBelow, Threshold: &threshold}
	}
	equals := func(ptr, value string) contracts.Condition {
		return contracts.Condition{Condition: contracts.OnEquals, Select: ptr, Value: contracts.JSON(value)}
	}
	for name, c := range map[string]struct {
		when   contracts.Condition
		output string
		holds  bool
	}{
		"below":                        {below(0.5), `{"confidence":0.49}`, true},
		"as high as the threshold":     {below(0.5), `{"confidence":0.5}`, false},
		"above":                        {below(0.5), `{"confidence":0.51}`, false},
		"an integer":                   {below(0.5), `{"confidence":0}`, true},
		"no confidence":                {below(0.5), `{}`, false},
		"confidence in words":          {below(0.5), `{"confidence":"low"}`, false},
		"an output that is no object":  {below(0.5), `0.1`, false},
		"equal text":                   {equals("/k", `"a"`), `{"k":"a"}`, true},
		"other text":                   {equals("/k", `"a"`), `{"k":"b"}`, false},
		"a number in another spelling": {equals("/k", `1`), `{"k":1.0}`, true},
		"a number as text":             {equals("/k", `1`), `{"k":"1"}`, false},
		"a fraction":                   {equals("/k", `0.5`), `{"k":5e-1}`, true},
		"true is not 1":                {equals("/k", `1`), `{"k":true}`, false},
		"null that is there":           {equals("/k", `null`), `{"k":null}`, true},
		"null for what is missing":     {equals("/k", `null`), `{}`, false},
		"the whole output":             {equals("", `{"b":[1,{"c":null}],"a":2}`), `{"a":2,"b":[1,{"c":null}]}`, true},
		"an object with more":          {equals("", `{"a":1}`), `{"a":1,"b":2}`, false},
		"an object with less":          {equals("", `{"a":1,"b":2}`), `{"a":1}`, false},
		"an object with another":       {equals("", `{"a":1}`), `{"b":1}`, false},
		"an array in another order":    {equals("", `[1,2]`), `[2,1]`, false},
		"a longer array":               {equals("", `[1]`), `[1,2]`, false},
		"an array is no object":        {equals("", `[]`), `{}`, false},
		"an element":                   {equals("/l/1", `"y"`), `{"l":["x","y"]}`, true},
		"a pointer into a number":      {equals("/k/x", `1`), `{"k":1}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			c.when.Dependency = "a"
			p, err := dag.Compile(&contracts.TaskGraph{WorkUnits: []contracts.WorkUnit{
				{ID: "a"}, {ID: "b", Dependencies: []contracts.UnitID{"a"}, When: []contracts.Condition{c.when}},
			}})
			if err != nil {
				t.Fatal(err)
			}
			facts, err := p.Facts(0, []byte(c.output))
			if err != nil || len(facts) != 1 || (facts[0] == 1) != c.holds {
				t.Errorf("facts are %v (%v), want %v", facts, err, c.holds)
			}
		})
	}
}

// TestFactsOfNoJSON do not hold, and say that the output cannot be read.
func TestFactsOfNoJSON(t *testing.T) {
	p, err := dag.Compile(&contracts.TaskGraph{WorkUnits: []contracts.WorkUnit{
		{ID: "a"}, {ID: "b", Dependencies: []contracts.UnitID{"a"}, When: []contracts.Condition{{Dependency: "a", Condition: contracts.OnEquals, Value: contracts.JSON(`1`)}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if facts, err := p.Facts(0, []byte("plain text")); err == nil || len(facts) != 1 || facts[0] != 0 {
		t.Errorf("facts are %v (%v)", facts, err)
	}
	if facts, err := p.Facts(1, []byte("plain text")); err != nil || facts != nil || p.Watched(1) || !p.Watched(0) {
		t.Errorf("facts of a unit nobody watches are %v (%v)", facts, err)
	}
}
