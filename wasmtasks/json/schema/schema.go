// Package schema checks JSON documents by JSON Schemas. Numbers are compared
// exactly. The package promises to load nothing that a schema refers to.
package schema

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/krako-labs/krako/wasmtasks/data/value"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// ValidateInput is a document and a schema.
type ValidateInput struct {
	Document value.Source `json:"document"`
	Schema   value.Source `json:"schema" jsonschema_description:"a JSON Schema of the draft that its $schema names, 2020-12 if none; references stay inside it"`
	Formats  bool         `json:"formats,omitempty" jsonschema_description:"whether format is checked and not only a note"`
	Limit    int          `json:"limit,omitempty" jsonschema:"minimum=0,maximum=1000" jsonschema_description:"most faults to give, 100 if 0 or absent"`
}

// ValidateOutput is the verdict.
type ValidateOutput struct {
	Valid     bool    `json:"valid"`
	Faults    []Fault `json:"faults" jsonschema_description:"by place in the document, then in the schema"`
	Truncated bool    `json:"truncated" jsonschema_description:"whether there are more than limit"`
}

// Fault is a value that does not fit and the keyword it does not fit.
type Fault struct {
	At      string `json:"at" jsonschema_description:"JSON Pointer of the value"`
	Keyword string `json:"keyword" jsonschema_description:"JSON Pointer of the keyword in the schema"`
	Problem string `json:"problem"`
}

// closed loads nothing.
type closed struct{}

func (closed) Load(url string) (any, error) {
	return nil, fmt.Errorf("reference to %q leaves the document", url)
}

// Validate checks a document by a schema. Numbers are compared exactly.
func Validate(ctx context.Context, in ValidateInput) (ValidateOutput, error) {
	if err := field.Between("limit", in.Limit, 0, 1000); err != nil {
		return ValidateOutput{}, err
	}
	doc, err := in.Document.Read(ctx, "document")
	if err != nil {
		return ValidateOutput{}, err
	}
	schema, err := in.Schema.Read(ctx, "schema")
	if err != nil {
		return ValidateOutput{}, err
	}
	compiled, err := compile(value.Plain(schema), in.Formats)
	if err != nil {
		return ValidateOutput{}, field.Errorf("schema", "%v", err)
	}
	err = compiled.Validate(value.Plain(doc))
	if err == nil {
		return ValidateOutput{Valid: true, Faults: []Fault{}}, nil
	}
	tree, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return ValidateOutput{}, field.Errorf("schema", "%v", err)
	}
	var out ValidateOutput
	collect(&out.Faults, tree)
	slices.SortFunc(out.Faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Keyword, b.Keyword), cmp.Compare(a.Problem, b.Problem))
	})
	out.Faults = slices.Compact(out.Faults)
	if most := cmp.Or(in.Limit, 100); len(out.Faults) > most {
		out.Faults, out.Truncated = out.Faults[:most], true
	}
	return out, nil
}

func compile(schema any, formats bool) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(closed{})
	if formats {
		c.AssertFormat()
	}
	// With a path, so that a relative reference leads out of the document.
	const name = "https://schema.invalid/schema"
	if err := c.AddResource(name, schema); err != nil {
		return nil, err
	}
	return c.Compile(name)
}

// collect gathers the leaves of a tree of causes: what each alternative of an
// anyOf asked for is of use, that none fitted is not.
func collect(faults *[]Fault, e *jsonschema.ValidationError) {
	for _, c := range e.Causes {
		collect(faults, c)
	}
	if len(e.Causes) > 0 {
		return
	}
	if extra, ok := e.ErrorKind.(*kind.AdditionalProperties); ok {
		slices.Sort(extra.Properties) // found by ranging over a map
	}
	at, keyword := "", ""
	for _, token := range e.InstanceLocation {
		at = value.Pointer(at, token)
	}
	if _, fragment, ok := strings.Cut(e.SchemaURL, "#"); ok {
		keyword = fragment
	}
	for _, token := range e.ErrorKind.KeywordPath() {
		keyword = value.Pointer(keyword, token)
	}
	*faults = append(*faults, Fault{at, keyword, problem(e.ErrorKind)})
}

// problem says what is wrong. The library prints numbers by way of doubles.
func problem(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Maximum:
		return bound("maximum", k.Got, k.Want)
	case *kind.Minimum:
		return bound("minimum", k.Got, k.Want)
	case *kind.ExclusiveMaximum:
		return bound("exclusiveMaximum", k.Got, k.Want)
	case *kind.ExclusiveMinimum:
		return bound("exclusiveMinimum", k.Got, k.Want)
	case *kind.MultipleOf:
		return bound("multipleOf", k.Got, k.Want)
	}
	return k.LocalizedString(message.NewPrinter(language.English))
}

func bound(keyword string, got, want *big.Rat) string {
	return fmt.Sprintf("%s: got %s, want %s", keyword, decimal(got), decimal(want))
}

// decimal writes a number that came from decimal text.
func decimal(r *big.Rat) string {
	digits, _ := r.FloatPrec()
	return r.FloatString(digits)
}
