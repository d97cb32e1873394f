package rewrite

import (
	"fmt"
	"slices"
	"strings"
)

// ValType is a value type in its binary encoding (Core 2.0, section 5.3).
type ValType byte

// The value types of the profile.
const (
	I32       ValType = 0x7f
	I64       ValType = 0x7e
	F32       ValType = 0x7d
	F64       ValType = 0x7c
	V128      ValType = 0x7b
	FuncRef   ValType = 0x70
	ExternRef ValType = 0x6f
)

var valTypeNames = map[ValType]string{
	I32: "i32", I64: "i64", F32: "f32", F64: "f64",
	V128: "v128", FuncRef: "funcref", ExternRef: "externref",
}

// String returns the type's name in the text format.
func (t ValType) String() string {
	if name, ok := valTypeNames[t]; ok {
		return name
	}
	return fmt.Sprintf("type(%#x)", byte(t))
}

func (t ValType) valid() bool { return t >= V128 && t <= I32 || t.isRef() }

func (t ValType) isRef() bool { return t == FuncRef || t == ExternRef }

// slots is the number of 8-byte stack slots that hold a value of the type.
func (t ValType) slots() int {
	if t == V128 {
		return 2
	}
	return 1
}

// FuncType is the type of a function.
type FuncType struct{ Params, Results []ValType }

func (f FuncType) equal(g FuncType) bool {
	return slices.Equal(f.Params, g.Params) && slices.Equal(f.Results, g.Results)
}

// String returns the type as "(i32, i64) -> (i32)".
func (f FuncType) String() string {
	list := func(ts []ValType) string {
		names := make([]string, len(ts))
		for i, t := range ts {
			names[i] = t.String()
		}
		return "(" + strings.Join(names, ", ") + ")"
	}
	return list(f.Params) + " -> " + list(f.Results)
}

// Import names an imported function.
type Import struct{ Module, Name string }

// String returns the import as "module.name".
func (i Import) String() string { return i.Module + "." + i.Name }

// Kind is the kind of an exported entity in its binary encoding.
type Kind byte

// The kinds of exports.
const (
	KindFunc   Kind = 0
	KindTable  Kind = 1
	KindMemory Kind = 2
	KindGlobal Kind = 3
)

// Export is an entity that the guest itself exports.
type Export struct {
	Name string
	Kind Kind
	Type FuncType // of a function, else empty
}
