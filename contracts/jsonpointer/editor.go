package jsonpointer

import (
	"maps"
	"slices"
)

// Set returns doc with the value at ptr replaced by v. Objects that are missing
// on the way are created, and a nil doc counts as missing; "-", or the index
// after the last element, appends to an array. doc is not changed: the maps and
// slices on the way are copied, the rest is shared with the result. For several
// changes to one document an Editor copies each only once. The error is an
// *Error.
func Set(doc any, ptr string, v any) (any, error) {
	e := NewEditor(doc)
	if err := e.Set(ptr, v); err != nil {
		return nil, err
	}
	return e.Document(), nil
}

// Editor makes a series of changes to one document in time linear in their
// number and in the size of the containers they touch. Neither the document it
// began with nor a value put into it is ever changed, only shared. It is not
// safe for concurrent use.
type Editor struct{ root any }

// The editor's own containers stand in the place of those it has copied.
// Meeting one proves that it may be changed in place.
type (
	object  struct{ members map[string]any }
	array   struct{ elements []any }
	missing struct{} // where nothing is yet
)

// NewEditor returns an editor that begins with doc.
func NewEditor(doc any) *Editor {
	if doc == nil {
		doc = missing{}
	}
	return &Editor{root: doc}
}

// Set changes the document by the rules of the function Set. After an error
// the document is as it was.
func (e *Editor) Set(ptr string, v any) error {
	tokens, err := parse(ptr)
	if err != nil {
		return err
	}
	c := change{ptr: ptr, tokens: tokens, value: v}
	root, err := c.apply(e.root, 0)
	if err != nil {
		return err
	}
	e.root = root
	return nil
}

// Document returns the document as it is now. Later changes do not affect it.
func (e *Editor) Document() any {
	e.root = plain(e.root)
	if _, ok := e.root.(missing); ok {
		return nil
	}
	return e.root
}

type change struct {
	ptr    string
	tokens []string
	value  any
}

// apply returns what stands in the place of v once the tokens from depth on
// have been followed.
func (c *change) apply(v any, depth int) (any, error) {
	if depth == len(c.tokens) {
		return c.value, nil
	}
	switch v := own(v).(type) {
	case *object:
		return c.member(v, depth)
	case *array:
		return c.element(v, depth)
	default:
		return nil, failure(c.ptr, depth, ErrNotInto)
	}
}

func (c *change) member(o *object, depth int) (any, error) {
	name := c.tokens[depth]
	old, ok := o.members[name]
	if !ok {
		old = missing{}
	}
	v, err := c.apply(old, depth+1)
	if err != nil {
		return nil, err
	}
	o.members[name] = v
	return o, nil
}

func (c *change) element(a *array, depth int) (any, error) {
	i, err := index(c.tokens[depth], len(a.elements))
	if err != nil {
		return nil, failure(c.ptr, depth, err)
	}
	var old any = missing{}
	if i < len(a.elements) {
		old = a.elements[i]
	}
	v, err := c.apply(old, depth+1)
	if err != nil {
		return nil, err
	}
	if i == len(a.elements) {
		a.elements = append(a.elements, v)
	} else {
		a.elements[i] = v
	}
	return a, nil
}

// own returns v as a container of the editor, copied if it was not one yet.
// Leaves are returned as they are.
func own(v any) any {
	switch v := v.(type) {
	case missing:
		return &object{map[string]any{}}
	case map[string]any:
		members := maps.Clone(v)
		if members == nil {
			members = map[string]any{}
		}
		return &object{members}
	case []any:
		return &array{slices.Clone(v)}
	default:
		return v
	}
}

// plain gives back maps and slices for the editor's containers.
func plain(v any) any {
	switch v := v.(type) {
	case *object:
		for name, member := range v.members {
			v.members[name] = plain(member)
		}
		return v.members
	case *array:
		for i, element := range v.elements {
			v.elements[i] = plain(element)
		}
		return v.elements
	default:
		return v
	}
}
