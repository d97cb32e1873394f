package offer

import (
	"testing"

	"github.com/krako-labs/krako/contracts"
)

// Every task tells what it takes and gives, and its examples hold it to that.
func TestTasksShowTheirSchemasAndExamples(t *testing.T) {
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range c.Tasks() {
		if got, ok := c.Resolve(v.Task); !ok || got.Module != v.Module || !v.Type.CPU() || v.Input == "" {
			t.Errorf("%s resolves to %+v", v.Task, got)
		}
		in, out := compile(t, v.InputSchema), compile(t, v.OutputSchema)
		for _, x := range v.Examples {
			if err := in.Check(x.Input); err != nil && x.Error == "" {
				t.Errorf("%s, %s: input: %v", v.Task, x.Name, err)
			}
			if x.Error != "" || x.OutputCID != "" {
				continue
			}
			if err := out.Check(x.Output); err != nil {
				t.Errorf("%s, %s: output: %v", v.Task, x.Name, err)
			}
		}
	}
	if v, ok := c.Resolve("text/stats@1"); !ok || v.Type != contracts.Deterministic || len(v.Examples) == 0 || len(v.InputSchema) == 0 || len(v.OutputSchema) == 0 {
		t.Errorf("text/stats@1 is %+v", v)
	}
	if v, ok := c.Resolve("text/stats@2"); ok {
		t.Errorf("text/stats@2 is %+v", v)
	}
}

// compile takes a schema, or what accepts anything where there is none.
func compile(t *testing.T, schema contracts.JSON) *contracts.OutputSchema {
	t.Helper()
	if len(schema) == 0 {
		schema = contracts.JSON("true")
	}
	s, err := contracts.CompileSchema(schema)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
