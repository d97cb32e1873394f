package sdk

import (
	"encoding/json"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"unicode/utf8"
	"unsafe"
)

// encoder appends the JSON of the variable at p, as encoding/json writes it without
// escaping HTML. It reports false where that is to write it, or to say why it cannot.
type encoder func(b []byte, p unsafe.Pointer) ([]byte, bool)

// encoderOf returns the encoder of a type, nil if encoding/json writes it.
func encoderOf(t reflect.Type) encoder { return encoders.of(t) }

var encoders = compiler[encoder]{known: map[reflect.Type]encoder{}}

func init() { encoders.make = makeEncoder }

// outputBytes is the room that an output has from the beginning.
const outputBytes = 512

// write returns the JSON of the variable at p.
func (e encoder) write(p unsafe.Pointer) ([]byte, bool) {
	if e == nil {
		return nil, false
	}
	return e(make([]byte, 0, outputBytes), p)
}

var (
	marshaler     = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[interface{ MarshalText() ([]byte, error) }]()
)

func makeEncoder(t reflect.Type) encoder {
	switch {
	case t == rawType:
		return func(b []byte, p unsafe.Pointer) ([]byte, bool) { return appendRaw(b, *(*json.RawMessage)(p)) }
	case t == anyType:
		return func(b []byte, p unsafe.Pointer) ([]byte, bool) { return appendAny(b, *(*any)(p), 0) }
	case named(t) && (reflect.PointerTo(t).Implements(marshaler) || reflect.PointerTo(t).Implements(textMarshaler)):
		return nil
	}
	switch t.Kind() {
	case reflect.String:
		return func(b []byte, p unsafe.Pointer) ([]byte, bool) { return appendString(b, *(*string)(p)) }
	case reflect.Bool:
		return func(b []byte, p unsafe.Pointer) ([]byte, bool) { return strconv.AppendBool(b, *(*bool)(p)), true }
	case reflect.Int:
		return func(b []byte, p unsafe.Pointer) ([]byte, bool) {
			return strconv.AppendInt(b, int64(*(*int)(p)), 10), true
		}
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(b []byte, p unsafe.Pointer) ([]byte, bool) {
			return strconv.AppendInt(b, reflect.NewAt(t, p).Elem().Int(), 10), true
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return func(b []byte, p unsafe.Pointer) ([]byte, bool) {
			return strconv.AppendUint(b, reflect.NewAt(t, p).Elem().Uint(), 10), true
		}
	case reflect.Float64:
		return func(b []byte, p unsafe.Pointer) ([]byte, bool) { return appendFloat(b, *(*float64)(p)) }
	case reflect.Pointer:
		if e := encoderOf(t.Elem()); e != nil {
			return func(b []byte, p unsafe.Pointer) ([]byte, bool) {
				if p = *(*unsafe.Pointer)(p); p == nil {
					return append(b, "null"...), true
				}
				return e(b, p)
			}
		}
	case reflect.Slice:
		if e := encoderOf(t.Elem()); e != nil && t.Elem().Kind() != reflect.Uint8 {
			return encodeSlice(t, e)
		}
	case reflect.Map:
		if e := encoderOf(t.Elem()); e != nil && t.Key() == stringType {
			return encodeMap(t, e)
		}
	case reflect.Struct:
		return encodeStruct(t)
	}
	return nil
}

func encodeSlice(t reflect.Type, e encoder) encoder {
	size := t.Elem().Size()
	return func(b []byte, p unsafe.Pointer) (_ []byte, ok bool) {
		v := (*slice)(p)
		if v.data == nil {
			return append(b, "null"...), true
		}
		b = append(b, '[')
		for i := range v.len {
			if i > 0 {
				b = append(b, ',')
			}
			if b, ok = e(b, unsafe.Add(v.data, uintptr(i)*size)); !ok {
				return nil, false
			}
		}
		return append(b, ']'), true
	}
}

func encodeMap(t reflect.Type, e encoder) encoder {
	return func(b []byte, p unsafe.Pointer) (_ []byte, ok bool) {
		v := reflect.NewAt(t, p).Elem()
		if v.IsNil() {
			return append(b, "null"...), true
		}
		names := make([]string, 0, v.Len())
		for _, k := range v.MapKeys() {
			names = append(names, k.String())
		}
		slices.Sort(names)
		elem := reflect.New(t.Elem())
		b = append(b, '{')
		for i, name := range names {
			if i > 0 {
				b = append(b, ',')
			}
			if b, ok = appendString(b, name); !ok {
				return nil, false
			}
			elem.Elem().Set(v.MapIndex(reflect.ValueOf(name)))
			if b, ok = e(append(b, ':'), elem.UnsafePointer()); !ok {
				return nil, false
			}
		}
		return append(b, '}'), true
	}
}

func encodeStruct(t reflect.Type) encoder {
	fields, ok := membersOf(t, 0)
	if !ok {
		return nil
	}
	type part struct {
		member
		key    string
		encode encoder
	}
	parts := make([]part, len(fields))
	for i, f := range fields {
		e := encoderOf(f.typ)
		if e == nil || f.omitEmpty && !canBeEmpty(f.typ) {
			return nil
		}
		parts[i] = part{f, `"` + f.name + `":`, e}
	}
	return func(b []byte, p unsafe.Pointer) (_ []byte, ok bool) {
		b = append(b, '{')
		first := true
		for i := range parts {
			f := &parts[i]
			at := unsafe.Add(p, f.offset)
			if f.omitEmpty && empty(f.typ, at) {
				continue
			}
			if !first {
				b = append(b, ',')
			}
			first = false
			if b, ok = f.encode(append(b, f.key...), at); !ok {
				return nil, false
			}
		}
		return append(b, '}'), true
	}
}

// canBeEmpty reports whether empty knows a type.
func canBeEmpty(t reflect.Type) bool {
	k := t.Kind()
	return k >= reflect.Bool && k <= reflect.Float64 || k == reflect.String || k == reflect.Slice || k == reflect.Map ||
		k == reflect.Pointer || k == reflect.Interface || k == reflect.Struct
}

// empty reports whether omitempty leaves out the variable at p.
func empty(t reflect.Type, p unsafe.Pointer) bool {
	switch t.Kind() {
	case reflect.String:
		return *(*string)(p) == ""
	case reflect.Bool:
		return !*(*bool)(p)
	case reflect.Struct:
		return false
	case reflect.Int:
		return *(*int)(p) == 0
	case reflect.Slice:
		return (*slice)(p).len == 0
	case reflect.Pointer:
		return *(*unsafe.Pointer)(p) == nil
	case reflect.Map:
		return reflect.NewAt(t, p).Elem().Len() == 0
	case reflect.Float64:
		return *(*float64)(p) == 0
	}
	return reflect.NewAt(t, p).Elem().IsZero()
}

// appendString appends a string. What is not UTF-8 is encoding/json's.
func appendString(b []byte, s string) ([]byte, bool) {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				return nil, false
			}
			if r == '\u2028' || r == '\u2029' { // which end a line in JavaScript
				b = append(append(b, s[done:i]...), `\u202`...)
				b = append(b, hex[r&15])
				done = i + n
			}
			i += n
			continue
		}
		b = append(b, s[done:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, `\b`...)
		case '\f':
			b = append(b, `\f`...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		done = i
	}
	return append(append(b, s[done:]...), '"'), true
}

