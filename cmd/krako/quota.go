package main

import (
	"fmt"
	"strconv"
	"text/tabwriter"

	"github.com/krako-labs/krako/contracts"
	"github.com/spf13/cobra"
)

func (a *app) quotaCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "quota", Short: "Show and set what tenants may use", Args: exactly(),
		Long: `A quota bounds what one tenant may use: graphs that run at once, bytes of blocks
it stores, requests and bytes it sends, and the fuel and tokens of its units in a
day (UTC). A graph that does not fit is refused with the time to wait, never cut.`,
		Example: "  krako quota show\n  krako quota set physics --graphs 10 --fuel-per-day 5000000000000",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.quotaShow(), a.quotaSet())
	return cmd
}

func (a *app) quotaShow() *cobra.Command {
	return &cobra.Command{
		Use: "show [TENANT]", Short: "Show what tenants may use and do use", Args: cobra.MaximumNArgs(1),
		Long:    "show prints use and quota of one tenant, or of all that your key may see.",
		Example: "  krako quota show\n  krako quota show physics",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			var list contracts.QuotaList
			if len(args) == 0 {
				list, err = c.Quotas(cmd.Context())
			} else {
				list.Quotas = make([]contracts.QuotaView, 1)
				list.Quotas[0], err = c.Quota(cmd.Context(), contracts.TenantID(args[0]))
			}
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(list)
			}
			return a.printQuotas(list)
		},
	}
}

func (a *app) printQuotas(l contracts.QuotaList) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TENANT\tGRAPHS\tBLOCK BYTES\tFUEL TODAY\tTOKENS TODAY\tREQUESTS/S\tBODY BYTES/S")
	for _, q := range l.Quotas {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", q.Tenant,
			of(uint64(q.Usage.Graphs), uint64(q.Quota.Graphs)), of(uint64(q.Usage.BlockBytes), uint64(q.Quota.BlockBytes)),
			of(q.Usage.Fuel+q.Usage.FuelHeld, q.Quota.FuelPerDay), of(q.Usage.Tokens+q.Usage.TokensHeld, q.Quota.TokensPerDay),
			orUnlimited(q.Quota.RequestsPerSecond), orUnlimited(float64(q.Quota.BodyBytesPerSecond)))
	}
	return w.Flush()
}

// of prints what is used of what is allowed.
func of(used, allowed uint64) string {
	if allowed == 0 {
		return strconv.FormatUint(used, 10)
	}
	return fmt.Sprintf("%d of %d", used, allowed)
}

func orUnlimited(v float64) string {
	if v == 0 {
		return "unlimited"
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

func (a *app) quotaSet() *cobra.Command {
	var q contracts.Quota
	cmd := &cobra.Command{
		Use: "set TENANT", Short: "Change what a tenant may use", Args: exactly("TENANT"),
		Long: `set changes the named limits and leaves the others as they are; 0 lifts one. It
needs an operator's key. Graphs that run keep what they were granted.`,
		Example: "  krako quota set physics --graphs 10 --block-bytes 100000000000",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			tenant := contracts.TenantID(args[0])
			now, err := c.Quota(cmd.Context(), tenant)
			if err != nil {
				return err
			}
			if err := c.SetQuota(cmd.Context(), tenant, merge(cmd, now.Quota, q)); err != nil {
				return err
			}
			if now, err = c.Quota(cmd.Context(), tenant); err != nil {
				return err
			}
			if a.json {
				return a.printJSON(now)
			}
			return a.printQuotas(contracts.QuotaList{Quotas: []contracts.QuotaView{now}})
		},
	}
	f := cmd.Flags()
	f.IntVar(&q.Graphs, "graphs", 0, "graphs that run at once")
	f.Int64Var(&q.BlockBytes, "block-bytes", 0, "bytes of stored blocks")
	f.Uint64Var(&q.FuelPerDay, "fuel-per-day", 0, "fuel of all units in a day (UTC)")
	f.Uint64Var(&q.TokensPerDay, "tokens-per-day", 0, "tokens of all model calls in a day (UTC)")
	f.Float64Var(&q.RequestsPerSecond, "requests-per-second", 0, "requests of the tenant, and of each key")
	f.Int64Var(&q.BodyBytesPerSecond, "body-bytes-per-second", 0, "bytes of request bodies")
	return cmd
}

// merge takes the limits that the command line names.
func merge(cmd *cobra.Command, now, set contracts.Quota) contracts.Quota {
	changed := cmd.Flags().Changed
	if changed("graphs") {
		now.Graphs = set.Graphs
	}
	if changed("block-bytes") {
		now.BlockBytes = set.BlockBytes
	}
	if changed("fuel-per-day") {
		now.FuelPerDay = set.FuelPerDay
	}
	if changed("tokens-per-day") {
		now.TokensPerDay = set.TokensPerDay
	}
	if changed("requests-per-second") {
		now.RequestsPerSecond = set.RequestsPerSecond
	}
	if changed("body-bytes-per-second") {
		now.BodyBytesPerSecond = set.BodyBytesPerSecond
	}
	return now
}
