package jcs

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
)

// DecodeStrict decodes doc into v as encoding/json does, and refuses what that
// package forgives: members that no field of the struct spells exactly,
// repeated members, null where the type has none (a member without a value is
// left out), data after the value, and whatever else Canonicalize refuses. A
// field tagged `jcs:"required"` must be there, which matters where its zero
// value means something. An integral number fits an integer however it is
// spelled. A type's own UnmarshalJSON sees the canonical form of its part. The
// error is an *Error with the path of the value at fault; *v may then be partly
// filled.
func DecodeStrict(doc []byte, v any) error {
	canonical, err := Canonicalize(doc)
	if err != nil {
		return err
	}
	if q, ok := v.(Quick); ok && q.ReadQuick(canonical) {
		return nil
	}
	return DecodeCanonical(canonical, v)
}

// Quick is a document that knows how to read itself, most of the time.
type Quick interface {
	// ReadQuick reads the document from its canonical form, as DecodeCanonical does.
	// It reports false, and has changed nothing, for one that it leaves to that.
	ReadQuick(canonical []byte) bool
}

// DecodeCanonical is DecodeStrict for what Canonicalize returned, or a value that
// is a part of that. It does not ask v to read itself.
func DecodeCanonical(canonical []byte, v any) error {
	root := reflect.TypeOf(v)
	if root != nil && root.Kind() == reflect.Pointer {
		root = root.Elem()
	}
	fields := walker{Cursor: Cursor{in: canonical}}
	if err := fields.value(root); err != nil {
		return err
	}
	if cause := json.Unmarshal(canonical, v); cause != nil { // unknown fields are found above
		values := walker{Cursor: Cursor{in: canonical}, decode: true}
		if err := values.value(root); err != nil {
			return err
		}
		return refusal(cause)
	}
	return nil
}

func refusal(cause error) *Error {
	return &Error{Offset: -1, Message: cause.Error(), Cause: cause}
}

// walker follows a canonical document and the Go type it is decoded into side
// by side. It finds members without a field and, when decode is set, the
// innermost value that its type refuses: encoding/json does not say where an
// error of UnmarshalJSON, or one inside an array, came from.
type walker struct {
	Cursor
	decode bool
	known  map[reflect.Type]*members
}

func (w *walker) value(t reflect.Type) *Error {
	start := w.pos
	if w.in[start] == 'n' && t != nil && !takesNull(t) {
		return &Error{Offset: -1, Message: "null is not a value here"}
	}
	if err := w.parts(t); err != nil {
		return err
	}
	if !w.decode || t == nil {
		return nil
	}
	if err := json.Unmarshal(w.in[start:w.pos], reflect.New(t).Interface()); err != nil {
		return refusal(err)
	}
	return nil
}

// parts walks the parts of a container and skips any other value.
func (w *walker) parts(t reflect.Type) *Error {
	for t != nil && t.Kind() == reflect.Pointer && !decodesItself(t) {
		t = t.Elem()
	}
	if t == nil || decodesItself(t) {
		w.Skip()
		return nil
	}
	first, kind := w.in[w.pos], t.Kind()
	switch {
	case first == '{' && kind == reflect.Struct:
		return w.fields(t)
	case first == '{' && kind == reflect.Map:
		return w.entries(t.Elem())
	case first == '[' && (kind == reflect.Slice || kind == reflect.Array):
		return w.elements(t.Elem())
	default:
		w.Skip()
		return nil
	}
}

func (w *walker) fields(t reflect.Type) *Error {
	known := w.membersOf(t)
	missing := slices.Clone(known.required)
	for w.pos++; !w.Next('}'); {
		w.Next(',')
		name := w.Name()
		field, ok := known.types[name]
		if !ok {
			return (&Error{Offset: -1, Message: fmt.Sprintf("unknown field %.100q", name)}).under(name)
		}
		if err := w.value(field); err != nil {
			return err.under(name)
		}
		missing = slices.DeleteFunc(missing, func(m string) bool { return m == name })
	}
	if len(missing) > 0 {
		return (&Error{Offset: -1, Message: "is missing"}).under(missing[0])
	}
	return nil
}

func (w *walker) entries(t reflect.Type) *Error {
	for w.pos++; !w.Next('}'); {
		w.Next(',')
		name := w.Name()
		if err := w.value(t); err != nil {
			return err.under(name)
		}
	}
	return nil
}

func (w *walker) elements(t reflect.Type) *Error {
	i := 0
	for w.pos++; !w.Next(']'); i++ {
		w.Next(',')
		if err := w.value(t); err != nil {
			return err.under(fmt.Sprint(i))
		}
	}
	return nil
}

// Skip consumes a value and returns it as it stands.
func (c *Cursor) Skip() []byte {
	start := c.pos
	depth := 0
	for {
		switch c.in[c.pos] {
		case '{', '[':
			depth++
			c.pos++
		case '}', ']':
			depth--
			c.pos++
		case ',', ':':
			c.pos++
		default:
			c.Token()
		}
		if depth == 0 {
			return c.in[start:c.pos]
		}
	}
}