func appendFloat(b []byte, f float64) ([]byte, bool) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, false
	}
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		text, err := json.Marshal(f)
		return append(b, text...), err == nil
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64), true
}

// appendRaw appends JSON that has no white space to remove.
func appendRaw(b []byte, raw json.RawMessage) ([]byte, bool) {
	if raw == nil {
		return append(b, "null"...), true
	}
	s := scanner{b: raw, text: unsafe.String(unsafe.SliceData([]byte(raw)), len(raw))}
	if !s.skip() || s.spaced || s.at != len(raw) {
		return nil, false
	}
	return append(b, raw...), true
}

// appendAny appends a value of the types that encoding/json decodes into.
func appendAny(b []byte, v any, depth int) (_ []byte, ok bool) {
	if depth > maxDepth {
		return nil, false
	}
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), true
	case bool:
		return strconv.AppendBool(b, v), true
	case string:
		return appendString(b, v)
	case float64:
		return appendFloat(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10), true
	case []any:
		if v == nil {
			return append(b, "null"...), true
		}
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			if b, ok = appendAny(b, e, depth+1); !ok {
				return nil, false
			}
		}
		return append(b, ']'), true
	case map[string]any:
		if v == nil {
			return append(b, "null"...), true
		}
		b = append(b, '{')
		for i, name := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b = append(b, ',')
			}
			if b, ok = appendString(b, name); !ok {
				return nil, false
			}
			if b, ok = appendAny(append(b, ':'), v[name], depth+1); !ok {
				return nil, false
			}
		}
		return append(b, '}'), true
	}
	return nil, false
}
