package taskdir

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// Outline is the outer structure of a WebAssembly module, read without checking
// it, so that modules which are refused can be looked at too.
type Outline struct {
	Sections []Section `json:"sections"`
	Imports  []string  `json:"imports"` // module.name
	Exports  []Export  `json:"exports"`
	Memories []Memory  `json:"memories"`
	// Broken says where reading ended, if not at the end.
	Broken string `json:"broken,omitempty"`
}

// Section is a section and the length of its content.
type Section struct {
	Name  string `json:"name"`
	Bytes int    `json:"bytes"`
}

// Export is an exported entity.
type Export struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}

// Memory is a memory as declared, in pages. Max is nil if it is unbounded.
type Memory struct {
	Min uint64  `json:"min"`
	Max *uint64 `json:"max,omitempty"`
}

// maxListed bounds the sections, imports, exports and memories of an outline:
// more than a profile admits.
const maxListed = 100_000

// Names by their number in the binary format (Core 2.0, 5.5).
var (
	sectionNames = []string{
		"custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data", "data count",
	}
	kindNames = []string{"function", "table", "memory", "global", "tag"}
)

func nameOf(names []string, n byte) string {
	if int(n) < len(names) {
		return names[n]
	}
	return fmt.Sprintf("unknown (%d)", n)
}

// ReadOutline reads as much of a module as it understands.
func ReadOutline(wasm []byte) Outline {
	var o Outline
	rest, ok := bytes.CutPrefix(wasm, []byte("\x00asm\x01\x00\x00\x00"))
	if !ok {
		o.Broken = "not a WebAssembly core module"
		return o
	}
	r := &reader{b: rest}
	for len(r.b) > 0 && !r.bad && len(o.Sections) < maxListed {
		id := r.byte()
		body := &reader{b: r.take(r.uint())}
		if r.bad {
			break
		}
		s := Section{nameOf(sectionNames, id), len(body.b)}
		switch id {
		case 0:
			s.Name += " " + body.name()
		case 2:
			o.readImports(body)
		case 5:
			o.readMemories(body)
		case 7:
			o.readExports(body)
		}
		if body.bad {
			o.Broken = fmt.Sprintf("%s section", s.Name)
		}
		o.Sections = append(o.Sections, s)
	}
	if r.bad {
		o.Broken = fmt.Sprintf("after %d sections", len(o.Sections))
	}
	return o
}

func (o *Outline) readImports(r *reader) {
	for n := r.uint(); n > 0 && !r.bad && len(o.Imports) < maxListed; n-- {
		name := r.name() + "." + r.name()
		kind := r.byte()
		r.skipType(kind)
		if kind != 0 {
			name += " (" + nameOf(kindNames, kind) + ")"
		}
		if !r.bad {
			o.Imports = append(o.Imports, name)
		}
	}
}

func (o *Outline) readExports(r *reader) {
	for n := r.uint(); n > 0 && !r.bad && len(o.Exports) < maxListed; n-- {
		e := Export{Name: r.name(), Kind: nameOf(kindNames, r.byte())}
		r.uint()
		if !r.bad {
			o.Exports = append(o.Exports, e)
		}
	}
}

func (o *Outline) readMemories(r *reader) {
	for n := r.uint(); n > 0 && !r.bad && len(o.Memories) < maxListed; n-- {
		if m := r.limits(); !r.bad {
			o.Memories = append(o.Memories, m)
		}
	}
}

func (o *Outline) exports(name string) bool {
	return slices.ContainsFunc(o.Exports, func(e Export) bool { return e.Name == name })
}

// reader reads what a module is made of. Past the end, or on what it does not
// know, it is bad and returns zeros.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if r.bad || n <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) name() string { return strings.ToValidUTF8(string(r.take(r.uint())), "\uFFFD") }

// limits reads the limits of a memory or table; bit 0 of the flags tells whether
// there is a maximum.
func (r *reader) limits() Memory {
	flags := r.byte()
	m := Memory{Min: r.uint()}
	if flags&1 != 0 {
		most := r.uint()
		m.Max = &most
	}
	return m
}

// skipType skips the type of an import.
func (r *reader) skipType(kind byte) {
	switch kind {
	case 0: // type index
		r.uint()
	case 1: // element type, limits
		r.byte()
		r.limits()
	case 2:
		r.limits()
	case 3: // value type, mutability
		r.take(2)
	case 4: // attribute, type index
		r.byte()
		r.uint()
	default:
		r.bad = true
	}
}
