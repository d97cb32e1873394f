package sandboxbench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// The builds of a kernel: as it is, with fuel only, with all of the profile, and with
// turns for the host besides.
const (
	asIs = iota
	fuelOnly
	inFull
	yielding
	builds
)

// overhead compares metered kernels with the same kernels as they are, all on
// the bare engine.
func (b *bench) overhead(ctx context.Context) error {
	rt, err := newRuntime(ctx, b.raw, wazero.NewRuntimeConfigCompiler())
	if err != nil {
		return err
	}
	defer rt.close()
	runs, err := b.prepareKernels(ctx, rt)
	if err != nil {
		return err
	}
	b.figures.Kernels = map[string]Overhead{}
	var fuels, fulls, yields []float64
	for i, k := range b.kernels {
		o, err := compare(ctx, runs[i], b.rounds)
		if err != nil {
			return fmt.Errorf("kernel %s: %w", k.name, err)
		}
		b.figures.Kernels[k.name] = o
		fuels, fulls, yields = append(fuels, o.Fuel), append(fulls, o.Full), append(yields, o.Yielding)
	}
	b.figures.Fuel, b.figures.Full, b.figures.Yielding = geomean(fuels), geomean(fulls), geomean(yields)
	return b.deadlineCost(ctx, runs)
}

// prepared is a kernel in all builds.
type prepared struct {
	kernel
	in [builds]api.Module
}

func (b *bench) prepareKernels(ctx context.Context, rt *engine) ([]prepared, error) {
	made := map[*byte][builds]api.Module{} // Go kernels share a module
	var all []prepared
	for _, k := range b.kernels {
		in, ok := made[&k.wasm[0]]
		if !ok {
			var err error
			if in, err = instances(ctx, rt, k.wasm); err != nil {
				return nil, fmt.Errorf("kernel %s: %w", k.name, err)
			}
			made[&k.wasm[0]] = in
		}
		all = append(all, prepared{k, in})
	}
	return all, nil
}

// instances makes one of each build of a module.
func instances(ctx context.Context, rt *engine, wasm []byte) (in [builds]api.Module, _ error) {
	compiled, err := rt.CompileModule(ctx, wasm)
	if err != nil {
		return in, fmt.Errorf("compile: %w", err)
	}
	opts := rewrite.DefaultOptions()
	opts.Imports = importsOf(compiled)
	for build := range in {
		if build != asIs {
			opts.FuelOnly, opts.Yield = build == fuelOnly, build == yielding
			metered, _, err := rewrite.Rewrite(wasm, opts)
			if err != nil {
				return in, err
			}
			if compiled, err = rt.CompileModule(ctx, metered); err != nil {
				return in, fmt.Errorf("compile: %w", err)
			}
		}
		if in[build], err = rt.instance(ctx, compiled); err != nil {
			return in, err
		}
	}
	return in, nil
}

// importsOf are the imports of a module that is to be rewritten.
func importsOf(c wazero.CompiledModule) map[rewrite.Import]rewrite.FuncType {
	types := func(from []api.ValueType) (to []rewrite.ValType) {
		for _, t := range from {
			to = append(to, rewrite.ValType(t))
		}
		return to
	}
	all := map[rewrite.Import]rewrite.FuncType{}
	for _, f := range c.ImportedFunctions() {
		module, name, _ := f.Import()
		all[rewrite.Import{Module: module, Name: name}] = rewrite.FuncType{Params: types(f.ParamTypes()), Results: types(f.ResultTypes())}
	}
	return all
}

// compare runs the builds in turns. A ratio is the median of those of each round.
func compare(ctx context.Context, p prepared, rounds int) (Overhead, error) {
	runtime.LockOSThread() // threadTime is this thread's
	defer runtime.UnlockOSThread()
	var results [builds]uint64
	var times [builds][]float64
	var fuel, full, yields []float64
	for round := range rounds + 1 {
		var took [builds]float64
		for build := range builds {
			if build == yielding {
				grant(p.in[build], slice)
			} else {
				grant(p.in[build], plenty)
			}
			start := threadTime()
			result, err := p.in[build].ExportedFunction(p.export).Call(ctx, p.size)
			if err != nil {
				return Overhead{}, err
			}
			took[build], results[build] = float64(threadTime()-start), result[0]
		}
		if round == 0 {
			continue // the first makes what is made lazily
		}
		times[asIs] = append(times[asIs], took[asIs]/1e6)
		fuel, full = append(fuel, took[fuelOnly]/took[asIs]), append(full, took[inFull]/took[asIs])
		yields = append(yields, took[yielding]/took[asIs])
	}
	for _, r := range results {
		if r != results[asIs] {
			return Overhead{}, fmt.Errorf("builds give %x", results)
		}
	}
	return Overhead{median(times[asIs]), median(fuel), median(full), median(yields)}, ctx.Err()
}

// deadlineCost runs the C kernels as they are with wazero's own check of the
// context.
func (b *bench) deadlineCost(ctx context.Context, runs []prepared) error {
	rt, err := newRuntime(ctx, b.checked, wazero.NewRuntimeConfigCompiler().WithCloseOnContextDone(true))
	if err != nil {
		return err
	}
	defer rt.close()
	var ratios []float64
	for _, p := range runs {
		if !strings.HasPrefix(p.name, "c/") {
			continue
		}
		compiled, err := rt.CompileModule(ctx, p.wasm)
		if err != nil {
			return fmt.Errorf("compile: %w", err)
		}
		m, err := rt.instance(ctx, compiled)
		if err != nil {
			return err
		}
		p.in[fuelOnly], p.in[inFull], p.in[yielding] = m, m, m
		o, err := compare(ctx, p, b.rounds)
		if err != nil {
			return errors.Join(fmt.Errorf("kernel %s", p.name), err)
		}
		ratios = append(ratios, o.Full)
	}
	b.figures.RawDeadlineCost = geomean(ratios)
	return nil
}
