package sandboxbench

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// engine is wazero with its code cache.
type engine struct {
	wazero.Runtime
	cache wazero.CompilationCache
}

func (e *engine) close() error {
	ctx := context.Background()
	return errors.Join(e.Close(ctx), e.cache.Close(ctx))
}

// instance makes an instance as wazero does by itself, and initialises it.
func (e *engine) instance(ctx context.Context, c wazero.CompiledModule) (api.Module, error) {
	m, err := e.InstantiateModule(ctx, c, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return nil, fmt.Errorf("instantiate: %w", err)
	}
	grant(m, plenty)
	if init := m.ExportedFunction("_initialize"); init != nil {
		if _, err := init.Call(ctx); err != nil {
			return nil, fmt.Errorf("initialise: %w", err)
		}
	}
	return m, nil
}

// grant gives an instance fuel, if it counts it.
func grant(m api.Module, n uint64) {
	if fuel, ok := m.ExportedGlobal(rewrite.FuelExport).(api.MutableGlobal); ok {
		fuel.Set(n)
	}
}

// raw is the bare engine with one instance of each module.
type raw struct {
	*engine
	dir        string
	wasm       []byte
	goes, c    wazero.CompiledModule
	unit       []byte
	goFns, cFn reactor
}

// reactor are the exports of a reactor, and room for their parameters.
type reactor struct {
	memory     api.Memory
	alloc, run api.Function
	stack      [2]uint64
}

// newRuntime is a runtime with wazero's WASI and the imports that rewriting adds.
// It keeps native code in dir.
func newRuntime(ctx context.Context, dir string, rc wazero.RuntimeConfig) (*engine, error) {
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open code cache: %w", err)
	}
	rc = rc.WithCompilationCache(cache).WithCoreFeatures(api.CoreFeaturesV2).WithDebugInfoEnabled(false)
	rt := &engine{wazero.NewRuntimeWithConfig(ctx, rc), cache}
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, rt.Runtime); err != nil {
		return nil, fmt.Errorf("define WASI: %w", err)
	}
	i32, i64 := []api.ValueType{api.ValueTypeI32}, []api.ValueType{api.ValueTypeI64}
	_, err = rt.NewHostModuleBuilder(rewrite.HostModule).
		NewFunctionBuilder().WithGoFunction(api.GoFunc(func(context.Context, []uint64) {
		panic(errors.New("a kernel met a limit of its profile"))
	}), i32, nil).Export(rewrite.TrapImport).
		NewFunctionBuilder().WithGoFunction(api.GoFunc(func(_ context.Context, stack []uint64) {
		stack[0] = slice
	}), i64, i64).Export(rewrite.YieldImport).
		Instantiate(ctx)
	if err != nil {
		return nil, fmt.Errorf("define host module: %w", err)
	}
	return rt, nil
}

const (
	// slice is the fuel that kernels which give turns get at a time, as in the sandbox.
	slice = 2_000_000
	// plenty is more than any kernel takes.
	plenty = 1 << 60
)

func openRaw(ctx context.Context, dir string, mods *modules) (*raw, error) {
	r := &raw{dir: dir, wasm: mods.goUnit, unit: []byte(`{"entry":"` + entry + `","input":` + input + `}`)}
	var err error
	if r.engine, err = newRuntime(ctx, dir, wazero.NewRuntimeConfigCompiler()); err != nil {
		return nil, err
	}
	for _, m := range []struct {
		wasm     []byte
		compiled *wazero.CompiledModule
		fns      *reactor
	}{{mods.goUnit, &r.goes, &r.goFns}, {mods.cUnit, &r.c, &r.cFn}} {
		if *m.compiled, err = r.CompileModule(ctx, m.wasm); err != nil {
			return nil, fmt.Errorf("compile: %w", err)
		}
		in, err := r.instance(ctx, *m.compiled)
		if err != nil {
			return nil, err
		}
		*m.fns = reactorOf(in)
	}
	return r, nil
}

func reactorOf(m api.Module) reactor {
	return reactor{memory: m.Memory(), alloc: m.ExportedFunction("krako_alloc"), run: m.ExportedFunction("krako_run")}
}

func (r *raw) goUnit(ctx context.Context) error { return r.goFns.once(ctx, r.unit) }
func (r *raw) cUnit(ctx context.Context) error  { return r.cFn.once(ctx, r.unit) }

// once runs a unit on an instance that nobody resets.
func (r *reactor) once(ctx context.Context, in []byte) error {
	r.stack[0] = uint64(len(in))
	if err := r.alloc.CallWithStack(ctx, r.stack[:]); err != nil {
		return fmt.Errorf("call krako_alloc: %w", err)
	}
	if !r.memory.Write(uint32(r.stack[0]), in) {
		return errors.New("no room for the input")
	}
	r.stack[1] = uint64(len(in))
	if err := r.run.CallWithStack(ctx, r.stack[:]); err != nil {
		return fmt.Errorf("call krako_run: %w", err)
	}
	out, ok := r.memory.Read(uint32(r.stack[0]>>32), uint32(r.stack[0]))
	if !ok || len(out) == 0 {
		return errors.New("no output")
	}
	return nil
}

func (r *raw) freshGo(ctx context.Context) error { return r.fresh(ctx, r.goes) }
func (r *raw) freshC(ctx context.Context) error  { return r.fresh(ctx, r.c) }

func (r *raw) fresh(ctx context.Context, c wazero.CompiledModule) error {
	m, err := r.instance(ctx, c)
	if err != nil {
		return err
	}
	return m.Close(ctx)
}

// loadGo opens a runtime and loads the Go module's native code from disk.
func (r *raw) loadGo(ctx context.Context) error {
	rt, err := newRuntime(ctx, r.dir, wazero.NewRuntimeConfigCompiler())
	if err != nil {
		return err
	}
	if _, err := rt.CompileModule(ctx, r.wasm); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	return rt.close()
}
