package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/kora/layout"
)

func (a *app) inspectCommand() *cobra.Command {
	var o drawOptions
	cmd := &cobra.Command{
		Use: "inspect FILE", Short: "Show a graph or a saved run", Args: cli.Exactly("FILE"),
		Long: `inspect shows a graph, or a run that run --save wrote, with how every unit fared: as text,
or as a drawing in SVG, Mermaid or DOT. With --collapse, units that could run at the same
time are shown as one stage. --json prints the graph, and what came of it, as JSON.`,
		Example: "  kora inspect run.json\n  kora plan \"2 + 2\" | kora inspect - --format mermaid\n  kora inspect run.json --collapse --expand 2",
		RunE: func(_ *cobra.Command, args []string) error {
			doc, err := a.readDocument(args[0])
			if err != nil {
				return err
			}
			return a.draw(doc, o)
		},
	}
	cmd.Flags().StringVar(&o.format, "format", "text", "text, svg, mermaid or dot")
	cmd.Flags().StringVar(&o.direction, "direction", string(layout.LeftToRight), "where the layers go: lr or tb")
	cmd.Flags().BoolVar(&o.collapse, "collapse", false, "show each stage, units that wait for nothing of each other, as one box")
	cmd.Flags().IntSliceVar(&o.expand, "expand", nil, "with --collapse, numbers of stages whose units are shown")
	return cmd
}

// drawOptions say how a graph is shown.
type drawOptions struct {
	format, direction string
	collapse          bool
	expand            []int
}

func (a *app) draw(doc *saved, o drawOptions) error {
	dir := layout.Direction(o.direction)
	if !dir.Valid() {
		return cli.Usagef("--direction: %q is neither lr nor tb", o.direction)
	}
	if len(o.expand) > 0 && !o.collapse {
		return cli.Usagef("--expand: stages are only shown with --collapse")
	}
	if a.json {
		return a.printJSON(doc)
	}
	if o.format == "text" && !o.collapse {
		a.list(doc)
		return nil
	}
	var marks layout.Marks
	if doc.Result != nil {
		marks = layout.MarksOf(doc.Result)
	}
	v, err := layout.Of(doc.Graph, marks)
	if err != nil {
		return err
	}
	if o.collapse {
		var stages []layout.Stage
		if v, stages, err = v.Collapse(o.expand...); err != nil {
			return err
		}
		for _, n := range o.expand {
			if !slices.ContainsFunc(stages, func(s layout.Stage) bool { return s.Number == n }) {
				return cli.Usagef("--expand: there is no stage %d among %d", n, len(stages))
			}
		}
	}
	switch o.format {
	case "text":
		return layout.Text(a.stdout, v)
	case "mermaid":
		return layout.Mermaid(a.stdout, v, dir)
	case "dot":
		return layout.DOT(a.stdout, v, dir)
	case "svg":
		drawing, err := v.Draw(layout.Options{Direction: dir})
		if err != nil {
			return err
		}
		return layout.SVG(a.stdout, v, drawing)
	}
	return cli.Usagef("--format: %q is none of text, svg, mermaid, dot", o.format)
}

// list prints a line for each unit.
func (a *app) list(doc *saved) {
	for i := range doc.Graph.WorkUnits {
		u := &doc.Graph.WorkUnits[i]
		what := "model"
		if u.Program != nil {
			what = u.Program.Task
			if u.Program.Module != nil {
				what = u.Program.Module.String() + " " + u.Program.Entry
			}
		}
		a.printf("%-24s %-14s %s", u.ID, u.Type, what)
		if len(u.Dependencies) > 0 {
			a.printf("  after %s", strings.Join(names(u.Dependencies), ", "))
		}
		a.printf("\n")
		if doc.Result != nil && i < len(doc.Result.Telemetry.Tasks) {
			a.fared(&doc.Result.Telemetry.Tasks[i])
		}
	}
	if r := doc.Result; r != nil {
		a.printf("run: %s, %s, %d ms, %d model calls, %d tokens, fuel %d\n", r.Metadata.State, r.Metadata.StopReason,
			r.Telemetry.TotalLatencyMS, r.Telemetry.ModelInvocationCount, r.Telemetry.TotalTokens, r.Telemetry.FuelUsed)
	}
}

// fared prints what became of a unit.
func (a *app) fared(t *contracts.TaskTelemetry) {
	a.printf("  %s (%s) in %.3f ms, fuel %d", t.Status, t.StopReason, t.DurationMS, t.FuelUsed)
	if t.TokensIn+t.TokensOut > 0 {
		a.printf(", tokens %d in, %d out", t.TokensIn, t.TokensOut)
	}
	if t.Cached {
		a.printf(", known from before")
	}
	if t.RetryCount > 0 {
		a.printf(", %d retries", t.RetryCount)
	}
	if t.Error != nil {
		a.printf(", %s", t.Error)
	}
	a.printf("\n")
	if t.UnitCID != "" {
		a.printf("  unit   %s\n", t.UnitCID)
	}
	if t.ResultCID != "" {
		a.printf("  result %s\n", t.ResultCID)
	}
}

func names(ids []contracts.UnitID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}

func (a *app) graphCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "graph", Short: "Check, convert and name graphs", Args: cli.Exactly(),
		Example: "  kora graph validate graph.json\n  kora graph convert task.ir.json > graph.json\n  kora graph cid graph.json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	sub := func(use, short string, f func(*saved) error) {
		cmd.AddCommand(&cobra.Command{Use: use + " FILE", Short: short, Args: cli.Exactly("FILE"), Example: "  kora graph " + use + " graph.json",
			RunE: func(_ *cobra.Command, args []string) error {
				doc, err := a.readDocument(args[0])
				if err != nil {
					return err
				}
				return f(doc)
			}})
	}
	sub("validate", "Say whether a graph can run", func(d *saved) error {
		if a.json {
			return a.printJSON(map[string]any{"valid": true, "units": len(d.Graph.WorkUnits)})
		}
		a.printf("valid: %d units\n", len(d.Graph.WorkUnits))
		return nil
	})
	sub("convert", "Print a graph of KORA's Task IR 0.1 as a task graph", func(d *saved) error { return a.printJSON(d.Graph) })
	sub("cid", "Print a graph's address", func(d *saved) error {
		id, err := d.Graph.CID()
		if err != nil {
			return fmt.Errorf("address of the graph: %w", err)
		}
		if a.json {
			return a.printJSON(map[string]any{"cid": id.String()})
		}
		a.printf("%s\n", id)
		return nil
	})
	return cmd
}
