package rewrite

import (
	"encoding/binary"
	"fmt"
)

// parser reads the sections of a module and checks them against the profile.
type parser struct {
	wasm  []byte
	opts  *Options
	m     *module
	names names // best effort, for error messages only
}

// section describes a section: its id in the binary, its name in messages and
// how to read it. Sections come in the order of this table (Core 2.0, 5.5.2).
type section struct {
	id   byte
	name string
	read func(*parser, *reader)
}

const (
	sectionCustom    = 0
	sectionType      = 1
	sectionImport    = 2
	sectionFunction  = 3
	sectionTable     = 4
	sectionMemory    = 5
	sectionGlobal    = 6
	sectionExport    = 7
	sectionStart     = 8
	sectionElement   = 9
	sectionCode      = 10
	sectionData      = 11
	sectionDataCount = 12
)

var sections = []section{
	{sectionType, "type", (*parser).readTypes},
	{sectionImport, "import", (*parser).readImports},
	{sectionFunction, "function", (*parser).readFunctions},
	{sectionTable, "table", (*parser).readTables},
	{sectionMemory, "memory", (*parser).readMemory},
	{sectionGlobal, "global", (*parser).readGlobals},
	{sectionExport, "export", (*parser).readExports},
	{sectionStart, "start", (*parser).readStart},
	{sectionElement, "element", (*parser).readElements},
	{sectionDataCount, "data count", (*parser).readDataCount},
	{sectionCode, "code", (*parser).readCode},
	{sectionData, "data", (*parser).readData},
}

// parse reads the whole module but for the instructions in function bodies.
func (p *parser) parse() error {
	if err := p.header(); err != nil {
		return err
	}
	r := &reader{buf: p.wasm, pos: 8}
	next := 0 // first entry of sections that may still come
	for !r.done() {
		at := r.pos
		id := r.u8()
		body := r.sub(r.u32())
		if r.err != nil {
			return invalid("module", r.err)
		}
		if id == sectionCustom {
			continue
		}
		i := next
		for i < len(sections) && sections[i].id != id {
			i++
		}
		if i == len(sections) {
			return invalid("module", &fault{offset: at, msg: sectionFault(id)})
		}
		next = i + 1
		if err := p.readSection(sections[i], body); err != nil {
			return err
		}
	}
	return p.crossCheck()
}

func (p *parser) header() error {
	switch limit := p.opts.Limits.ModuleBytes; {
	case len(p.wasm) > limit:
		return invalid("module", &fault{msg: fmt.Sprintf("%d bytes, the limit is %d", len(p.wasm), limit)})
	case len(p.wasm) < 8 || string(p.wasm[:4]) != "\x00asm":
		return invalid("module", &fault{msg: "not a WebAssembly binary"})
	}
	switch version := binary.LittleEndian.Uint32(p.wasm[4:]); version {
	case 1:
		return nil
	case 0x1000d:
		return invalid("module", &fault{offset: 4, msg: "a component, not a core module"})
	default:
		return invalid("module", &fault{offset: 4, msg: fmt.Sprintf("binary version %d is not 1", version)})
	}
}

func (p *parser) readSection(s section, r reader) error {
	if r.err == nil {
		s.read(p, &r)
	}
	if r.err == nil && !r.done() {
		r.fail("%d bytes left over", len(r.buf)-r.pos)
	}
	if r.err != nil {
		return invalid("section "+s.name, r.err)
	}
	return nil
}

func sectionFault(id byte) string {
	for _, s := range sections {
		if s.id == id {
			return fmt.Sprintf("section %s is repeated or out of order", s.name)
		}
	}
	if id == 13 {
		return "section tag: exception handling is not in the profile"
	}
	return fmt.Sprintf("unknown section %d", id)
}

// crossCheck checks what takes more than one section.
func (p *parser) crossCheck() error {
	m := p.m
	if len(m.functions) != len(m.bodies) {
		return invalid("section code", &fault{msg: fmt.Sprintf("%d bodies for %d functions", len(m.bodies), len(m.functions))})
	}
	if m.dataCount != nil && int(*m.dataCount) != len(m.data) {
		return invalid("section data", &fault{msg: fmt.Sprintf("%d segments, the data count section says %d", len(m.data), *m.dataCount)})
	}
	return nil
}
