package contracts_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
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
