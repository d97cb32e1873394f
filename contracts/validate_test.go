package contracts_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/jsonpointer"
)

// defect is one way to break a rule: edits to the full example, and the one
// violation that must come of them.
type defect struct {
	name  string
	edits []edit
	rule  contracts.Rule
	unit  contracts.UnitID
	path  string
	// schema says whether the JSON Schema of a task graph can see the defect too.
	schema bool
}

// Whether a JSON Schema, which knows one value and its parts but nothing of
// other places or counts of a whole graph, sees a defect.
const (
	seen   = true
	unseen = false
)

// edit changes a generic JSON document.
type edit func(t *testing.T, doc any) any

// set puts a JSON value at a pointer.
func set(ptr, value string) edit {
	return func(t *testing.T, doc any) any {
		t.Helper()
		doc, err := jsonpointer.Set(doc, ptr, generic(t, []byte(value)))
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
}

// drop removes an object's member.
func drop(ptr string) edit {
	return func(t *testing.T, doc any) any {
		t.Helper()
		at := strings.LastIndexByte(ptr, '/')
		parent, err := jsonpointer.Get(doc, ptr[:at])
		if err != nil {
			t.Fatal(err)
		}
		object, ok := parent.(map[string]any)
		if _, there := object[ptr[at+1:]]; !ok || !there {
			t.Fatalf("%s is no member", ptr)
		}
		delete(object, ptr[at+1:])
		return doc
	}
}

func edits(e ...edit) []edit { return e }

// example reads testdata/examples/<name>.json as a generic value.
func example(t *testing.T, name string) any {
	t.Helper()
	doc, err := os.ReadFile("testdata/examples/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return generic(t, doc)
}

// generic decodes JSON and keeps its numbers as they are spelled.
func generic(t testing.TB, doc []byte) any {
	t.Helper()
	var v any
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	return v
}

// edited returns the full example after edits, as JSON.
func edited(t *testing.T, list []edit) []byte {
	t.Helper()
	doc := example(t, "task-graph.full")
	for _, e := range list {
		doc = e(t, doc)
	}
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// limits are the default ones of a backend that knows the examples' extension.
func limits() contracts.Limits {
	l := contracts.DefaultLimits()
	l.Extensions = []string{"org.example.trace"}
	return l
}

// defects are all cases of sections 2 and 3 that are edits of one document.
func defects() []defect {
	var all []defect
	for _, list := range [][]defect{graphDefects, unitDefects, programDefects, modelDefects, edgeDefects} {
		all = append(all, list...)
	}
	return all
}

func TestEveryDefectHasItsViolation(t *testing.T) {
	for _, d := range defects() {
		t.Run(d.name, func(t *testing.T) {
			_, err := contracts.ParseGraph(edited(t, d.edits), limits())
			wantViolation(t, err, d.rule, d.unit, d.path)
		})
	}
}

// wantViolation checks that err reports exactly one violation, this one.
func wantViolation(t *testing.T, err error, rule contracts.Rule, unit contracts.UnitID, path string) {
	t.Helper()
	e, ok := errors.AsType[*contracts.Error](err)
	if !ok || e.Code != contracts.CodeValidation {
		t.Fatalf("got %v, want an *Error with %s", err, contracts.CodeValidation)
	}
	found := contracts.AsViolations(err)
	if len(found) != 1 {
		t.Fatalf("got %d violations, want one: %v", len(found), err)
	}
	if v := found[0]; v.Rule != rule || v.Unit != unit || v.Path != path || v.Message == "" {
		t.Errorf("got rule %s, unit %q, path %s (%s)\nwant rule %s, unit %q, path %s", v.Rule, v.Unit, v.Path, v.Message, rule, unit, path)
	}
	if want := string(unit); want != "" && e.Offender != want {
		t.Errorf("offender is %q, want the unit %q", e.Offender, want)
	}
	if unit == "" && e.Offender != path {
		t.Errorf("offender is %q, want the path %q", e.Offender, path)
	}
	if !contracts.Broken(err, rule) {
		t.Errorf("Broken does not find rule %s", rule)
	}
}

func TestWhatIsJustAllowedIsAccepted(t *testing.T) {
	for _, a := range allowed {
		t.Run(a.name, func(t *testing.T) {
			if _, err := contracts.ParseGraph(edited(t, a.edits), limits()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestEveryRuleHasACase keeps the tables complete: each rule of the closed set
// is broken by at least one defect, here or in validate_limits_test.go.
func TestEveryRuleHasACase(t *testing.T) {
	broken := map[contracts.Rule]bool{}
	for _, d := range defects() {
		broken[d.rule] = true
	}
	for _, l := range limitCases {
		broken[l.rule] = true
	}
	for _, r := range constants(t, "rules.go", "Rule") {
		if !broken[contracts.Rule(r)] {
			t.Errorf("no case breaks rule %s", r)
		}
	}
}
