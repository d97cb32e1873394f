package rewrite

import (
	"fmt"
	"math"
)

// Info describes a rewritten module to its host.
type Info struct {
	// Version is the package's Version.
	Version string
	// Imports are the functions that the guest imports, in its order.
	Imports []Import
	// Exports are the guest's own exports, in its order.
	Exports []Export
	// HasMemory tells whether the module has a memory.
	HasMemory bool
	// MemoryMin and MemoryMax are the memory's bounds in pages of 64 KiB, the
	// maximum as lowered to Limits.MemoryPages.
	MemoryMin, MemoryMax uint32
	// Start is StartExport, or empty if the module has no start function.
	Start string
	// FuelGlobal and DepthGlobal name the exported globals of fuel (i64) and
	// stack units (i32) left.
	FuelGlobal, DepthGlobal string
	// StackUnits is the value DepthGlobal has between calls.
	StackUnits uint32
	// Globals are the guest's mutable globals, which together with memory are
	// its whole state if it is Snapshotable.
	Globals []Global
	// Snapshotable tells whether memory and mutable globals are all the state
	// that calls can change; if not, NotSnapshotable says why.
	Snapshotable    bool
	NotSnapshotable string
	// Data are the merged active data segments, in order of offset and without
	// overlap. They alias the input.
	Data []Segment
}

// Global is an exported mutable global of the guest.
type Global struct {
	Export string
	Type   ValType
}

// Segment is a range of initial memory.
type Segment struct {
	Offset uint32
	Bytes  []byte
}

// describe fills in what is known once all sections are parsed.
func (w *rewriter) describe() Info {
	m := w.m
	info := Info{
		Version:     Version,
		FuelGlobal:  FuelExport,
		DepthGlobal: DepthExport,
		StackUnits:  min(w.opts.StackUnits, math.MaxInt32),
		Data:        w.data.merged,
	}
	for _, im := range m.imports {
		info.Imports = append(info.Imports, im.name)
	}
	for _, e := range m.exports {
		x := Export{Name: e.name, Kind: e.kind}
		if e.kind == KindFunc {
			x.Type = m.types[m.funcType(e.index)]
		}
		info.Exports = append(info.Exports, x)
	}
	for i, g := range m.globals {
		if g.mutable {
			info.Globals = append(info.Globals, Global{globalName(i), g.typ})
		}
	}
	if m.memory != nil {
		info.HasMemory, info.MemoryMin, info.MemoryMax = true, m.memory.min, m.memory.max
	}
	if m.start != nil {
		info.Start = StartExport
	}
	info.NotSnapshotable = w.hiddenState()
	info.Snapshotable = info.NotSnapshotable == ""
	return info
}

func globalName(index int) string { return fmt.Sprintf("%s%d", globalExport, index) }
