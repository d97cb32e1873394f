package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/spf13/cobra"
)

func (a *app) nodeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "node", Short: "Let nodes and pods in, list them and who runs them", Args: exactly(),
		Long: `node is for whoever runs the fabric. A token lets nodes and pods in under an
operator, who answers for them and earns what they earn: a unit is never checked by
two nodes of one operator, and what one of them does counts against all.

  krako node token new --operator chemistry --uses 20
  krako-node --token-file token --coordinator ...

krako trust decides about a node that is known: approve, suspend, readmit, remove.`,
		Example: "  krako node token new --operator chemistry\n  krako nodes\n  krako node operators",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.nodeTokenCommand(), a.nodesCommand("list", "  krako node list    # as krako nodes"), a.operatorsCommand())
	return cmd
}

func (a *app) nodeTokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "token", Short: "Make, list and revoke tokens for nodes", Args: exactly(),
		Example: "  krako node token new --operator chemistry --uses 20 --expires 7d\n  krako node token list\n  krako node token revoke m5xw6y3boi2te",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.nodeTokenNew(), a.nodeTokenList(), a.nodeTokenRevoke())
	return cmd
}

func (a *app) nodeTokenNew() *cobra.Command {
	var (
		r       contracts.NodeTokenRequest
		expires string
	)
	cmd := &cobra.Command{
		Use: "new", Short: "Make a token and print it, this once", Args: exactly(),
		Long: `new prints the token and nothing else on standard output. It is shown only now: the
coordinator keeps a hash of it. The token never travels to the coordinator: a node
proves by a signature that it has it.`,
		Example: "  krako node token new --operator chemistry > token\n  krako node token new --operator chemistry --uses 20 --expires 7d",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := lifetime(expires)
			if err != nil {
				return err
			}
			r.ExpiresAt = &contracts.Time{Time: time.Now().Add(d).UTC()}
			c, err := a.client()
			if err != nil {
				return err
			}
			made, err := c.NewNodeToken(cmd.Context(), r)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(made)
			}
			fmt.Fprintf(a.stderr, "Token %s lets %d in under operator %s, until %s. Keep it: it is not shown again.\n",
				made.ID, made.Uses, made.Operator, made.ExpiresAt.Local().Format(time.DateTime))
			a.printf("%s\n", made.Token)
			return nil
		},
	}
	cmd.Flags().StringVar(&r.Operator, "operator", "", "who answers for the nodes and pods, and earns what they earn")
	cmd.Flags().IntVar(&r.Uses, "uses", 1, "how many it lets in")
	cmd.Flags().StringVar(&expires, "expires", "24h", "how long it lives, e.g. 12h or 7d, at most 90d")
	cmd.Flags().StringVar(&r.Note, "note", "", "what it is for")
	_ = cmd.MarkFlagRequired("operator") // fails only for a flag that is not there
	return cmd
}

func (a *app) nodeTokenList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List tokens, oldest first", Args: exactly(), Example: "  krako node token list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			list, err := c.NodeTokens(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(list)
			}
			w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "TOKEN\tOPERATOR\tUSED\tSTATE\tMADE\tNOTE")
			for _, t := range list.Tokens {
				fmt.Fprintf(w, "%s\t%s\t%d of %d\t%s\t%s\t%s\n", t.ID, t.Operator, t.Used, t.Uses, tokenState(&t), t.CreatedAt.Local().Format(time.DateOnly), t.Note)
			}
			return w.Flush()
		},
	}
}

func tokenState(t *contracts.NodeTokenView) string {
	switch {
	case t.RevokedAt != nil:
		return "revoked"
	case time.Now().After(t.ExpiresAt.Time):
		return "over"
	case t.Used >= t.Uses:
		return "used up"
	}
	return "until " + t.ExpiresAt.Local().Format(time.DateTime)
}

func (a *app) nodeTokenRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke TOKEN", Short: "End a token at once", Args: exactly("TOKEN"),
		Long:    "revoke ends the token with the given id, as 'krako node token list' shows it. Nodes\nthat were let in with it stay; krako trust remove ends a node.",
		Example: "  krako node token revoke m5xw6y3boi2te",
		RunE: func(cmd *cobra.Command, args []string) error {
			id := args[0]
			if rest, whole := strings.CutPrefix(id, "kn_"); whole {
				id, _, _ = strings.Cut(rest, "_")
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			if err := c.RevokeNodeToken(cmd.Context(), id); err != nil {
				return err
			}
			a.printf("Token %s is revoked.\n", id)
			return nil
		},
	}
}

func (a *app) operatorsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "operators", Short: "List who runs nodes and pods", Args: exactly(), Example: "  krako node operators",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			list, err := c.Operators(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(list)
			}
			w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "OPERATOR\tNODE\tKIND\tSTATE")
			for _, o := range list.Operators {
				for _, n := range o.Nodes {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", o.Operator, n.NodeID, n.Kind, n.State)
				}
			}
			return w.Flush()
		},
	}
}
