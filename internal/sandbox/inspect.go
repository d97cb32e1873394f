package sandbox

import "github.com/krako-labs/krako/internal/sandbox/rewrite"

// Inspection is what admission makes of a module before any of it is compiled
// or run.
type Inspection struct {
	ABI ABI
	// MemoryMin and MemoryMax bound the memory, in pages of 64 KiB; the maximum
	// is the profile's if the module names none or a larger one.
	MemoryMin, MemoryMax uint32
	// Rewriter names the rules of rewriting.
	Rewriter string
	// Rewritten is the module as the engine of a node gets it. Equal modules give
	// equal bytes under one Rewriter.
	Rewritten []byte
	// DataBytes is how much initial memory the host writes before anything runs.
	DataBytes int
	// NotPooled says why every unit needs an instance of its own. Empty means
	// that an instance can be put back into its starting state.
	NotPooled string
}

// Inspect rewrites a module and says what came of it. A module outside the
// profile gives the same VALIDATION_ERROR as Admit. Admit can still refuse what
// Inspect accepts: code that does not compile, or whose initialisation fails.
func Inspect(wasm []byte) (Inspection, error) {
	if err := checkHeader(wasm); err != nil {
		return Inspection{}, err
	}
	out, info, err := rewrite.Rewrite(wasm, rewriteOptions(true))
	if err != nil {
		return Inspection{}, err
	}
	abi, err := detectABI(info.Exports)
	if err != nil {
		return Inspection{}, err
	}
	i := Inspection{
		ABI: abi, MemoryMin: info.MemoryMin, MemoryMax: info.MemoryMax,
		Rewriter: info.Version, Rewritten: out, NotPooled: info.NotSnapshotable,
	}
	for _, d := range info.Data {
		i.DataBytes += len(d.Bytes)
	}
	return i, nil
}
