package main

import (
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/krako-labs/krako/internal/sandbox/sandboxbench"
	"github.com/krako-labs/krako/internal/sandbox/worker"
)

func (a *app) benchSandbox() *cobra.Command {
	var o sandboxbench.Options
	cmd := &cobra.Command{
		Use: "sandbox", Short: "Measure the sandbox beside the bare WebAssembly engine", Args: exactly(),
		Long: `sandbox runs the same modules under the sandbox and on the bare engine, in turns,
and prints the medians: units with everything put back after them, new instances,
loading, idle memory, what metering costs, and how late a deadline is kept. It
takes about a minute. Times are CPU time where the system tells a thread's, but
for the deadlines: measure those on a quiet machine.`,
		Example: "  krako bench sandbox --json\n  krako bench sandbox --short",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if o.Worker, err = worker.Self("krako"); err != nil {
				return err
			}
			f, err := sandboxbench.Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(f)
			}
			a.printSandbox(f)
			return nil
		},
	}
	cmd.Flags().BoolVar(&o.Short, "short", false, "few rounds: to see that it runs, not to compare")
	return cmd
}

func (a *app) printSandbox(f *sandboxbench.Figures) {
	a.printf(`%-28s %10s %10s
Go unit, JSON in and out     %10.1f %10.1f  us, %.0f per core and second
C unit                       %10.2f %10.2f  us, %.0f per core and second
fresh Go instance            %10.0f %10.0f  us
fresh C instance             %10.1f %10.1f  us
load a compiled Go module    %10.1f %10.1f  ms
idle Go instance             %10.0f %10.0f  KiB
deadline missed by, p90      %10.2f %10.2f  ms
`, "", "krako", "bare",
		f.GoUnit, f.RawGoUnit, f.GoRate, f.CUnit, f.RawCUnit, f.CRate, f.FreshGo, f.RawFreshGo, f.FreshC, f.RawFreshC,
		f.CachedLoadGo, f.RawCachedLoadGo, f.IdleGo, f.RawIdleGo, f.DeadlineP90, f.RawDeadlineP90)
	a.printf(`
Where guests give turns to the process they run in, as in Studio:
Go unit                      %10.1f             us
deadline missed by, p90      %10.2f             ms
`, f.YieldingGoUnit, f.YieldingP90)
	a.printf("\n%-28s %10s %10s %10s %10s\n", "kernel", "bare, ms", "fuel", "full", "with turns")
	for _, name := range slices.Sorted(maps.Keys(f.Kernels)) {
		k := f.Kernels[name]
		a.printf("%-28s %10.3f %10.2f %10.2f %10.2f\n", name, k.RawMS, k.Fuel, k.Full, k.Yielding)
	}
	a.printf("%-28s %10s %10.2f %10.2f %10.2f\n", "geometric mean", "", f.Fuel, f.Full, f.Yielding)
	a.printf("%-28s %10s %10.2f\n", "bare, with its own deadlines", "", f.RawDeadlineCost)
}
