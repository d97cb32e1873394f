package main

import (
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/krako-labs/krako/contracts"
	"github.com/spf13/cobra"
)

// nodesCommand lists nodes and pods, under the name it is given.
func (a *app) nodesCommand(name, example string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: "List nodes and pods: who answers for them, how they stand, what they do", Args: exactly(),
		Example: example,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			list, err := c.Nodes(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(list)
			}
			w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "NODE\tKIND\tSTATE\tCONNECTION\tOPERATOR\tZONE\tSLOTS\tLEASES\tUNITS DONE\tVERSION\tENGINE\tREASON")
			for _, n := range list.Nodes {
				zone := ""
				if n.Trusted {
					zone = "trusted"
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\t%s\n", n.NodeID, n.Kind, n.State, stateOf(&n), n.Operator, zone,
					n.Slots, n.Leases, n.UnitsDone, n.Version, n.Engine, n.Reason)
			}
			return w.Flush()
		},
	}
}

// stateOf says in a few words whether a node works.
func stateOf(n *contracts.NodeView) string {
	switch {
	case !n.Connected:
		return "gone"
	case n.Paused != "":
		return "paused: " + fewWords(n.Paused)
	}
	return "connected"
}

// fewWords is the beginning of a reason, so that a table stays one; --json has all of
// it.
func fewWords(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

func (a *app) verifyCommand() *cobra.Command {
	var (
		unit, save string
		once       bool
	)
	cmd := &cobra.Command{
		Use: "verify SESSION|FILE", Short: "Check the signatures of a session's results on this machine", Args: exactly("SESSION|FILE"),
		Long: `verify fetches what the nodes signed and checks it here: each batch's Ed25519
signature and Merkle root, and that every unit's result is in a batch of the node
it is credited to. With --unit it checks one unit's receipt and prints what it
proves; --save keeps the receipt. A kept receipt, or the proof that a node signed
two results under one lease, is checked without asking anybody. A signature says who
claims a result, not that it is right.

With --again the models of the session are asked the same once more, as new sessions
that cost what they cost, and answers are compared byte for byte. That says something
only within one determinism class of the replay profile; elsewhere it says so and
nothing else.`,
		Example: "  krako verify receipt.json\n  krako verify 01890a5d-ac96-774b-bcce-b302099a8057\n  krako verify 01890a5d-ac96-774b-bcce-b302099a8057 --unit assemble\n  krako verify 01890a5d-ac96-774b-bcce-b302099a8057 --again",
		RunE: func(cmd *cobra.Command, args []string) error {
			if kept, err := os.ReadFile(args[0]); err == nil {
				return a.verifyKept(args[0], kept)
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			id := contracts.SessionID(args[0])
			if once {
				return a.askAgain(cmd.Context(), c, id, contracts.UnitID(unit))
			}
			if unit != "" {
				r, err := c.Receipt(cmd.Context(), id, contracts.UnitID(unit))
				if err != nil {
					return err
				}
				v, err := r.Verify()
				if err != nil {
					return err
				}
				if save != "" {
					if err := keepReceipt(save, &r); err != nil {
						return err
					}
				}
				return a.printJSON(v)
			}
			done, err := checkSignatures(cmd.Context(), c, id)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(done)
			}
			if done.Results == 0 {
				a.printf("The session has no results: no node signed anything that could be checked.\n")
				return nil
			}
			a.printf("%d results in %d signed batches of %d nodes, every signature holds.\n", done.Results, done.Batches, len(done.Nodes))
			return nil
		},
	}
	cmd.Flags().StringVar(&unit, "unit", "", "check and print one unit's receipt")
	cmd.Flags().StringVar(&save, "save", "", "with --unit, the file to keep the receipt in")
	cmd.Flags().BoolVar(&once, "again", false, "ask models again and compare their answers, of all units or of --unit")
	return cmd
}
