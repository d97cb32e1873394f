package sandbox

import (
	"encoding/binary"
	"fmt"

	"github.com/krako-labs/krako/contracts"
)

// outline is what admission must know of a module before it spends a compiler's
// time on it.
type outline struct {
	imports []symbol
	exports map[string]byte // name → kind
	memory  *limits
}

type symbol struct {
	module, name string
	kind         byte
}

type limits struct{ min, max uint32 }

// Kinds of imports and exports, and the section ids read here
// (WebAssembly Core 2.0, section 5.5).
const (
	kindFunc, kindTable, kindMemory, kindGlobal = 0, 1, 2, 3

	sectionImport, sectionMemory, sectionExport, sectionStart = 2, 5, 7, 8
)

// inspect reads the outline. It checks the header and the shape of the four
// sections it needs; everything else is the compiler's to validate.
func inspect(wasm []byte) (*outline, error) {
	if err := checkHeader(wasm); err != nil {
		return nil, err
	}
	o := &outline{exports: map[string]byte{}}
	r := &reader{b: wasm[8:]}
	for len(r.b) > 0 && r.err == nil {
		id := r.u8()
		body := &reader{b: r.bytes(r.u32())}
		if r.err != nil {
			break
		}
		if err := o.section(id, body); err != nil {
			return nil, err
		}
	}
	if r.err != nil {
		return nil, invalid("module", "%v", r.err)
	}
	return o, nil
}

func checkHeader(wasm []byte) error {
	switch {
	case len(wasm) < 8 || string(wasm[:4]) != "\x00asm":
		return invalid("module", "not a WebAssembly binary")
	case binary.LittleEndian.Uint32(wasm[4:]) == 0x0001000d:
		return invalid("module", "a component, not a core module")
	case binary.LittleEndian.Uint32(wasm[4:]) != 1:
		return invalid("module", "binary version %d is not 1", binary.LittleEndian.Uint32(wasm[4:]))
	}
	return nil
}

func (o *outline) section(id byte, r *reader) error {
	switch id {
	case sectionImport:
		o.readImports(r)
	case sectionMemory:
		o.readMemory(r)
	case sectionExport:
		o.readExports(r)
	case sectionStart:
		return invalid("start", "start functions are not part of the profile: export _initialize")
	}
	if r.err != nil {
		return invalid(fmt.Sprintf("section %d", id), "%v", r.err)
	}
	return nil
}

func (o *outline) readImports(r *reader) {
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		s := symbol{module: r.name(), name: r.name(), kind: r.u8()}
		switch s.kind {
		case kindFunc:
			r.u32()
		case kindTable:
			r.u8()
			r.limits()
		case kindMemory:
			r.limits()
		case kindGlobal:
			r.bytes(2)
		default:
			r.fail("import %s.%s has unknown kind %d", s.module, s.name, s.kind)
		}
		o.imports = append(o.imports, s)
	}
}

func (o *outline) readMemory(r *reader) {
	n := r.u32()
	if n > 1 {
		r.fail("%d memories, want 1", n)
	}
	if n == 1 {
		l := r.limits()
		o.memory = &l
	}
}

func (o *outline) readExports(r *reader) {
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		name, kind := r.name(), r.u8()
		r.u32()
		o.exports[name] = kind
	}
}

// invalid makes the error of a module that may not be admitted, naming what is
// at fault in it.
func invalid(offender, format string, args ...any) error {
	return contracts.Errorf(contracts.CodeValidation, offender, format, args...)
}
