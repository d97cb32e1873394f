package sandboxbench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox"
)

// deadline is how long endless guests are let run.
const deadline = 10 * time.Millisecond

// deadlines measures how late endless guests end, in wall time: that is what
// waits for them.
func (b *bench) deadlines(ctx context.Context) error {
	box, err := sandbox.New(ctx, sandbox.Config{})
	if err != nil {
		return err
	}
	defer box.Close(ctx)
	b.figures.Deadlines = map[string]float64{}
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
		b.figures.Deadlines[name] = percentile(late, 90)
		all = append(all, late...)
	}
	b.figures.DeadlineP90 = percentile(all, 90)
	return b.rawDeadline(ctx)
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
