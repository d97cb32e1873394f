package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/internal/cli"
)

func earningsCommand() *cobra.Command {
	var (
		o                    order
		api, key, pin        string
		operator, name, from string
		asJSON               bool
	)
	cmd := &cobra.Command{
		Use: "earnings", Short: "Say what this node has earned", Args: noMore,
		Long: `earnings asks the cluster's coordinator what units that this node computed have
earned: a share of what each cost, once it was released, less what was taken back
because it was proved wrong. It needs an API key with the scope nodes, which the
coordinator's operator makes.`,
		Example: "  krako-node earnings --api https://192.0.2.7:7700 --api-pin sha256:... --from 2026-11-01",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if api = cmp.Or(api, os.Getenv("KRAKO_API")); api == "" {
				return cli.Usagef("name the coordinator's API with --api")
			}
			begin := time.Time{}
			if from != "" {
				var err error
				if begin, err = time.Parse(time.DateOnly, from); err != nil {
					return cli.Usagef("--from: %v", err)
				}
			}
			if operator == "" && name == "" {
				s, _, err := o.status(cmd, "", nil)
				if err != nil {
					return err
				}
				name = string(s.Node)
			}
			c, err := client.New(api, client.WithKey(cmp.Or(key, os.Getenv("KRAKO_API_KEY"))), client.WithPin(cmp.Or(pin, os.Getenv("KRAKO_API_PIN"))))
			if err != nil {
				return err
			}
			s, err := c.Statement(cmd.Context(), client.Of{Operator: cmp.Or(operator, "node:"+name)}, begin, time.Time{})
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(s)
			}
			return printEarnings(cmd, s)
		},
	}
	o.register(cmd)
	cmd.Flags().StringVar(&api, "api", "", "base URL of the coordinator (also KRAKO_API)")
	cmd.Flags().StringVar(&key, "api-key", "", "API key with the scope nodes; better given as KRAKO_API_KEY, where other users do not see it")
	cmd.Flags().StringVar(&pin, "api-pin", "", "fingerprint of the coordinator's own certificate (also KRAKO_API_PIN)")
	cmd.Flags().StringVar(&name, "node", "", "another node's peer id (default: that of the node that runs here)")
	cmd.Flags().StringVar(&operator, "operator", "", "all nodes of an operator")
	cmd.Flags().StringVar(&from, "from", "", "first day, as 2026-11-01 (default: the beginning)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printEarnings(cmd *cobra.Command, s contracts.Statement) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "before\t%s\t\t\n", s.Opening)
	for _, kind := range slices.Sorted(maps.Keys(s.ByKind)) {
		l := s.ByKind[kind]
		fmt.Fprintf(w, "%s\t%s\t%d units\t\n", kind, l.Amount, l.Count)
	}
	fmt.Fprintf(w, "earned\t%s\t\t\n", s.Closing)
	return w.Flush()
}
