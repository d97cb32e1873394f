package sdk

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unsafe"
)

// decoder reads a value into the variable at p, which is zero. It reports false
// where encoding/json is to read the input instead: decoders know what inputs
// consist of as a rule, and no errors.
//
// They are there for speed. Units are short, and what encoding/json does of them by
// reflection took more than half of a small task's time.
type decoder func(s *scanner, p unsafe.Pointer) bool

// decoderOf returns the decoder of a type, nil if encoding/json reads it.
func decoderOf(t reflect.Type) decoder { return decoders.of(t) }

// compiling guards decoders and encoders.
var compiling sync.Mutex

var decoders = compiler[decoder]{known: map[reflect.Type]decoder{}}

func init() { decoders.make = makeDecoder }

// readInto reads the one JSON value in b.
func (d decoder) readInto(b []byte, p unsafe.Pointer) bool {
	if d == nil {
		return false
	}
	s := scanner{b: b, text: string(b)}
	return d(&s, p) && s.peek() == 0 && s.at == len(s.text)
}

// compiler makes decoders or encoders and knows those it has made. Types that contain
// themselves have none.
type compiler[F any] struct {
	known map[reflect.Type]F
	make  func(reflect.Type) F
}

func (c *compiler[F]) of(t reflect.Type) F {
	f, ok := c.known[t]
	if !ok {
		c.known[t] = f // what it has if it contains itself
		f = c.make(t)
		c.known[t] = f
	}
	return f
}

// named reports whether a type can have methods.
func named(t reflect.Type) bool {
	return t.PkgPath() != "" || t.Kind() == reflect.Struct || t.Kind() == reflect.Pointer
}

var (
	stringType      = reflect.TypeFor[string]()
	rawType         = reflect.TypeFor[json.RawMessage]()
	anyType         = reflect.TypeFor[any]()
	unmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[interface{ UnmarshalText([]byte) error }]()
)

