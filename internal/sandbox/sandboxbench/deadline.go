package sandboxbench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/internal/sandbox/worker"
)

// deadline is how long endless guests are let run.
const deadline = 10 * time.Millisecond

// deadlines measures how late endless guests end, in wall time: that is what
// waits for them.
func (b *bench) deadlines(ctx context.Context) error {
	if err := b.processDeadlines(ctx); err != nil {
		return err
	}
	if err := b.yieldingDeadlines(ctx); err != nil {
		return err
	}
	return b.rawDeadline(ctx)
}

// processDeadlines has worker processes ended.
func (b *bench) processDeadlines(ctx context.Context) error {
	const mib = 1 << 20
	p, err := worker.NewProcesses(worker.Options{
		Slots: 1, CacheDir: b.ours, CacheBytes: 4096 * mib, ModuleBytes: 256 * mib, MaxModule: 8 * mib,
		MaxPages: contracts.DefaultMemoryPages, MaxInput: mib, KeepBlocks: mib,
		Command: b.worker, Grace: time.Minute, AdmitTime: time.Minute,
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer p.Close()
	b.figures.Deadlines = map[string]float64{}
	var all []float64
	for _, name := range endless {
		id := dagcbor.RawCID(b.endless[name])
		if err := p.Admit(ctx, id, b.endless[name]); err != nil {
			return err
		}
		call := &contracts.Invocation{
			V: 1, Profile: sandbox.Profile, Module: contracts.Link{Cid: id}, Input: contracts.Payload{Inline: []byte("null")},
			Fuel: 1 << 62, MemoryPages: contracts.DefaultMemoryPages,
		}
		t := worker.Task{Context: ctx, Unit: dagcbor.RawCID([]byte(name)), Call: call, Limit: deadline}
		var late []float64
		for range 4 * b.rounds {
			var end worker.End
			p.Run([]worker.Task{t}, nil, func(_ int, e worker.End) { end = e })
			if contracts.CodeOf(end.Err) != contracts.CodeTimeout {
				return fmt.Errorf("an endless guest ended: %w", cmp.Or(end.Err, ctx.Err()))
			}
			late = append(late, float64(end.Took-deadline)/float64(time.Millisecond))
		}
		b.figures.Deadlines[name] = percentile(late, 90)
		all = append(all, late...)
	}
	b.figures.DeadlineP90 = percentile(all, 90)
	return ctx.Err()
}

// yieldingDeadlines ends guests of this process when they give it its turn.
func (b *bench) yieldingDeadlines(ctx context.Context) error {
	box, err := sandbox.New(ctx, sandbox.Config{})
	if err != nil {
		return err
	}
	defer box.Close(ctx)
	var all []float64
	for _, name := range endless {
		m, err := box.Admit(ctx, b.endless[name])
		if err != nil {
			return err
		}
		j := sandbox.Job{Module: m, Unit: dagcbor.RawCID([]byte(name)), Fuel: 1 << 62}
		late, err := b.late(ctx, func(ctx context.Context) error {
			_, err := box.Run(ctx, j)
			if e, ok := errors.AsType[*contracts.Error](err); ok && e.Code == contracts.CodeTimeout {
				return nil
			}
			return fmt.Errorf("an endless guest ended: %w", err)
		})
		if err != nil {
			return err
		}
		all = append(all, late...)
	}
	b.figures.YieldingP90 = percentile(all, 90)
	return nil
}

// late runs something until its deadline, again and again, and tells by how many
// milliseconds it was missed.
func (b *bench) late(ctx context.Context, run func(context.Context) error) ([]float64, error) {
	var late []float64
	for range 4 * b.rounds {
		end := time.Now().Add(deadline)
		ctx, cancel := context.WithDeadline(ctx, end)
		err := run(ctx)
		over := time.Since(end)
		cancel()
		if err != nil {
			return nil, err
		}
		late = append(late, float64(over)/float64(time.Millisecond))
	}
	return late, ctx.Err()
}

// rawDeadline has the bare engine stop the loop.
func (b *bench) rawDeadline(ctx context.Context) error {
	rt, err := newRuntime(ctx, b.checked, wazero.NewRuntimeConfigCompiler().WithCloseOnContextDone(true))
	if err != nil {
		return err
	}
	defer rt.close()
	compiled, err := rt.CompileModule(ctx, b.endless["loop"])
	if err != nil {
		return fmt.Errorf("compile: %w", err)
	}
	late, err := b.late(ctx, func(ctx context.Context) error {
		config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
		m, err := rt.InstantiateModule(context.WithoutCancel(ctx), compiled, config)
		if err != nil {
			return fmt.Errorf("instantiate: %w", err)
		}
		if _, err := m.ExportedFunction("_start").Call(ctx); err == nil {
			return errors.New("an endless guest ended")
		}
		return m.Close(context.WithoutCancel(ctx))
	})
	b.figures.RawDeadlineP90 = percentile(late, 90)
	return err
}
