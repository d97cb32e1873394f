package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/internal/taskdir"
	"github.com/spf13/cobra"
)

// testedModule is what test prints.
type testedModule struct {
	Name     string         `json:"name"`
	CID      contracts.Link `json:"cid"`
	Bytes    int            `json:"bytes"`
	ABI      string         `json:"abi"`
	Failed   int            `json:"failed"`
	Examples []taskdir.Run  `json:"examples"`
}

func (a *app) taskTest() *cobra.Command {
	return &cobra.Command{
		Use: "test [DIR]", Short: "Run a task directory's examples in the sandbox", Args: atMost("DIR"),
		Long: `test builds the module and runs every example of task.json here, in the sandbox that
nodes use. It checks input and output against their schemas and the outcome against
what the example asks for, and reports fuel and memory, which are the same on every
machine, and the time, which is not. Each example runs twice and must end alike.`,
		Example: "  krako task test\n  krako task test wordcount --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := taskdir.Open(here(args))
			if err != nil {
				return err
			}
			wasm, err := d.Current(cmd.Context())
			if err != nil {
				return err
			}
			return withSandbox(cmd.Context(), func(s *sandbox.Sandbox) error { return a.testTasks(cmd.Context(), s, d, wasm) })
		},
	}
}

func (a *app) testTasks(ctx context.Context, s *sandbox.Sandbox, d *taskdir.Dir, wasm []byte) error {
	m, err := s.Admit(ctx, wasm)
	if err != nil {
		return err
	}
	runs, err := d.RunExamples(ctx, s, m)
	if err != nil {
		return err
	}
	t := testedModule{Name: d.Name, CID: contracts.Link{Cid: m.CID()}, Bytes: len(wasm), ABI: m.ABI().String(), Examples: runs}
	for i := range runs {
		if !runs[i].OK() {
			t.Failed++
		}
	}
	if err := a.printTests(t); err != nil {
		return err
	}
	if t.Failed > 0 {
		return fmt.Errorf("%d of %d examples failed", t.Failed, len(runs))
	}
	return nil
}

func (a *app) printTests(t testedModule) error {
	if a.json {
		return a.printJSON(t)
	}
	a.printf("%s  %s  %d bytes, %s\n\n", t.Name, t.CID, t.Bytes, t.ABI)
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ENTRY\tEXAMPLE\tRESULT\tOUTCOME\tFUEL\tPAGES\tOUTPUT\tTIME")
	for _, r := range t.Examples {
		result, outcome := "ok", "success"
		if !r.OK() {
			result = "FAIL"
		}
		if r.Code != "" {
			outcome = string(r.Code)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%d B\t%s\n",
			r.Entry, r.Example, result, outcome, r.FuelUsed, r.MemoryPages, r.OutputBytes, r.Took.Round(time.Microsecond))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, r := range t.Examples {
		if !r.OK() {
			a.printf("\n%s, %s: %s\n%s", r.Entry, r.Example, r.Problem, indent(r.Log))
		}
	}
	return nil
}

// indent sets a guest's log apart from what this program says.
func indent(log string) string {
	var b strings.Builder
	for line := range strings.Lines(log) {
		b.WriteString("    | " + strings.TrimRight(line, "\n") + "\n")
	}
	return b.String()
}
