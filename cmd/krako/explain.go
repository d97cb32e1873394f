package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/krako-labs/krako/contracts"
	"github.com/spf13/cobra"
)

func (a *app) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use: "explain SESSION UNIT", Short: "Say where a unit could run, and why not elsewhere", Args: exactly("SESSION", "UNIT"),
		Long: `explain asks the coordinator what it would do with a unit of a running session
right now: it lists every connected worker, best first, with its score and what the
score is made of, or with what keeps the unit from going there. Of a model call it
says which pods have read what the call's session has said so far.`,
		Example: "  krako explain 01890a5d-ac96-774b-bcce-b302099a8057 assemble",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			v, err := c.Explain(cmd.Context(), contracts.SessionID(args[0]), contracts.UnitID(args[1]))
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(v)
			}
			return a.printPlacement(v)
		},
	}
}

func (a *app) printPlacement(v contracts.UnitPlacement) error {
	a.printf("%s is %s: %s", v.UnitID, v.State, v.Reason)
	if v.Node != "" {
		a.printf(", at %s", v.Node)
	}
	if v.QueuedMS > 0 || v.Ahead > 0 {
		a.printf(", since %d ms, with %d before it", v.QueuedMS, v.Ahead)
	}
	if v.Copy != "" {
		a.printf(", and a copy at %s", v.Copy)
	}
	a.printf("\n%d of %d workers could take it\n\n", v.Eligible, v.Total)
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NODE\tVERDICT\tSCORE\tHEADROOM\tLOAD\tRELIABILITY\tLOCALITY\tHOLDS\tFREE\tSESSION")
	for _, k := range v.Candidates {
		session := ""
		if k.Continues {
			session = "continues"
		}
		fmt.Fprintf(w, "%s\t%s\t%.3f\t%.2f\t%.2f\t%.2f\t%.2f\t%d\t%d\t%s\n",
			k.NodeID, k.Verdict, k.Score, k.Headroom, k.Load, k.Reliability, k.Locality, k.Held, k.Free, session)
	}
	return w.Flush()
}
