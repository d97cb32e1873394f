package jcs

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
)

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// decodesItself reports whether encoding/json leaves a value of type t to t.
func decodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(jsonUnmarshaler) || p.Implements(textUnmarshaler)
}

// takesNull reports whether null is a value of type t, and not merely what
// encoding/json passes over.
func takesNull(t reflect.Type) bool {
	return t.Kind() == reflect.Interface || (t.Kind() != reflect.Pointer && decodesItself(t))
}

// members are the fields of a struct by their names in JSON.
type members struct {
	// types holds nil for a field that is not to be looked into.
	types    map[string]reflect.Type
	required []string
}

func (w *walker) membersOf(t reflect.Type) *members {
	if m, ok := w.known[t]; ok {
		return m
	}
	m := &members{types: map[string]reflect.Type{}}
	m.addFields(t)
	if w.known == nil {
		w.known = map[reflect.Type]*members{}
	}
	w.known[t] = m
	return m
}

// addFields adds the fields of t, then those of its embedded structs that they
// do not hide, as encoding/json does.
func (m *members) addFields(t reflect.Type) {
	var embedded []reflect.Type
	for f := range t.Fields() {
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		switch {
		case tag == "-":
		case f.Anonymous && name == "" && inner.Kind() == reflect.Struct:
			embedded = append(embedded, inner)
		case f.IsExported():
			m.addField(f, name, options)
		}
	}
	for _, inner := range embedded {
		m.addFields(inner)
	}
}

func (m *members) addField(f reflect.StructField, name, options string) {
	if name == "" {
		name = f.Name
	}
	if _, hidden := m.types[name]; hidden {
		return
	}
	m.types[name] = f.Type
	if strings.Contains(options, "string") {
		m.types[name] = nil // a number inside a string
	}
	if f.Tag.Get("jcs") == "required" {
		m.required = append(m.required, name)
	}
}
