package sandbox

import (
	"context"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// hostCall is one function the host offers. It finds its parameters in p and
// leaves its result, if it has one, in p[0].
type hostCall struct {
	sig signature
	fn  func(x *execution, m memory, p []uint64)
}

const (
	moduleWASI  = "wasi_snapshot_preview1"
	moduleKrako = rewrite.HostModule
)

// guestImports is the whole list of what a guest may import, with its types.
func guestImports() map[rewrite.Import]rewrite.FuncType {
	all := map[rewrite.Import]rewrite.FuncType{}
	for name, c := range wasiCalls {
		all[rewrite.Import{Module: moduleWASI, Name: name}] = c.sig.funcType()
	}
	for name, c := range krakoCalls {
		all[rewrite.Import{Module: moduleKrako, Name: name}] = c.sig.funcType()
	}
	return all
}

func defineHostModules(ctx context.Context, rt wazero.Runtime) error {
	b := rt.NewHostModuleBuilder(moduleWASI)
	define(b, wasiCalls, hostCallFuel)
	if _, err := b.Instantiate(ctx); err != nil {
		return fmt.Errorf("define host module %s: %w", moduleWASI, err)
	}
	b = rt.NewHostModuleBuilder(moduleKrako)
	define(b, krakoCalls, hostCallFuel)
	define(b, meterCalls, 0)
	if _, err := b.Instantiate(ctx); err != nil {
		return fmt.Errorf("define host module %s: %w", moduleKrako, err)
	}
	return nil
}

func define(b wazero.HostModuleBuilder, calls map[string]hostCall, cost uint64) {
	for name, c := range calls {
		call := func(ctx context.Context, mod api.Module, stack []uint64) {
			x := executionOf(ctx)
			if cost > 0 {
				x.spend(cost)
			}
			c.fn(x, memory{mod.Memory()}, stack)
		}
		b.NewFunctionBuilder().
			WithGoModuleFunction(api.GoModuleFunc(call), c.sig.engineTypes(c.sig.params), c.sig.engineTypes(c.sig.results)).
			Export(name)
	}
}

// signature is a function type as the call tables write it: i for i32, I for
// i64.
type signature struct{ params, results string }

func (s signature) funcType() rewrite.FuncType {
	return rewrite.FuncType{Params: valTypes(s.params), Results: valTypes(s.results)}
}

func valTypes(s string) []rewrite.ValType {
	types := make([]rewrite.ValType, len(s))
	for i, c := range s {
		types[i] = rewrite.I32
		if c == 'I' {
			types[i] = rewrite.I64
		}
	}
	return types
}

func (signature) engineTypes(s string) []api.ValueType {
	types := make([]api.ValueType, len(s))
	for i, t := range valTypes(s) {
		types[i] = api.ValueType(t)
	}
	return types
}
