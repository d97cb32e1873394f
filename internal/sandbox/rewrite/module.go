package rewrite

// module is a parsed module. Byte slices alias the input. All index spaces are
// the guest's own: what rewriting adds gets indices beyond them, or, for
// imported functions, shifts them when written.
type module struct {
	types     []FuncType
	imports   []importedFunc
	functions []uint32 // types of defined functions
	tables    []table
	memory    *memory
	globals   []global
	exports   []export
	start     *uint32
	elements  []element
	dataCount *uint32
	bodies    []body
	data      []dataSegment
}

type importedFunc struct {
	name Import
	typ  uint32
}

type table struct {
	typ      ValType
	min, max uint32
}

type memory struct{ min, max uint32 }

type global struct {
	typ     ValType
	mutable bool
	init    constant
}

type export struct {
	name  string
	kind  Kind
	index uint32
}

// constant is the single instruction of a constant expression.
type constant struct {
	op  opcode
	imm uint64 // integer, function index, float bits or reference type
	vec []byte // of v128.const
}

type segmentMode byte

const (
	active segmentMode = iota
	passive
	declarative
)

type element struct {
	mode   segmentMode
	table  uint32
	offset uint32
	typ    ValType
	refs   []ref
}

// ref is a reference in an element segment: a function index, or nullRef.
type ref int64

const nullRef ref = -1

// body is the code of a function, with its locals still encoded.
type body struct{ start, end int } // offsets in the module

type dataSegment struct {
	mode   segmentMode
	offset uint32
	bytes  []byte
}

func (m *module) functionCount() int { return len(m.imports) + len(m.functions) }

// funcType returns the type index of a function that exists.
func (m *module) funcType(index uint32) uint32 {
	if int(index) < len(m.imports) {
		return m.imports[index].typ
	}
	return m.functions[int(index)-len(m.imports)]
}
