package sandbox

import (
	"slices"

	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// prepared is a module as the engine gets it, with what the host must know of
// it. It is what the artifact store keeps, for rewriting takes long.
type prepared struct {
	facts
	wasm   []byte
	husk   []byte    // or nothing; see husk.go
	data   []segment // the initial memory
	file   mappedFile
	stored bool // it was loaded
}

// release gives up the file that wasm, husk and data lie in, if they were loaded.
// Neither is valid afterwards: the engine and images have copies.
func (p *prepared) release() { p.file.release() }

// facts describe a prepared module.
type facts struct {
	ABI      ABI
	MinPages uint32
	// Init are the exports to call before the first unit, in order.
	Init []string
	// Globals are the exported mutable globals that, with memory, are all the
	// module's state.
	Globals []string
	// Stateful says that there is other state, which only a fresh instance
	// resets.
	Stateful   bool
	StackUnits uint32
}

// prepare rewrites a module for the engine.
func prepare(wasm []byte, uninterrupted bool) (*prepared, error) {
	if err := checkHeader(wasm); err != nil {
		return nil, err
	}
	out, info, err := rewrite.Rewrite(wasm, rewriteOptions(uninterrupted))
	if err != nil {
		return nil, err
	}
	abi, err := detectABI(info.Exports)
	if err != nil {
		return nil, err
	}
	p := &prepared{wasm: out, facts: facts{
		ABI: abi, MinPages: info.MemoryMin, Init: initExports(abi, info),
		Stateful: !info.Snapshotable, StackUnits: info.StackUnits,
	}}
	for _, g := range info.Globals {
		p.Globals = append(p.Globals, g.Export)
	}
	for _, d := range info.Data {
		p.data = append(p.data, segment{d.Offset, d.Bytes})
	}
	return p, nil
}

// checkHeader tells apart what is often mistaken for a module.
func checkHeader(wasm []byte) error {
	switch {
	case len(wasm) < 8 || string(wasm[:4]) != "\x00asm":
		return invalid("module", "not a WebAssembly binary")
	case string(wasm[4:8]) == "\x0d\x00\x01\x00":
		return invalid("module", "a component, not a core module")
	}
	return nil
}

// initExports are what initialisation calls: the start function, then what a
// reactor exports for it.
func initExports(abi ABI, info rewrite.Info) []string {
	var calls []string
	if info.Start != "" {
		calls = append(calls, info.Start)
	}
	initializes := slices.ContainsFunc(info.Exports, func(e rewrite.Export) bool { return e.Name == exportInitialize })
	if abi == ABIReactor && initializes {
		calls = append(calls, exportInitialize)
	}
	return calls
}
