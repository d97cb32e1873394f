package sandbox

import (
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// Exports that the two ABIs ask for.
const (
	exportMemory     = "memory"
	exportStart      = "_start"
	exportInitialize = "_initialize"
	exportAlloc      = "krako_alloc"
	exportRun        = "krako_run"
)

// check tells a module's ABI from its exports and refuses what the profile
// does not allow, naming it.
func (o *outline) check(maxPages uint32) (ABI, error) {
	for _, i := range o.imports {
		name := i.module + "." + i.name
		if i.kind != kindFunc {
			return 0, invalid(name, "only functions may be imported")
		}
		if _, ok := hostCallByName(i.module, i.name); !ok {
			return 0, invalid(name, "import is not part of the profile")
		}
	}
	if o.memory == nil || !o.exportsKind(exportMemory, kindMemory) {
		return 0, invalid(exportMemory, "the module must define and export its memory")
	}
	if o.memory.min > maxPages {
		return 0, invalid(exportMemory, "starts with %d pages, the limit is %d", o.memory.min, maxPages)
	}
	return o.abi()
}

func (o *outline) exportsKind(name string, kind byte) bool {
	k, ok := o.exports[name]
	return ok && k == kind
}

func (o *outline) abi() (ABI, error) {
	alloc, run := o.exportsKind(exportAlloc, kindFunc), o.exportsKind(exportRun, kindFunc)
	switch {
	case alloc && run:
		return ABIReactor, nil
	case alloc:
		return 0, invalid(exportRun, "a reactor must export it")
	case run:
		return 0, invalid(exportAlloc, "a reactor must export it")
	case o.exportsKind(exportStart, kindFunc):
		return ABICommand, nil
	}
	return 0, invalid(exportStart, "the module exports neither _start nor krako_run")
}

// signature is a function type in the notation of the host call tables: i for
// i32, I for i64.
type signature struct{ params, results string }

// abiExports are the types that the exports of an ABI must have where the
// module has them.
func abiExports(abi ABI) []typedExport {
	if abi == ABICommand {
		return []typedExport{{exportStart, signature{}}}
	}
	return []typedExport{
		{exportInitialize, signature{}},
		{exportAlloc, signature{"i", "i"}},
		{exportRun, signature{"ii", "I"}},
	}
}

type typedExport struct {
	name string
	sig  signature
}

// checkSignatures compares the types of imports and exports with those the
// profile gives them. It runs after compilation because only then are type
// indices resolved.
func checkSignatures(c wazero.CompiledModule, abi ABI) error {
	for _, def := range c.ImportedFunctions() {
		module, name, _ := def.Import()
		call, ok := hostCallByName(module, name)
		if !ok || !call.sig.matches(def) {
			return invalid(module+"."+name, "imported with another type than the profile's")
		}
	}
	exports := c.ExportedFunctions()
	for _, want := range abiExports(abi) {
		if def, ok := exports[want.name]; ok && !want.sig.matches(def) {
			return invalid(want.name, "exported with another type than the profile's")
		}
	}
	return nil
}

func (s signature) matches(def api.FunctionDefinition) bool {
	return slices.Equal(def.ParamTypes(), valueTypes(s.params)) &&
		slices.Equal(def.ResultTypes(), valueTypes(s.results))
}

func valueTypes(s string) []api.ValueType {
	types := make([]api.ValueType, len(s))
	for i, c := range s {
		types[i] = api.ValueTypeI32
		if c == 'I' {
			types[i] = api.ValueTypeI64
		}
	}
	return types
}
