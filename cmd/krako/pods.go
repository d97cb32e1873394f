package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func (a *app) podsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "pods", Short: "List the LLM pods the coordinator knows and what they serve", Args: exactly(),
		Long: `pods lists the pods that serve language models to this cluster: each model with
its tier, its context in tokens and its determinism class. Two pods of one class
give the same answer to the same question, bit for bit, under the replay profile.`,
		Example: "  krako pods\n  krako pods --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			pods, err := c.Pods(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(pods)
			}
			w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "POD\tSTATE\tSLOTS\tLEASES\tANSWERS\tMODEL\tTIER\tCONTEXT\tCLASS")
			for _, n := range pods.Nodes {
				fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d", n.NodeID, stateOf(&n), n.Slots, n.Leases, n.UnitsDone)
				if len(n.Models) == 0 {
					fmt.Fprint(w, "\t-\t-\t-\t-\n")
				}
				for i, m := range n.Models {
					if i > 0 {
						fmt.Fprint(w, "\t\t\t\t")
					}
					fmt.Fprintf(w, "\t%s\t%s\t%d\t%s\n", m.Name, m.Tier, m.ContextWindow, m.Class)
				}
			}
			return w.Flush()
		},
	}
}
