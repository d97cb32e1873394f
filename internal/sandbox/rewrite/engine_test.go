package rewrite_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// engine is a wazero runtime with the host side of what rewriting adds.
type engine struct {
	t       testing.TB
	runtime wazero.Runtime
	ctx     context.Context
}

func newEngine(t testing.TB, config wazero.RuntimeConfig) *engine {
	e := &engine{t: t, ctx: t.Context()}
	e.runtime = wazero.NewRuntimeWithConfig(e.ctx, config.WithCoreFeatures(api.CoreFeaturesV2))
	t.Cleanup(func() { _ = e.runtime.Close(context.Background()) })
	wasi_snapshot_preview1.MustInstantiate(e.ctx, e.runtime)
	i32, i64 := []api.ValueType{api.ValueTypeI32}, []api.ValueType{api.ValueTypeI64}
	_, err := e.runtime.NewHostModuleBuilder(rewrite.HostModule).
		NewFunctionBuilder().WithGoFunction(api.GoFunc(hostTrap), i32, nil).Export(rewrite.TrapImport).
		NewFunctionBuilder().WithGoFunction(api.GoFunc(hostYield), i64, i64).Export(rewrite.YieldImport).
		NewFunctionBuilder().WithGoFunction(api.GoFunc(hostLog), i64, nil).Export("log").
		Instantiate(e.ctx)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// engines are the two that must agree.
func engines(t testing.TB) [2]*engine {
	return [2]*engine{newEngine(t, wazero.NewRuntimeConfigCompiler()), newEngine(t, wazero.NewRuntimeConfigInterpreter())}
}

// stopError is how a guest ends when the host stops it.
type stopError int32

func (e stopError) Error() string {
	if int32(e) == rewrite.TrapStackOverflow {
		return "out of stack"
	}
	if int32(e) == rewrite.TrapNoCode {
		return "no code"
	}
	return "out of fuel"
}

func hostTrap(_ context.Context, stack []uint64) { panic(stopError(int32(stack[0]))) }

// account is what the host knows of one call.
type account struct {
	budget, slice, granted int64
	log                    []uint64
	turns                  int // of the host
}

type accountKey struct{}

func hostYield(ctx context.Context, stack []uint64) {
	a := ctx.Value(accountKey{}).(*account)
	a.turns++
	used := a.granted - int64(stack[0])
	if used > a.budget {
		panic(stopError(rewrite.TrapOutOfFuel))
	}
	a.granted = min(a.budget, max(used, a.granted+a.slice))
	stack[0] = uint64(a.granted - used)
}

func hostLog(ctx context.Context, stack []uint64) {
	a := ctx.Value(accountKey{}).(*account)
	a.log = append(a.log, stack[0])
}

// logImport is the import that generated modules have.
var logImport = map[rewrite.Import]rewrite.FuncType{{Module: "krako", Name: "log"}: {Params: types(i64)}}

// outcome is all that is to be seen of a call.
type outcome struct {
	results string // or why there are none
	log     string
	memory  [32]byte
	globals string
	fuel    int64 // used
	depth   uint64
}

// instance is an instantiated module.
type instance struct {
	*engine
	api.Module
	compiled wazero.CompiledModule
}

// start instantiates a module, rewritten or not, with fuel without end.
func (e *engine) start(wasm []byte) *instance {
	e.t.Helper()
	compiled, err := e.runtime.CompileModule(e.ctx, wasm)
	if err != nil {
		e.t.Fatal(err)
	}
	m, err := e.runtime.InstantiateModule(e.ctx, compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		e.t.Fatal(err)
	}
	i := &instance{e, m, compiled}
	i.setFuel(math.MaxInt64)
	if init := m.ExportedFunction("_initialize"); init != nil {
		if _, err := init.Call(e.ctx); err != nil {
			e.t.Fatal(err)
		}
	}
	return i
}

func (i *instance) close() {
	_ = i.Close(i.ctx)
	_ = i.compiled.Close(i.ctx)
}

func (i *instance) setFuel(fuel int64) {
	if g, ok := i.ExportedGlobal(rewrite.FuelExport).(api.MutableGlobal); ok {
		g.Set(uint64(fuel))
	}
}

// call calls an export of a fresh instance with a budget, handed out in slices.
func (i *instance) call(name string, budget, slice int64, args ...uint64) outcome {
	i.t.Helper()
	a := &account{budget: budget, slice: slice, granted: min(budget, slice)}
	i.setFuel(a.granted)
	results, err := i.ExportedFunction(name).Call(context.WithValue(i.ctx, accountKey{}, a), args...)
	o := outcome{results: words(results), log: words(a.log), globals: i.globals()}
	if err != nil {
		o.results, _, _ = strings.Cut(err.Error(), "\n")
		if stop, ok := errors.AsType[stopError](err); ok {
			o.results = stop.Error()
		}
	}
	if g := i.ExportedGlobal(rewrite.FuelExport); g != nil {
		o.fuel = a.granted - int64(g.Get())
		o.depth = i.ExportedGlobal(rewrite.DepthExport).Get()
		if err == nil && o.fuel > budget { // since the last check
			o.results = "out of fuel"
		}
	}
	if len(i.compiled.ExportedMemories()) > 0 {
		b, _ := i.Memory().Read(0, i.Memory().Size())
		o.memory = sha256.Sum256(b)
	}
	return o
}

// globals reads the globals that generated modules export.
func (i *instance) globals() string {
	var values []uint64
	for _, name := range generatedGlobals {
		if g := i.ExportedGlobal(name); g != nil {
			values = append(values, g.Get())
		}
	}
	return words(values)
}

func words(values []uint64) string {
	var b strings.Builder
	for _, v := range values {
		b.WriteString(" ")
		b.WriteString(strconv.FormatUint(v, 16))
	}
	return b.String()
}

// allow is an import list of just what a module imports.
func allow(t testing.TB, wasm []byte) map[rewrite.Import]rewrite.FuncType {
	r := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
	defer func() { _ = r.Close(t.Context()) }()
	compiled, err := r.CompileModule(t.Context(), wasm)
	if err != nil {
		t.Fatal(err)
	}
	list := map[rewrite.Import]rewrite.FuncType{}
	for _, f := range compiled.ImportedFunctions() {
		module, name, _ := f.Import()
		list[rewrite.Import{Module: module, Name: name}] = rewrite.FuncType{
			Params: valTypes(f.ParamTypes()), Results: valTypes(f.ResultTypes()),
		}
	}
	return list
}

func valTypes(types []api.ValueType) []rewrite.ValType {
	var out []rewrite.ValType
	for _, t := range types {
		out = append(out, rewrite.ValType(t))
	}
	return out
}

// options are the profile's, with an import list.
func options(imports map[rewrite.Import]rewrite.FuncType) rewrite.Options {
	o := rewrite.DefaultOptions()
	o.Imports = imports
	return o
}

// rewritten rewrites a module that must be admitted.
func rewritten(t testing.TB, wasm []byte, opts rewrite.Options) []byte {
	t.Helper()
	out, _, err := rewrite.Rewrite(wasm, opts)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
