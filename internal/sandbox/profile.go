package sandbox

import (
	"slices"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// ABI is how a module is called.
type ABI uint8

const (
	// ABICommand is a WASI command: _start reads stdin and writes stdout.
	ABICommand ABI = iota
	// ABIReactor is a library whose krako_run takes and returns memory ranges.
	ABIReactor
)

func (a ABI) String() string {
	if a == ABIReactor {
		return "reactor"
	}
	return "command"
}

// Exports that the two ABIs ask for.
const (
	exportMemory     = "memory"
	exportStart      = "_start"
	exportInitialize = "_initialize"
	exportAlloc      = "krako_alloc"
	exportRun        = "krako_run"
)

// abiExports are the functions of an ABI and their types.
var abiExports = map[string]signature{
	exportStart:      {},
	exportInitialize: {},
	exportAlloc:      {"i", "i"},
	exportRun:        {"ii", "I"},
}

// maxModulePages is the most memory that any job can give a guest: 64 KiB less
// than 2 GiB, so that a pointer has a bit to spare.
const maxModulePages = 1<<15 - 1

// maxElements bounds each table, and the elements of all segments together:
// tables are not in the guest's memory limit and take 8 bytes an element, those
// of segments up to 56, in every instance. A module has at most 50,000 functions.
const maxElements = 1 << 16

// rewriteOptions are part of the profile, but for yielding, which shows in no
// outcome.
func rewriteOptions(uninterrupted bool) rewrite.Options {
	o := rewrite.DefaultOptions()
	o.Imports = guestImports()
	o.Yield = !uninterrupted // the host gets its turn between slices of fuel
	o.OmitData = true        // memory starts from an image
	o.Limits.MemoryPages = maxModulePages
	o.Limits.TableElements, o.Limits.Elements = maxElements, maxElements
	return o
}

// detectABI tells a module's ABI from its exports and refuses what neither ABI
// allows, naming it.
func detectABI(exports []rewrite.Export) (ABI, error) {
	have := map[string]rewrite.Export{}
	for _, e := range exports {
		have[e.Name] = e
		sig, ok := abiExports[e.Name]
		if ok && (e.Kind != rewrite.KindFunc || !sig.sameAs(e.Type)) {
			return 0, invalid(e.Name, "must be a function of type %v", sig.funcType())
		}
	}
	if m, ok := have[exportMemory]; !ok || m.Kind != rewrite.KindMemory {
		return 0, invalid(exportMemory, "the module must define and export its memory")
	}
	has := func(name string) bool { _, ok := have[name]; return ok }
	switch {
	case has(exportAlloc) && has(exportRun):
		return ABIReactor, nil
	case has(exportAlloc):
		return 0, invalid(exportRun, "a reactor must export it")
	case has(exportRun):
		return 0, invalid(exportAlloc, "a reactor must export it")
	case has(exportStart):
		return ABICommand, nil
	}
	return 0, invalid(exportStart, "the module exports neither _start nor krako_run")
}

func (s signature) sameAs(t rewrite.FuncType) bool {
	want := s.funcType()
	return slices.Equal(want.Params, t.Params) && slices.Equal(want.Results, t.Results)
}

// invalid makes the error of a module or job that cannot be, naming what is at
// fault in it.
func invalid(offender, format string, args ...any) error {
	return contracts.Errorf(contracts.CodeValidation, offender, format, args...)
}
