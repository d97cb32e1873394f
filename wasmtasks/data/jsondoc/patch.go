package jsondoc

import (
	"context"
	"strconv"

	"github.com/krako-labs/krako/wasmtasks/data/value"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// PatchInput is a document and what to change in it.
type PatchInput struct {
	Document value.Source `json:"document"`
	Patch    value.Source `json:"patch" jsonschema_description:"a JSON Patch (RFC 6902): a list of operations add, remove, replace, move, copy and test"`
	value.Form
}

// maxOperations bounds a patch.
const maxOperations = 10_000

// Patch applies a JSON Patch. One operation that fails, a test too, fails all.
func Patch(ctx context.Context, in PatchInput) (value.Result, error) {
	if err := in.Form.Check(); err != nil {
		return value.Result{}, err
	}
	doc, err := in.Document.Read(ctx, "document")
	if err != nil {
		return value.Result{}, err
	}
	patch, err := in.Patch.Read(ctx, "patch")
	if err != nil {
		return value.Result{}, err
	}
	if patch.Kind != value.List {
		return value.Result{}, field.Errorf("patch", "is a %s and not a list of operations", patch.Kind)
	}
	if err := field.AtMost("patch", len(patch.Items), maxOperations, "operations"); err != nil {
		return value.Result{}, err
	}
	for i, op := range patch.Items {
		if err := apply(&doc, op, field.Index("patch", i)); err != nil {
			return value.Result{}, err
		}
	}
	return in.Give(doc)
}

// apply does one operation.
func apply(doc *value.Value, op value.Value, name string) error {
	do, err := text(op, name, "op")
	if err != nil {
		return err
	}
	path, err := pointer(op, name, "path")
	if err != nil {
		return err
	}
	var x value.Value
	switch do {
	case "add", "replace", "test":
		given, ok := op.Get("value")
		if !ok {
			return field.Errorf(name+".value", "is required for %s", do)
		}
		x = given.Clone()
	case "move", "copy":
		from, err := pointer(op, name, "from")
		if err != nil {
			return err
		}
		at, problem := find(doc, from)
		if problem != "" {
			return field.Errorf(name+".from", "%s", problem)
		}
		x = at.Clone()
		if do == "move" {
			if len(path) > len(from) && equal(path[:len(from)], from) {
				return field.Errorf(name+".path", "is inside of what is moved")
			}
			if problem := remove(doc, from); problem != "" {
				return field.Errorf(name+".from", "%s", problem)
			}
		}
	case "remove":
	default:
		return field.OneOf(name+".op", do, "add", "remove", "replace", "move", "copy", "test")
	}
	if problem := alter(doc, do, path, x); problem != "" {
		return field.Errorf(name+".path", "%s", problem)
	}
	return nil
}

// alter changes or tests the value at path. It returns what is wrong.
func alter(doc *value.Value, do string, path []string, x value.Value) (problem string) {
	switch do {
	case "remove":
		return remove(doc, path)
	case "replace", "test":
		at, problem := find(doc, path)
		if problem != "" {
			return problem
		}
		if do == "replace" {
			*at = x
		} else if !value.Equal(*at, x) {
			return "the value there is another than the one tested for"
		}
		return ""
	}
	return add(doc, path, x)
}

func text(op value.Value, name, member string) (string, error) {
	v, ok := op.Get(member)
	if !ok || v.Kind != value.String {
		return "", field.Errorf(name+"."+member, "is required: a string")
	}
	return v.Text, nil
}

func pointer(op value.Value, name, member string) ([]string, error) {
	s, err := text(op, name, member)
	if err != nil {
		return nil, err
	}
	tokens, ok := value.Tokens(s)
	if !ok {
		return nil, field.Errorf(name+"."+member, "%.60q is not a JSON Pointer such as /items/0", s)
	}
	return tokens, nil
}

func equal(a, b []string) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// find returns where the value at a path is, or what is wrong.
func find(v *value.Value, path []string) (*value.Value, string) {
	for _, token := range path {
		switch v.Kind {
		case value.Object:
			i := member(v, token)
			if i < 0 {
				return nil, "there is no member " + strconv.Quote(token)
			}
			v = &v.Members[i].Value
		case value.List:
			i, ok := index(token, len(v.Items)-1)
			if !ok {
				return nil, "there is no element " + strconv.Quote(token)
			}
			v = &v.Items[i]
		default:
			return nil, strconv.Quote(token) + " is inside of a " + v.Kind.String()
		}
	}
	return v, ""
}

func member(v *value.Value, name string) int {
	for i := range v.Members {
		if v.Members[i].Name == name {
			return i
		}
	}
	return -1
}

// index reads an array index: digits without leading zeros.
func index(token string, most int) (int, bool) {
	i, err := strconv.Atoi(token)
	return i, err == nil && i >= 0 && i <= most && strconv.Itoa(i) == token
}

func add(doc *value.Value, path []string, x value.Value) string {
	if len(path) == 0 {
		*doc = x
		return ""
	}
	last := path[len(path)-1]
	parent, problem := find(doc, path[:len(path)-1])
	switch {
	case problem != "":
		return problem
	case parent.Kind == value.Object:
		parent.Set(last, x)
	case parent.Kind != value.List:
		return strconv.Quote(last) + " is inside of a " + parent.Kind.String()
	case last == "-":
		parent.Items = append(parent.Items, x)
	default:
		i, ok := index(last, len(parent.Items))
		if !ok {
			return "no element can be inserted at " + strconv.Quote(last)
		}
		parent.Items = append(parent.Items, value.Value{})
		copy(parent.Items[i+1:], parent.Items[i:])
		parent.Items[i] = x
	}
	return ""
}

func remove(doc *value.Value, path []string) string {
	if _, problem := find(doc, path); problem != "" {
		return problem
	}
	if len(path) == 0 {
		return "the whole document cannot be removed"
	}
	last := path[len(path)-1]
	parent, _ := find(doc, path[:len(path)-1])
	if parent.Kind == value.Object {
		parent.Delete(last)
		return ""
	}
	i, _ := index(last, len(parent.Items)-1)
	parent.Items = append(parent.Items[:i:i], parent.Items[i+1:]...)
	return ""
}