func makeDecoder(t reflect.Type) decoder {
	switch {
	case t == rawType:
		return decodeRaw
	case t == anyType:
		return func(s *scanner, p unsafe.Pointer) bool { return s.any((*any)(p)) }
	case named(t) && reflect.PointerTo(t).Implements(unmarshaler):
		return decodeByMethod(t)
	case named(t) && reflect.PointerTo(t).Implements(textUnmarshaler):
		return nil
	}
	switch t.Kind() {
	case reflect.String:
		return func(s *scanner, p unsafe.Pointer) (ok bool) {
			*(*string)(p), ok = s.str()
			return ok
		}
	case reflect.Bool:
		return func(s *scanner, p unsafe.Pointer) bool {
			if s.peek() == 't' {
				*(*bool)(p) = true
				return s.literal("true")
			}
			return s.literal("false")
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return decodeInteger(t)
	case reflect.Float64:
		return func(s *scanner, p unsafe.Pointer) (ok bool) {
			*(*float64)(p), ok = s.float()
			return ok
		}
	case reflect.Pointer:
		if d := decoderOf(t.Elem()); d != nil {
			return decodePointer(t, d)
		}
	case reflect.Slice:
		if d := decoderOf(t.Elem()); d != nil && t.Elem().Kind() != reflect.Uint8 {
			return decodeSlice(t, d)
		}
	case reflect.Map:
		if d := decoderOf(t.Elem()); d != nil && t.Key() == stringType {
			return decodeMap(t, d)
		}
	case reflect.Struct:
		return decodeStruct(t)
	}
	return nil
}

// decodeRaw leaves a value where it stands.
func decodeRaw(s *scanner, p unsafe.Pointer) bool {
	s.peek()
	start := s.at
	if !s.skip() {
		return false
	}
	*(*json.RawMessage)(p) = s.b[start:s.at:s.at]
	return true
}

func decodeByMethod(t reflect.Type) decoder {
	return func(s *scanner, p unsafe.Pointer) bool {
		if s.peek() == 'n' {
			return false // null, of which encoding/json has rules
		}
		start := s.at
		return s.skip() && reflect.NewAt(t, p).Interface().(json.Unmarshaler).UnmarshalJSON(s.b[start:s.at:s.at]) == nil
	}
}

// whole reads a whole number of up to 18 digits.
func (s *scanner) whole() (n int64, ok bool) {
	text, whole, ok := s.number()
	digits, negative := strings.CutPrefix(text, "-")
	if !ok || !whole || len(digits) > 18 || text == "-0" {
		return 0, false
	}
	for i := range len(digits) {
		n = 10*n + int64(digits[i]-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}

func decodeInteger(t reflect.Type) decoder {
	if t.Kind() == reflect.Int && t.Size() == 8 {
		return func(s *scanner, p unsafe.Pointer) (ok bool) {
			*(*int64)(p), ok = s.whole()
			return ok
		}
	}
	return func(s *scanner, p unsafe.Pointer) bool {
		n, ok := s.whole()
		v := reflect.NewAt(t, p).Elem()
		switch {
		case !ok:
			return false
		case v.CanInt() && !v.OverflowInt(n):
			v.SetInt(n)
			return true
		case v.CanUint() && n >= 0 && !v.OverflowUint(uint64(n)):
			v.SetUint(uint64(n))
			return true
		}
		return false
	}
}

func (s *scanner) float() (float64, bool) {
	text, _, ok := s.number()
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil && !math.IsInf(f, 0)
}

func decodePointer(t reflect.Type, d decoder) decoder {
	return func(s *scanner, p unsafe.Pointer) bool {
		if s.peek() == 'n' {
			return s.literal("null")
		}
		v := reflect.New(t.Elem()).UnsafePointer()
		*(*unsafe.Pointer)(p) = v
		return d(s, v)
	}
}

// slice is how a slice lies in memory.
type slice struct {
	data     unsafe.Pointer
	len, cap int
}

func decodeSlice(t reflect.Type, d decoder) decoder {
	size, most := t.Elem().Size(), 256
	if k := t.Elem().Kind(); k == reflect.Struct || k == reflect.Map || k == reflect.Slice && t.Elem() != rawType {
		most = 4
	}
	room := func(n int) slice { return slice{reflect.MakeSlice(t, n, n).UnsafePointer(), 0, n} }
	return func(s *scanner, p unsafe.Pointer) bool {
		v := (*slice)(p)
		*v = room(min(most, s.count()))
		return s.elements(func() bool {
			if v.len == v.cap {
				more := room(2*v.cap + 4)
				more.len = v.len
				reflect.Copy(reflect.NewAt(t, unsafe.Pointer(&more)).Elem(), reflect.NewAt(t, p).Elem())
				*v = more
			}
			v.len++
			return d(s, unsafe.Add(v.data, uintptr(v.len-1)*size))
		})
	}
}

// count guesses how many elements an array has, by the commas near its beginning.
func (s *scanner) count() int {
	if s.peek() != '[' || strings.HasPrefix(s.text[s.at:], "[]") {
		return 0
	}
	n := 1
	for _, c := range []byte(s.text[s.at:min(s.at+256, len(s.text))]) {
		if c == ',' {
			n++
		} else if c == ']' {
			break
		}
	}
	return n
}

func decodeMap(t reflect.Type, d decoder) decoder {
	switch t {
	case reflect.TypeFor[map[string]json.RawMessage]():
		return decodeMapOf[json.RawMessage](d)
	case reflect.TypeFor[map[string][]json.RawMessage]():
		return decodeMapOf[[]json.RawMessage](d)
	case reflect.TypeFor[map[string]string]():
		return decodeMapOf[string](d)
	}
	return func(s *scanner, p unsafe.Pointer) bool {
		v := reflect.NewAt(t, p).Elem()
		v.Set(reflect.MakeMap(t))
		return s.members(func(name string) bool {
			elem := reflect.New(t.Elem())
			if !d(s, elem.UnsafePointer()) {
				return false
			}
			v.SetMapIndex(reflect.ValueOf(name), elem.Elem())
			return true
		})
	}
}

func decodeMapOf[T any](d decoder) decoder {
	return func(s *scanner, p unsafe.Pointer) bool {
		m := map[string]T{}
		*(*map[string]T)(p) = m
		return s.members(func(name string) bool {
			var v T
			ok := d(s, unsafe.Pointer(&v))
			m[name] = v
			return ok
		})
	}
}

// any reads a value of any type into what encoding/json makes of it.
func (s *scanner) any(v *any) (ok bool) {
	switch s.peek() {
	case '{':
		m := map[string]any{}
		*v = m
		return s.members(func(name string) bool {
			var e any
			ok := s.any(&e)
			m[name] = e
			return ok
		})
	case '[':
		list := make([]any, 0, s.count())
		ok := s.elements(func() bool {
			var e any
			ok := s.any(&e)
			list = append(list, e)
			return ok
		})
		*v = list
		return ok
	case '"':
		*v, ok = s.str()
	case 't':
		*v, ok = true, s.literal("true")
	case 'f':
		*v, ok = false, s.literal("false")
	case 'n':
		*v, ok = nil, s.literal("null")
	default:
		*v, ok = s.float()
	}
	return ok
}

// member is a field of a struct, or of one embedded in it.
type member struct {
	name      string
	offset    uintptr
	typ       reflect.Type
	omitEmpty bool
}

// membersOf returns the fields that encoding/json knows of a struct, in its order.
// It reports false where its rules are more than names and embedding.
func membersOf(t reflect.Type, offset uintptr) (all []member, ok bool) {
	for f := range fieldsOf(t) {
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case tag == "-" || !f.Anonymous && !f.IsExported():
			continue
		case options != "" && options != "omitempty" || !plainName(name):
			return nil, false
		case f.Anonymous && name == "":
			if f.Type.Kind() != reflect.Struct {
				return nil, false
			}
			inner, ok := membersOf(f.Type, offset+f.Offset)
			if !ok {
				return nil, false
			}
			all = append(all, inner...)
			continue
		case !f.IsExported():
			return nil, false
		case name == "":
			name = f.Name
		}
		all = append(all, member{name, offset + f.Offset, f.Type, options == "omitempty"})
	}
	for i, m := range all {
		for _, other := range all[:i] {
			if m.name == other.name {
				return nil, false
			}
		}
	}
	return all, true
}

// fieldsOf yields the fields of a struct type.
func fieldsOf(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// plainName reports whether a name stands in JSON as it is.
func plainName(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// decodeStruct looks for names in the order that they have in canonical JSON. Names
// it does not know and those that come twice are encoding/json's, which also takes
// them in the wrong case.
func decodeStruct(t reflect.Type) decoder {
	fields, ok := membersOf(t, 0)
	if !ok || len(fields) > 64 {
		return nil
	}
	slices.SortFunc(fields, func(a, b member) int { return strings.Compare(a.name, b.name) })
	decoders := make([]decoder, len(fields))
	for i, f := range fields {
		if decoders[i] = decoderOf(f.typ); decoders[i] == nil {
			return nil
		}
	}
	return func(s *scanner, p unsafe.Pointer) bool {
		next, seen := 0, uint64(0)
		return s.members(func(name string) bool {
			for range fields {
				if next == len(fields) {
					next = 0
				}
				i := next
				next++
				if fields[i].name != name {
					continue
				}
				if seen&(1<<i) != 0 {
					return false
				}
				seen |= 1 << i
				return decoders[i](s, unsafe.Add(p, fields[i].offset))
			}
			return false
		})
	}
}
