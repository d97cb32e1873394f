package main

import (
	"github.com/krako-labs/krako/contracts"
	"github.com/spf13/cobra"
)

func (a *app) diffCommand() *cobra.Command {
	return &cobra.Command{
		Use: "diff SESSION SESSION", Short: "Show where two runs of a graph begin to differ", Args: exactly("SESSION", "SESSION"),
		Long: `diff compares two sessions unit by unit, in the order of the graph, and shows the
first unit that differs: one that was another computation, or the same computation
with another result, which only a lie or a defect can be. Exit code 1 if there is
one.`,
		Example: "  krako diff 01890a5d-ac96-774b-bcce-b302099a8057 01890a5e-0b2f-7f31-9c54-8f4c1f2b7d10",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			var views [2]contracts.SessionView
			for i := range views {
				if views[i], err = c.Session(cmd.Context(), contracts.SessionID(args[i])); err != nil {
					return err
				}
			}
			d := divergence(views[0].WorkUnits, views[1].WorkUnits)
			if a.json {
				err = a.printJSON(d)
			} else {
				a.printf("%s\n", d)
			}
			if err == nil && d.What != "" {
				err = contracts.Errorf(contracts.CodeConflict, string(d.Unit), "the sessions differ")
			}
			return err
		},
	}
}

// diverges is the first difference of two sessions, empty if there is none.
type diverges struct {
	Unit contracts.UnitID `json:"unit,omitempty"`
	What string           `json:"what,omitempty"`
	A    string           `json:"a,omitempty"`
	B    string           `json:"b,omitempty"`
	// Same counts the units before it, or all.
	Same int `json:"same"`
}

func (d diverges) String() string {
	if d.What == "" {
		return "the sessions are the same"
	}
	return string(d.Unit) + ": " + d.What + "\n  " + d.A + "\n  " + d.B
}

func divergence(a, b []contracts.UnitView) diverges {
	for i := range min(len(a), len(b)) {
		x, y := &a[i], &b[i]
		d := diverges{Unit: x.ID, Same: i}
		switch {
		case x.ID != y.ID:
			d.What, d.A, d.B = "the graphs have other units", string(x.ID), string(y.ID)
		case x.State != y.State:
			d.What, d.A, d.B = "it ended otherwise", string(x.State), string(y.State)
		case x.UnitCID != y.UnitCID:
			d.What, d.A, d.B = "it was another computation", x.UnitCID, y.UnitCID
		case x.ResultCID != y.ResultCID:
			d.What, d.A, d.B = "the same computation has two results", x.ResultCID+" of "+string(x.Node), y.ResultCID+" of "+string(y.Node)
		default:
			continue
		}
		return d
	}
	if len(a) != len(b) {
		return diverges{What: "the graphs have different numbers of units", Same: min(len(a), len(b))}
	}
	return diverges{Same: len(a)}
}
