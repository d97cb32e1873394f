package main

import (
	"github.com/krako-labs/krako/contracts"
	"github.com/spf13/cobra"
)

func (a *app) trustCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "trust NODE", Short: "Say what is known of a node's conduct, or decide about it", Args: exactly("NODE"),
		Long: `trust shows two things that are kept apart: whether a node's results can be
believed (its standing and credibility, which it earns by checks that it cannot
foresee), and whether it answers in time (its reliability, by which it gets work).

The operator of the fabric lets nodes in (where the coordinator runs with
--approval), suspends them, lets them begin again, and removes them.`,
		Example: `  krako trust 12D3KooWPGB1EA4pzHrjxSzrPxYCPSDXXZ9ce62JYRfPayUVSve6
  krako trust approve 12D3KooW... --operator chemistry
  krako trust suspend 12D3KooW... --reason "its owner asked"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			v, err := c.Trust(cmd.Context(), contracts.NodeID(args[0]))
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(v)
			}
			a.printTrust(&v)
			return nil
		},
	}
	cmd.AddCommand(
		a.orderCommand(contracts.OrderApprove, "Let a node work, in the name of an operator"),
		a.orderCommand(contracts.OrderSuspend, "Give a node nothing more"),
		a.orderCommand(contracts.OrderReadmit, "Let a suspended node begin again, without credibility"),
		a.orderCommand(contracts.OrderRemove, "Send a node away for good: it comes back with a new key only"),
	)
	return cmd
}

func (a *app) orderCommand(order, short string) *cobra.Command {
	o := contracts.NodeOrder{Order: order}
	cmd := &cobra.Command{
		Use: order + " NODE", Short: short, Args: exactly("NODE"), Example: "  krako trust " + order + " 12D3KooW...",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			return c.Order(cmd.Context(), contracts.NodeID(args[0]), o)
		},
	}
	cmd.Flags().StringVar(&o.Reason, "reason", "", "why, for the node's history")
	if order == contracts.OrderApprove {
		cmd.Flags().StringVar(&o.Operator, "operator", "", "who answers for the node; copies of a unit never run twice with one operator")
	}
	return cmd
}

func (a *app) printTrust(v *contracts.NodeTrust) {
	a.printf("%s is %s (%s)\n", v.NodeID, v.State, v.Standing)
	if v.Operator != "" && v.Operator != string(v.NodeID) {
		a.printf("operator     %s\n", v.Operator)
	}
	a.printf("credibility  %.5f after %.1f checks, proved wrong %d times\n", v.Credibility, v.Checks, v.Convictions)
	a.printf("reliability  %.3f after %d units\n", v.Reliability, v.Evidence)
	if m := v.ModelChecks; m != nil {
		a.printf("answers      %d given again alike, %d otherwise; %d scored plausible, %d not\n", m.Same, m.Different, m.Plausible, m.Implausible)
	}
	if v.ReplacedBy != "" {
		a.printf("known as     %s\n", v.ReplacedBy)
	}
	if v.Proof != nil {
		a.printf("proof        %s (krako block get it, krako verify checks it)\n", v.Proof)
	}
	for _, h := range v.History {
		by := ""
		if h.By != "" {
			by = ", by key kk_" + h.By
		}
		a.printf("%s  %-10s %s%s\n", h.At.Format("2006-01-02 15:04:05"), h.Standing, h.Reason, by)
	}
}
