package sandboxbench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/krako-labs/krako/internal/sandbox/worker"
)

// Options say how long to measure.
type Options struct {
	// Short makes few rounds: enough to see that everything runs, not to compare.
	Short bool
	// Worker is an executable that comes to worker.Main.
	Worker worker.Command
}

// Run measures for a minute, or some seconds if it is to be short. It leaves
// nothing behind. Other work on the machine shows mostly in the deadlines.
func Run(ctx context.Context, o Options) (*Figures, error) {
	mods, err := loadModules()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "krako-sandboxbench-")
	if err != nil {
		return nil, fmt.Errorf("make bench directory: %w", err)
	}
	defer os.RemoveAll(dir)
	b := &bench{
		modules: mods, ours: filepath.Join(dir, "ours"), raw: filepath.Join(dir, "raw"), checked: filepath.Join(dir, "checked"),
		worker: o.Worker, rounds: 15, effort: 1, figures: Figures{Clock: clockName},
	}
	if o.Short {
		b.rounds, b.effort = 1, 0.05
	}
	b.figures.Rounds = b.rounds
	for _, step := range []func(context.Context) error{b.units, b.idle, b.overhead, b.deadlines} {
		if err := step(ctx); err != nil {
			return nil, err
		}
		runtime.GC()
	}
	return &b.figures, nil
}

type bench struct {
	*modules
	// Directories of native code: the sandbox's, the bare engine's, and the bare
	// engine's that checks deadlines.
	ours, raw, checked string
	worker             worker.Command
	rounds             int
	effort             float64 // how much of the usual is done in each round
	figures            Figures
}

// units measures single units, instances and loading.
func (b *bench) units(ctx context.Context) error {
	ours, err := openOurs(ctx, b.ours, b.modules)
	if err != nil {
		return err
	}
	defer ours.close()
	raw, err := openRaw(ctx, b.raw, b.modules)
	if err != nil {
		return err
	}
	defer raw.close()
	f := &b.figures
	us, ms := time.Microsecond, time.Millisecond
	err = takeTurns(ctx, b.rounds, b.effort, []measure{
		{&f.GoUnit, us, threadTime, 500, ours.goUnit},
		{&f.YieldingGoUnit, us, threadTime, 500, ours.goYielding},
		{&f.RawGoUnit, us, threadTime, 500, raw.goUnit},
		{&f.CUnit, us, threadTime, 5000, ours.cUnit},
		{&f.RawCUnit, us, threadTime, 5000, raw.cUnit},
		{&f.FreshGo, us, threadTime, 50, ours.freshGo},
		{&f.RawFreshGo, us, threadTime, 5, raw.freshGo},
		{&f.FreshC, us, threadTime, 500, ours.freshC},
		{&f.RawFreshC, us, threadTime, 100, raw.freshC},
		{&f.CachedLoadGo, ms, processTime, 1, ours.loadGo},
		{&f.RawCachedLoadGo, ms, processTime, 1, raw.loadGo},
	})
	f.GoRate, f.RawGoRate, f.CRate, f.RawCRate = rate(f.GoUnit), rate(f.RawGoUnit), rate(f.CUnit), rate(f.RawCUnit)
	return err
}

// rate is how many things of so many microseconds a core does in a second.
func rate(us float64) float64 {
	if us == 0 {
		return 0
	}
	return 1e6 / us
}
