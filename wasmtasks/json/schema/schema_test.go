package schema

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/krako-labs/krako/wasmtasks/data/value"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

var ctx = context.Background()

func of(text string) value.Source { return value.Source{Text: text} }

func TestValidate(t *testing.T) {
	schema := `{"type":"object","required":["id","x"],"properties":{"id":{"type":"integer","maximum":9007199254740992},"l":{"items":{"anyOf":[{"type":"string"},{"$ref":"#/$defs/n"}]}},"e":{"format":"email"}},"additionalProperties":false,"$defs":{"n":{"type":"number","multipleOf":0.1}}}`
	out, err := Validate(ctx, ValidateInput{Document: of(`{"id":9007199254740993,"l":["a",0.3,0.35],"z":1,"y":2,"e":"x"}`), Schema: of(schema), Formats: true})
	if err != nil || out.Valid {
		t.Fatalf("%+v, %v", out, err)
	}
	want := "|/additionalProperties|additional properties 'y', 'z' not allowed\n|/required|missing property 'x'\n/e|/properties/e/format|'x' is not valid email: missing @\n" +
		"/id|/properties/id/maximum|maximum: got 9007199254740993, want 9007199254740992\n/l/2|/$defs/n/multipleOf|multipleOf: got 0.35, want 0.1\n/l/2|/properties/l/items/anyOf/0/type|got number, want string\n"
	var got strings.Builder
	for _, f := range out.Faults {
		got.WriteString(f.At + "|" + f.Keyword + "|" + f.Problem + "\n")
	}
	if got.String() != want {
		t.Errorf("faults\n%swant\n%s", got.String(), want)
	}
	if out, err := Validate(ctx, ValidateInput{Document: of(`{"id":1,"x":1}`), Schema: of(`true`)}); err != nil || !out.Valid || len(out.Faults) != 0 {
		t.Errorf("%+v, %v", out, err)
	}
	if out, err := Validate(ctx, ValidateInput{Document: of(`[1,2,3]`), Schema: of(`{"items":{"type":"string"}}`), Limit: 2}); err != nil || len(out.Faults) != 2 || !out.Truncated {
		t.Errorf("%+v, %v", out, err)
	}
	for _, bad := range []string{`{"type":"thing"}`, `{"$ref":"https://example.com/s"}`, `{"$ref":"other.json"}`, `{"pattern":"("}`, `[]`} {
		_, err := Validate(ctx, ValidateInput{Document: of(`1`), Schema: of(bad)})
		if fault, ok := errors.AsType[*field.Error](err); !ok || fault.Field != "schema" {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestFaultsNameTheField(t *testing.T) {
	for want, in := range map[string]ValidateInput{"document": {Schema: of("{}")}, "schema": {Document: of("1")}, "limit": {Document: of("1"), Schema: of("{}"), Limit: -1}} {
		_, err := Validate(ctx, in)
		if fault, ok := errors.AsType[*field.Error](err); !ok || fault.Field != want {
			t.Errorf("%v, want one about %s", err, want)
		}
	}
}
