package jsondoc

import (
	"context"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/data/value"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// MergeInput is a document and one to put over it.
type MergeInput struct {
	Document value.Source `json:"document"`
	With     value.Source `json:"with" jsonschema_description:"what to put over it: members of objects are merged, all else replaces what was there"`
	Lists    string       `json:"lists" jsonschema:"enum=replace,enum=append,enum=union" jsonschema_description:"whether a list replaces another, as in JSON Merge Patch, is appended, or only those elements of it that are not there"`
	Nulls    string       `json:"nulls" jsonschema:"enum=remove,enum=keep" jsonschema_description:"whether null removes a member, as in JSON Merge Patch, or is a value"`
	value.Form
}

// Merge puts one document over another. Lists replaced and nulls removing is JSON
// Merge Patch (RFC 7396).
func Merge(ctx context.Context, in MergeInput) (value.Result, error) {
	if err := in.Form.Check(); err != nil {
		return value.Result{}, err
	}
	if err := field.OneOf("lists", in.Lists, "replace", "append", "union"); err != nil {
		return value.Result{}, err
	}
	if err := field.OneOf("nulls", in.Nulls, "remove", "keep"); err != nil {
		return value.Result{}, err
	}
	doc, err := in.Document.Read(ctx, "document")
	if err != nil {
		return value.Result{}, err
	}
	with, err := in.With.Read(ctx, "with")
	if err != nil {
		return value.Result{}, err
	}
	return in.Give(in.merge(doc, with))
}

func (in MergeInput) merge(a, b value.Value) value.Value {
	switch {
	case b.Kind == value.Object:
		out := value.Value{Kind: value.Object, Members: []value.Member{}}
		if a.Kind == value.Object {
			out.Members = append(out.Members, a.Members...)
		}
		for _, m := range b.Members {
			if m.Value.Kind == value.Null && in.Nulls == "remove" {
				out.Delete(m.Name)
				continue
			}
			before, _ := out.Get(m.Name)
			out.Set(m.Name, in.merge(before, m.Value))
		}
		return out
	case a.Kind == value.List && b.Kind == value.List && in.Lists != "replace":
		return value.Value{Kind: value.List, Items: in.join(a.Items, b.Items)}
	}
	return b
}

func (in MergeInput) join(a, b []value.Value) []value.Value {
	out := append([]value.Value{}, a...)
	seen := map[string]bool{}
	for _, x := range a {
		seen[key(x)] = true
	}
	for _, x := range b {
		if k := key(x); in.Lists == "append" || !seen[k] {
			seen[k] = true
			out = append(out, x)
		}
	}
	return out
}

// key is equal for values that mean the same.
func key(v value.Value) string {
	v = v.Sorted()
	spell(&v)
	return string(v.Append(nil))
}

// spell writes numbers in one way.
func spell(v *value.Value) {
	if v.Kind == value.Number {
		v.Text = v.Rat().RatString()
	}
	for i := range v.Items {
		spell(&v.Items[i])
	}
	for i := range v.Members {
		spell(&v.Members[i].Value)
	}
}

// FormatInput is a document and how to write it.
type FormatInput struct {
	Document value.Source `json:"document"`
	Indent   int          `json:"indent" jsonschema:"minimum=0,maximum=8" jsonschema_description:"spaces for each level, 0 for one line without spaces"`
	Sort     bool         `json:"sort,omitempty" jsonschema_description:"whether members are sorted by the code points of their names"`
}

// TextOutput is the text that came out.
type TextOutput struct {
	Text string `json:"text"`
}

// Format writes a document anew: long, short, sorted.
func Format(ctx context.Context, in FormatInput) (TextOutput, error) {
	if err := field.Between("indent", in.Indent, 0, 8); err != nil {
		return TextOutput{}, err
	}
	doc, err := in.Document.Read(ctx, "document")
	if err != nil {
		return TextOutput{}, err
	}
	if in.Sort {
		doc = doc.Sorted()
	}
	return TextOutput{doc.Indented(in.Indent)}, nil
}

// CheckInput is a text that may be JSON.
type CheckInput struct {
	Text string `json:"text,omitempty"`
	Blob string `json:"blob,omitempty" jsonschema_description:"the name of a blob with the text, instead"`
}

// CheckOutput is the verdict.
type CheckOutput struct {
	Valid   bool   `json:"valid"`
	Kind    string `json:"kind,omitempty" jsonschema:"enum=null,enum=boolean,enum=number,enum=string,enum=list,enum=object" jsonschema_description:"of the value, absent if not valid"`
	Line    int    `json:"line,omitempty" jsonschema_description:"where the text stops being JSON, from 1"`
	Column  int    `json:"column,omitempty" jsonschema_description:"in bytes, from 1"`
	Problem string `json:"problem,omitempty" jsonschema_description:"what is wrong, absent if valid"`
}

// Check tells whether a text is JSON, and where not. That it is not is a result
// and no error; repeated members, invalid UTF-8 and half surrogate pairs are faults.
func Check(ctx context.Context, in CheckInput) (CheckOutput, error) {
	var text []byte
	if in.Text != "" || in.Blob != "" {
		b, err := value.Source{Text: in.Text, Blob: in.Blob}.Bytes(ctx, "text")
		if err != nil {
			return CheckOutput{}, err
		}
		text = b
	}
	v, err := value.Parse(text)
	if fault, ok := err.(*value.SyntaxError); ok {
		return CheckOutput{Line: fault.Line, Column: fault.Column, Problem: strings.TrimPrefix(fault.Problem, "json: ")}, nil
	}
	return CheckOutput{Valid: true, Kind: v.Kind.String()}, nil
}
