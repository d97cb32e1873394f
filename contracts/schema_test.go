package contracts_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

func TestOutputSchemaNamesTheFirstBadValue(t *testing.T) {
	s, err := contracts.CompileSchema(contracts.JSON(`{"type":"object","required":["parts"],"properties":{"parts":{"type":"array","items":{"type":"string"}},"a/b":{"minimum":1}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check([]byte(`{"parts":["x"],"more":1}`)); err != nil {
		t.Error(err)
	}
	for output, at := range map[string]string{
		`{}`:                         "",
		`{"parts":["x",2]}`:          "/parts/1",
		`{"parts":[],"a/b":0}`:       "/a~1b",
		`[]`:                         "",
		`{"parts":[]`:                "",
		`{"parts":[],"parts":["x"]}`: "",
		`plain text`:                 "",
	} {
		err := s.Check([]byte(output))
		e, ok := errors.AsType[*contracts.Error](err)
		if !ok || e.Code != contracts.CodeSchemaMismatch || e.Offender != at {
			t.Errorf("%s: got %v, want SCHEMA_MISMATCH at %q", output, err, at)
		}
	}
}

// TestSchemasStayInsideTheirDocument offers references that a careless compiler
// would follow.
func TestSchemasStayInsideTheirDocument(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s.json")
	if err := os.WriteFile(file, []byte(`{"type":"string"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	url := "file:///" + strings.TrimPrefix(filepath.ToSlash(file), "/")
	for _, schema := range []string{
		`{"$ref":"` + url + `"}`, `{"$schema":"` + url + `"}`, `{"$id":"` + url + `","$ref":"other.json"}`,
		`{"$ref":"https://example.org/s.json"}`, `{"$ref":"s.json"}`, `{"$ref":"#/$defs/none"}`,
	} {
		if _, err := contracts.CompileSchema(contracts.JSON(schema)); err == nil {
			t.Errorf("%s compiles", schema)
		}
	}
	if _, err := contracts.CompileSchema(contracts.JSON(`{"$ref":"#/$defs/here","$defs":{"here":{"type":"string"}}}`)); err != nil {
		t.Error(err)
	}
}

func TestSchemaDraftIs2020(t *testing.T) {
	s, err := contracts.CompileSchema(contracts.JSON(`{"prefixItems":[{"type":"string"}],"items":false}`))
	if err != nil {
		t.Fatal(err)
	}
	if s.Check([]byte(`["x"]`)) != nil || s.Check([]byte(`["x",1]`)) == nil || s.Check([]byte(`[1]`)) == nil {
		t.Error("prefixItems and items do not mean what they mean in 2020-12")
	}
}

// TestSchemaThatDoublesItsWork offers schemas whose evaluation doubles with each
// of their levels, or with each level of the output, in different disguises.
// They end with an error, and sound schemas on large outputs do not.
func TestSchemaThatDoublesItsWork(t *testing.T) {
	levels := func(step, last string) string {
		var b strings.Builder
		b.WriteString(`{"$ref":"#/$defs/d0","$defs":{`)
		for i := range 40 {
			fmt.Fprintf(&b, `"d%d":%s,`, i, strings.ReplaceAll(step, "NEXT", fmt.Sprintf("#/$defs/d%d", i+1)))
		}
		return b.String() + `"d40":` + last + `}}`
	}
	const both = `[{"$ref":"NEXT"},{"$ref":"NEXT"}]`
	deep := strings.Repeat(`{"x":`, 60) + `1` + strings.Repeat(`}`, 60)
	for name, c := range map[string]struct{ schema, output string }{
		"all of it twice":         {levels(`{"allOf":`+both+`}`, `{"type":"object"}`), `{}`},
		"any of it, and it fails": {levels(`{"anyOf":`+both+`}`, `{"type":"string"}`), `{}`},
		"not any of it":           {levels(`{"not":{"anyOf":`+both+`}}`, `{"type":"string"}`), `{}`},
		"one of it":               {levels(`{"oneOf":`+both+`}`, `{"type":"string"}`), `{}`},
		"if it holds":             {levels(`{"if":{"$ref":"NEXT"},"then":{"$ref":"NEXT"},"else":{"$ref":"NEXT"}}`, `{"type":"object"}`), `{}`},
		"under a type":            {levels(`{"type":"object","allOf":`+both+`}`, `false`), `{}`},
		"on each level": {
			`{"$ref":"#/$defs/t","$defs":{"t":{"properties":{"x":{"allOf":[{"$ref":"#/$defs/t"},{"$ref":"#/$defs/t"}]}}}}}`, deep,
		},
		"by a dynamic reference": {
			`{"$dynamicAnchor":"t","properties":{"x":{"allOf":[{"$dynamicRef":"#t"},{"$dynamicRef":"#t"}]}}}`, deep,
		},
		"in an older draft": {
			`{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"t":{"properties":{"x":{"allOf":[{"$ref":"#/definitions/t"},{"$ref":"#/definitions/t"}]}}}},"allOf":[{"$ref":"#/definitions/t"}]}`, deep,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := contracts.CompileSchema(contracts.JSON(c.schema))
			if err != nil {
				t.Fatal(err)
			}
			err = s.Check([]byte(c.output))
			wantCode(t, err, contracts.CodeSchemaMismatch)
			if err != nil && !strings.Contains(err.Error(), "too much work") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestWorkIsCountedForEachCheck has one check fail for its work and the next
// one, by the same schema, hold.
func TestWorkIsCountedForEachCheck(t *testing.T) {
	s, err := contracts.CompileSchema(contracts.JSON(`{"$ref":"#/$defs/t","$defs":{"t":{"properties":{"x":{"allOf":[{"$ref":"#/$defs/t"},{"$ref":"#/$defs/t"}]}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	deep := strings.Repeat(`{"x":`, 60) + `1` + strings.Repeat(`}`, 60)
	for range 3 {
		wantCode(t, s.Check([]byte(deep)), contracts.CodeSchemaMismatch)
		if err := s.Check([]byte(`{"x":{"x":1}}`)); err != nil {
			t.Error(err)
		}
	}
}

// TestNumbersThatNobodyCanHold are spelled in a few bytes.
func TestNumbersThatNobodyCanHold(t *testing.T) {
	s, err := contracts.CompileSchema(contracts.JSON(`{"multipleOf":3,"minimum":0}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check([]byte(`1e-4000000`)); err != nil {
		t.Errorf("what is zero to everybody is %v", err)
	}
	for _, n := range []string{`1e4000000`, `1e-300`, `-1e300`} {
		wantCode(t, s.Check([]byte(n)), contracts.CodeSchemaMismatch)
	}
	for _, schema := range []string{`{"minimum":1e4000000}`, `{"multipleOf":1e-4000000}`} {
		if _, err := contracts.CompileSchema(contracts.JSON(schema)); err == nil {
			t.Errorf("%s compiles", schema)
		}
	}
}

func TestLargeOutputsCanBeChecked(t *testing.T) {
	s, err := contracts.CompileSchema(contracts.JSON(`{"type":"array","items":{"type":"object","required":["a","b"],"additionalProperties":false,
		"properties":{"a":{"type":"integer","minimum":0},"b":{"anyOf":[{"type":"null"},{"type":"array","items":{"enum":["x","y"]}}]}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	output := `[` + strings.TrimSuffix(strings.Repeat(`{"a":1,"b":["x","y"]},`, 50_000), ",") + `]`
	if err := s.Check([]byte(output)); err != nil {
		t.Error(err)
	}
}

// TestSchemasAreBounded covers what would take long to compile.
func TestSchemasAreBounded(t *testing.T) {
	allOf := func(n int, part string) contracts.JSON {
		return contracts.JSON(`{"allOf":[` + strings.TrimSuffix(strings.Repeat(part+",", n-1), ",") + `]}`)
	}
	for _, part := range []string{`{}`, `true`} {
		if _, err := contracts.CompileSchema(allOf(2000, part)); err != nil {
			t.Error(err)
		}
		if _, err := contracts.CompileSchema(allOf(2001, part)); err == nil {
			t.Error("a schema of 2001 parts compiles")
		}
	}
	g := newGraph(51)
	for i := range g.WorkUnits {
		g.WorkUnits[i].OutputSchema = contracts.JSON(fmt.Sprintf(`{"$comment":"%d",%s`, i, allOf(2000, `true`)[1:]))
	}
	wantViolation(t, g.Validate(contracts.DefaultLimits()), contracts.RuleOutputSchema, "u50", "/work_units/50/output_schema")
	for i := range g.WorkUnits {
		g.WorkUnits[i].OutputSchema = g.WorkUnits[0].OutputSchema
	}
	if err := g.Validate(contracts.DefaultLimits()); err != nil {
		t.Errorf("one schema of many units: %v", err)
	}
}

func TestCapabilitiesTellCompatibleVersions(t *testing.T) {
	for name, c := range map[string]struct {
		caps contracts.BackendCapabilities
		ok   bool
	}{
		"the same":               {contracts.BackendCapabilities{InterfaceVersion: "1.0", SchemaVersions: []string{"1.0"}}, true},
		"later minor versions":   {contracts.BackendCapabilities{InterfaceVersion: "1.7", SchemaVersions: []string{"2.0", "1.3"}}, true},
		"another interface":      {contracts.BackendCapabilities{InterfaceVersion: "2.0", SchemaVersions: []string{"1.0"}}, false},
		"no schema in common":    {contracts.BackendCapabilities{InterfaceVersion: "1.0", SchemaVersions: []string{"2.0"}}, false},
		"nothing said":           {contracts.BackendCapabilities{}, false},
		"versions that are none": {contracts.BackendCapabilities{InterfaceVersion: "one", SchemaVersions: []string{""}}, false},
	} {
		err := c.caps.Compatible()
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if !c.ok {
			wantCode(t, err, contracts.CodeVersionMismatch)
		}
	}
}

// FuzzOutputSchema compiles schemas from anywhere and checks outputs from
// anywhere: whatever happens is an error.
func FuzzOutputSchema(f *testing.F) {
	f.Add([]byte(`{"type":"object","required":["a"],"properties":{"a":{"$ref":"#/$defs/t"}},"$defs":{"t":{"type":"string","pattern":"^x"}}}`), []byte(`{"a":"x"}`))
	f.Add([]byte(`{"$dynamicAnchor":"t","anyOf":[{"type":"null"},{"items":{"$dynamicRef":"#t"}}],"unevaluatedItems":false}`), []byte(`[[],[null]]`))
	f.Add([]byte(`{"multipleOf":3,"minimum":1e-4000000}`), []byte(`1e-4000000`))
	f.Add([]byte(`{"$schema":"http://json-schema.org/draft-04/schema#","not":{"format":"date-time"}}`), []byte(`"2026"`))
	f.Fuzz(func(t *testing.T, schema, output []byte) {
		s, err := contracts.CompileSchema(contracts.JSON(schema))
		if err != nil {
			return
		}
		if err := s.Check(output); err != nil {
			wantCode(t, err, contracts.CodeSchemaMismatch)
		}
	})
}

// Equal documents are compiled once, within a bound; what is compiled checks as
// before, by many at a time.
func TestSchemasAreKept(t *testing.T) {
	doc := contracts.JSON(`{"type":"object","required":["kept"]}`)
	one, err := contracts.CompileSchema(doc)
	if err != nil {
		t.Fatal(err)
	}
	if two, err := contracts.CompileSchema(append(contracts.JSON(nil), doc...)); err != nil || two != one {
		t.Errorf("an equal schema is compiled again: %v", err)
	}
	for n := range 1000 {
		other := contracts.JSON(fmt.Sprintf(`{"minimum":%d}`, n))
		s, err := contracts.CompileSchema(other)
		if err != nil || s.Check([]byte(fmt.Sprint(n-1))) == nil || s.Check([]byte(fmt.Sprint(n))) != nil {
			t.Fatalf("schema %s: %v", other, err)
		}
	}
	if two, err := contracts.CompileSchema(doc); err != nil || two == one {
		t.Error("a thousand schemas later it is still kept")
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			s, err := contracts.CompileSchema(doc)
			if err != nil || s.Check([]byte(`{"kept":1}`)) != nil || s.Check([]byte(`{}`)) == nil {
				t.Errorf("schema of many: %v", err)
			}
		})
	}
	wg.Wait()
}
