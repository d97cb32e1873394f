package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/google/uuid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/spf13/cobra"
)

func (a *app) walletCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "wallet [TENANT]", Short: "Show and fill wallets", Args: cobra.MaximumNArgs(1),
		Long: `wallet prints what a tenant has been granted, has spent and may promise to another
graph; without a tenant, all that your key may see. A graph that runs is promised the
most that it can cost, so a wallet never goes below zero; what is left of that comes
back at its end.`,
		Example: "  krako wallet\n  krako wallet physics\n  krako wallet grant physics 25.00 --reason 'November'\n  krako wallet suspend physics --reason unpaid",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			var list contracts.WalletList
			if len(args) == 0 {
				list, err = c.Wallets(cmd.Context())
			} else {
				list.Wallets = make([]contracts.WalletView, 1)
				list.Wallets[0], err = c.Wallet(cmd.Context(), contracts.TenantID(args[0]))
			}
			if err != nil {
				return err
			}
			return a.printWallets(list)
		},
	}
	cmd.AddCommand(a.walletGrant(), a.walletSuspend(), a.walletResume())
	return cmd
}

func (a *app) printWallets(l contracts.WalletList) error {
	if a.json {
		return a.printJSON(l)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TENANT\tBALANCE\tPROMISED\tAVAILABLE\tGRANTED\tSPENT\tSTATE")
	for _, v := range l.Wallets {
		state := "open"
		switch {
		case v.Suspended:
			state = "suspended: " + v.Reason
		case v.Overdraft:
			state = "overdraft"
		}
		fmt.Fprintf(w, "%s\t%s %s\t%s\t%s\t%s\t%s\t%s\n", v.Tenant, v.Balance, v.Currency, v.Promised, v.Available, v.Granted, v.Spent, state)
	}
	return w.Flush()
}

func (a *app) walletGrant() *cobra.Command {
	var r contracts.CreditGrant
	cmd := &cobra.Command{
		Use: "grant TENANT AMOUNT", Short: "Give a tenant credit", Args: exactly("TENANT", "AMOUNT"),
		Long:    "grant needs an operator's key. A grant with the same --id is made once, however often\nit is asked for.",
		Example: "  krako wallet grant physics 25.00 --reason 'November' --id november-physics",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			if r.GrantID == "" {
				r.GrantID = uuid.NewString()
			}
			r.Amount = args[1]
			w, err := c.Grant(cmd.Context(), contracts.TenantID(args[0]), r)
			if err != nil {
				return err
			}
			return a.printWallets(contracts.WalletList{Wallets: []contracts.WalletView{w}})
		},
	}
	cmd.Flags().StringVar(&r.GrantID, "id", "", "name of the grant (default: a new one)")
	cmd.Flags().StringVar(&r.Reason, "reason", "", "what it is for")
	cmd.Flags().BoolVar(&r.Overdraft, "overdraft", false, "let the balance go below zero from now on")
	return cmd
}

func (a *app) walletSuspend() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "suspend TENANT", Short: "Refuse a tenant's new graphs", Args: exactly("TENANT"),
		Long:    "suspend needs an operator's key. Graphs that run go on.",
		Example: "  krako wallet suspend physics --reason unpaid",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.setSuspended(cmd.Context(), args[0], contracts.AccountSuspended{Suspended: true, Reason: reason})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}

func (a *app) walletResume() *cobra.Command {
	return &cobra.Command{
		Use: "resume TENANT", Short: "Take a suspended tenant's graphs again", Args: exactly("TENANT"),
		Example: "  krako wallet resume physics",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.setSuspended(cmd.Context(), args[0], contracts.AccountSuspended{})
		},
	}
}

func (a *app) setSuspended(ctx context.Context, tenant string, r contracts.AccountSuspended) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	if err := c.Suspend(ctx, contracts.TenantID(tenant), r); err != nil {
		return err
	}
	w, err := c.Wallet(ctx, contracts.TenantID(tenant))
	if err != nil {
		return err
	}
	return a.printWallets(contracts.WalletList{Wallets: []contracts.WalletView{w}})
}

func (a *app) pricesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "prices", Short: "Show the price plan in force, or put one into force", Args: exactly(),
		Long: `prices prints the price plan by which graphs are charged that are accepted now. A
plan's version means the same prices for ever: a changed plan needs another one.`,
		Example: "  krako prices\n  krako prices set plan.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			doc, err := c.Prices(cmd.Context())
			if err != nil {
				return err
			}
			return a.printJSON(doc)
		},
	}
	cmd.AddCommand(&cobra.Command{
		Use: "set PLAN.json", Short: "Put a price plan into force", Args: exactly("PLAN.json"),
		Long:    "set needs an operator's key. Graphs that run keep the prices that they were accepted at.",
		Example: "  krako prices set plan.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			doc, err := cli.ReadInput(args[0])
			if err != nil {
				return err
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			return c.SetPrices(cmd.Context(), contracts.JSON(doc))
		},
	})
	return cmd
}

// quote prints what a graph costs at most.
func (a *app) quote(ctx context.Context, c *client.Client, g *contracts.TaskGraph) error {
	q, err := c.Quote(ctx, g)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(q)
	}
	if q.Prices == "" {
		a.printf("No prices are in force: the graph costs nothing.\n")
		return nil
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, id := range slices.Sorted(maps.Keys(q.Units)) {
		fmt.Fprintf(w, "%s\t%s\t\n", id, q.Units[id])
	}
	if err := w.Flush(); err != nil {
		return err
	}
	a.printf("At most %s %s by prices %s; %s available.\n", q.Most, q.Currency, q.Prices, q.Available)
	if !q.Affordable {
		return contracts.Errorf(contracts.CodeBudgetExceeded, string(g.TenantID), "the credit does not cover the graph")
	}
	return nil
}
