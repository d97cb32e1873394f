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

// fieldsOf returns the fields of the struct t by their names in JSON. The type
// of a field is nil if it is not to be looked into.
func (w *walker) fieldsOf(t reflect.Type) map[string]reflect.Type {
	if fields, ok := w.known[t]; ok {
		return fields
	}
	fields := map[string]reflect.Type{}
	addFields(fields, t)
	if w.known == nil {
		w.known = map[reflect.Type]map[string]reflect.Type{}
	}
	w.known[t] = fields
	return fields
}

// addFields adds the fields of t, then those of its embedded structs that they
// do not hide, as encoding/json does.
func addFields(fields map[string]reflect.Type, t reflect.Type) {
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
			addField(fields, f, name, options)
		}
	}
	for _, inner := range embedded {
		addFields(fields, inner)
	}
}

func addField(fields map[string]reflect.Type, f reflect.StructField, name, options string) {
	if name == "" {
		name = f.Name
	}
	if _, hidden := fields[name]; hidden {
		return
	}
	if strings.Contains(options, "string") {
		fields[name] = nil // a number inside a string
		return
	}
	fields[name] = f.Type
}
