// Package value has JSON values as they are written: members keep their order
// and numbers their digits, where encoding/json's maps and doubles lose both.
// The package promises to refuse what has two readings: repeated members,
// invalid UTF-8, data after the value.
package value

import (
	"math/big"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/std/exact"
)

// Kind is the type of a JSON value.
type Kind uint8

// The kinds, in the order jq sorts them.
const (
	Null Kind = iota
	Bool
	Number
	String
	List
	Object
)

func (k Kind) String() string {
	return [...]string{"null", "boolean", "number", "string", "list", "object"}[k]
}

// Value is a JSON value. The zero Value is null.
type Value struct {
	Kind Kind
	// Bool is the value of a Bool.
	Bool bool
	// Text is the content of a String, or a Number as it is written.
	Text string
	// Items are the elements of a List.
	Items []Value
	// Members are those of an Object, in their order and with distinct names.
	Members []Member
}

// Member is a name and value of an object.
type Member struct {
	Name  string
	Value Value
}

// Of makes a String.
func Of(text string) Value { return Value{Kind: String, Text: text} }

// Get returns the member of that name.
func (v Value) Get(name string) (Value, bool) {
	for _, m := range v.Members {
		if m.Name == name {
			return m.Value, true
		}
	}
	return Value{}, false
}

// Set gives an object a member, in the place of one with that name or else last.
func (v *Value) Set(name string, x Value) {
	for i := range v.Members {
		if v.Members[i].Name == name {
			v.Members[i].Value = x
			return
		}
	}
	v.Members = append(v.Members, Member{name, x})
}

// Delete removes the member of that name, if there is one.
func (v *Value) Delete(name string) {
	for i := range v.Members {
		if v.Members[i].Name == name {
			v.Members = append(v.Members[:i:i], v.Members[i+1:]...)
			return
		}
	}
}

// Clone returns a value that shares nothing with v that can be changed.
func (v Value) Clone() Value {
	if v.Items != nil {
		items := make([]Value, len(v.Items))
		for i, x := range v.Items {
			items[i] = x.Clone()
		}
		v.Items = items
	}
	if v.Members != nil {
		members := make([]Member, len(v.Members))
		for i, m := range v.Members {
			members[i] = Member{m.Name, m.Value.Clone()}
		}
		v.Members = members
	}
	return v
}

// Equal reports whether two values mean the same: the order of members does not
// count, and numbers are compared by value, 1.0 and 1e0 being 1.
func Equal(a, b Value) bool {
	if a.Kind != b.Kind || len(a.Items) != len(b.Items) || len(a.Members) != len(b.Members) {
		return false
	}
	switch a.Kind {
	case Bool:
		return a.Bool == b.Bool
	case String:
		return a.Text == b.Text
	case Number:
		return a.Text == b.Text || a.Rat().Cmp(b.Rat()) == 0
	case List:
		for i := range a.Items {
			if !Equal(a.Items[i], b.Items[i]) {
				return false
			}
		}
	case Object:
		return equalMembers(a, b)
	}
	return true
}

// equalMembers looks in the same place first, which is where members are in
// documents of one origin.
func equalMembers(a, b Value) bool {
	var index map[string]Value
	for i, m := range a.Members {
		other := b.Members[i]
		if other.Name != m.Name {
			if index == nil {
				index = b.index()
			}
			x, ok := index[m.Name]
			if !ok {
				return false
			}
			other.Value = x
		}
		if !Equal(m.Value, other.Value) {
			return false
		}
	}
	return true
}

func (v Value) index() map[string]Value {
	index := make(map[string]Value, len(v.Members))
	for _, m := range v.Members {
		index[m.Name] = m.Value
	}
	return index
}

// Rat returns the value of a Number, which Parse has checked.
func (v Value) Rat() *big.Rat {
	r, err := exact.Parse(v.Text)
	if err != nil {
		return new(big.Rat)
	}
	return r
}

// Pointer adds a token to a JSON Pointer (RFC 6901).
func Pointer(at, token string) string { return at + "/" + escaper.Replace(token) }

// Replacers of JSON Pointers. They are made ready when the program starts: a guest
// begins every unit from there, and would make them ready each time.
var (
	escaper   = ready("~", "~0", "/", "~1")
	unescaper = ready("~1", "/", "~0", "~")
	escapes   = ready("~0", "", "~1", "")
)

func ready(oldnew ...string) *strings.Replacer {
	r := strings.NewReplacer(oldnew...)
	r.Replace("") // the first call builds its table
	return r
}

// Tokens reads a JSON Pointer.
func Tokens(pointer string) ([]string, bool) {
	if pointer == "" {
		return nil, true
	}
	if pointer[0] != '/' {
		return nil, false
	}
	tokens := strings.Split(pointer[1:], "/")
	for i, t := range tokens {
		if plain := escapes.Replace(t); strings.Contains(plain, "~") {
			return nil, false
		}
		tokens[i] = unescaper.Replace(t)
	}
	return tokens, true
}
