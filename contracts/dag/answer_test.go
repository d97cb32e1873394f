package dag_test

import (
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
)

func TestAnswer(t *testing.T) {
	const jsonType = contracts.DefaultMediaType
	for name, c := range map[string]struct {
		sel, media, output, want string
	}{
		"the whole output":            {"", jsonType, `{"b":1.0, "a":2}`, `{"a":2,"b":1}`},
		"a part":                      {"/a/0", jsonType, `{"a":["x"]}`, `"x"`},
		"a null":                      {"/a", jsonType, `{"a":null}`, `null`},
		"text is no JSON":             {"", "text/plain", `7`, ``},
		"JSON type but no JSON":       {"", jsonType, `{`, ``},
		"part of what is typed other": {"/a", "application/vnd.x+json", `{"a":1}`, `1`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := dag.Answer(contracts.FinalOutput{WorkUnitID: "x", Select: c.sel}, c.media, []byte(c.output))
			if err != nil || string(got) != c.want {
				t.Errorf("got %s (%v), want %s", got, err, c.want)
			}
		})
	}
	for name, c := range map[string]struct{ sel, output string }{
		"a part of no JSON":   {"/a", `{`},
		"a part that is none": {"/b", `{"a":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := dag.Answer(contracts.FinalOutput{WorkUnitID: "x", Select: c.sel}, jsonType, []byte(c.output))
			if contracts.CodeOf(err) != contracts.CodeBadOutput {
				t.Errorf("got %v, want BAD_OUTPUT", err)
			}
		})
	}
}

// TestCompileRefusesEdgesToNobody covers graphs that were not validated.
func TestCompileRefusesEdgesToNobody(t *testing.T) {
	for name, u := range map[string]contracts.WorkUnit{
		"dependency": {ID: "x", Dependencies: []contracts.UnitID{"nobody"}},
		"bind":       {ID: "x", Bind: []contracts.Bind{{From: "nobody", To: "/a"}}},
		"when":       {ID: "x", When: []contracts.Condition{{Dependency: "nobody", Condition: contracts.Always}}},
	} {
		_, err := dag.Compile(&contracts.TaskGraph{WorkUnits: []contracts.WorkUnit{u}})
		if contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
