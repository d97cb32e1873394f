package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/spf13/cobra"
)

func (a *app) capacityCommand() *cobra.Command {
	return &cobra.Command{
		Use: "capacity", Short: "Show the queue of model calls, how many pods there are and should be, and what blocks take", Args: exactly(),
		Long: `capacity prints what waits for pods, how many of them there are and should be, and
how much is let in: OPEN takes every graph, THROTTLED none of priority p3, CRITICAL
only those of p0. A coordinator decides about pods with --scale-max and a way to act,
--scale-pod or --scale-exec.`,
		Example: "  krako capacity\n  krako capacity --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			v, err := c.Capacity(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(v)
			}
			return a.printCapacity(v)
		},
	}
}

func mib(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

func (a *app) printCapacity(v contracts.CapacityView) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "model calls\t%d waiting (95%% less than %s), %d running\n", v.Queued, time.Duration(v.WaitP95MS)*time.Millisecond, v.Running)
	fmt.Fprintf(w, "pods\t%d with %d slots\n", v.Pods, v.Slots)
	switch {
	case !v.Scaling:
		fmt.Fprintf(w, "wanted\tnot decided here\n")
	case v.Error != "":
		fmt.Fprintf(w, "wanted\t%d of %d to %d, and cannot be had: %s\n", v.Desired, v.Min, v.Max, v.Error)
	default:
		fmt.Fprintf(w, "wanted\t%d of %d to %d, %d started\n", v.Desired, v.Min, v.Max, v.Applied)
	}
	if v.ETAMS > 0 {
		fmt.Fprintf(w, "first pod\tin about %s\n", time.Duration(v.ETAMS)*time.Millisecond)
	}
	fmt.Fprintf(w, "units\t%d of %d\n", v.Units, v.MaxUnits)
	fmt.Fprintf(w, "blocks\t%s on the disk, %s in %d blocks let go\n", mib(v.Storage.BlockBytes), mib(int64(v.Storage.CollectedBytes)), v.Storage.CollectedBlocks)
	fmt.Fprintf(w, "admission\t%s, of model calls %s\n", v.Admission, v.ModelAdmission)
	return w.Flush()
}
