package sandbox

import (
	"context"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// hostCall is one function a guest may import. It finds its parameters in p
// and leaves its result, if it has one, in p[0].
type hostCall struct {
	sig signature
	fn  func(x *execution, m memory, p []uint64)
}

const (
	moduleWASI  = "wasi_snapshot_preview1"
	moduleKrako = "krako"
)

// hostCallByName is the whole list of what may be imported.
func hostCallByName(module, name string) (hostCall, bool) {
	switch module {
	case moduleWASI:
		c, ok := wasiCalls[name]
		return c, ok
	case moduleKrako:
		c, ok := krakoCalls[name]
		return c, ok
	}
	return hostCall{}, false
}

func defineHostModules(ctx context.Context, rt wazero.Runtime) error {
	for module, calls := range map[string]map[string]hostCall{moduleWASI: wasiCalls, moduleKrako: krakoCalls} {
		b := rt.NewHostModuleBuilder(module)
		for name, c := range calls {
			b.NewFunctionBuilder().
				WithGoModuleFunction(c.adapt(), valueTypes(c.sig.params), valueTypes(c.sig.results)).
				Export(name)
		}
		if _, err := b.Instantiate(ctx); err != nil {
			return fmt.Errorf("define host module %s: %w", module, err)
		}
	}
	return nil
}

func (c hostCall) adapt() api.GoModuleFunc {
	return func(ctx context.Context, mod api.Module, stack []uint64) {
		c.fn(executionOf(ctx), memory{mod.Memory()}, stack)
	}
}
