package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/spf13/cobra"
)

func (a *app) topCommand() *cobra.Command {
	every := time.Second
	cmd := &cobra.Command{
		Use: "top", Short: "Show live what the cluster does", Args: exactly(),
		Long: `top shows, again and again until Ctrl-C, how much is queued and free, how fast
each node and pod works, and the newest sessions with how far they are. Rates are
over the time since the picture before. In a pipe, or with --json, it looks twice
and prints once.`,
		Example: "  krako top\n  krako top --every 5s\n  krako top | head -1",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if every < 100*time.Millisecond {
				return cli.Usagef("--every is %s, must be at least 100ms", every)
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			return a.top(cmd.Context(), c, every)
		},
	}
	cmd.Flags().DurationVar(&every, "every", every, "how often to look")
	return cmd
}

// picture is the cluster at one moment.
type picture struct {
	At       time.Time                  `json:"at"`
	Health   contracts.BackendStatus    `json:"health"`
	Nodes    []contracts.NodeView       `json:"nodes"`
	Sessions []contracts.SessionSummary `json:"sessions"`
	// Rates are units a second since the picture before, by node.
	Rates map[contracts.NodeID]float64 `json:"rates"`
}

const topSessions = 12

func look(ctx context.Context, c *client.Client, before *picture) (*picture, error) {
	p := &picture{At: time.Now(), Rates: map[contracts.NodeID]float64{}}
	var err error
	if p.Health, err = c.Health(ctx); err != nil {
		return nil, err
	}
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	sessions, err := c.Sessions(ctx, "", topSessions)
	if err != nil {
		return nil, err
	}
	p.Nodes, p.Sessions = nodes.Nodes, sessions.Sessions
	if before == nil {
		return p, nil
	}
	done := map[contracts.NodeID]uint64{}
	for _, n := range before.Nodes {
		done[n.NodeID] = n.UnitsDone
	}
	for _, n := range p.Nodes {
		// Counts begin anew with the coordinator, and a node may be new.
		if was, ok := done[n.NodeID]; ok && n.UnitsDone >= was {
			p.Rates[n.NodeID] = float64(n.UnitsDone-was) / p.At.Sub(before.At).Seconds()
		}
	}
	return p, nil
}

// top shows pictures until ctx ends; where nobody looks at a terminal, one.
func (a *app) top(ctx context.Context, c *client.Client, every time.Duration) error {
	live := !a.json && cli.IsTerminal(a.stdout)
	if live {
		fmt.Fprint(a.stdout, "\x1b[?1049h\x1b[?25l") // a screen of its own, no cursor
		defer fmt.Fprint(a.stdout, "\x1b[?25h\x1b[?1049l")
	}
	var last *picture
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		p, err := look(ctx, c, last)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		case live:
			var b strings.Builder
			p.draw(&b)
			fmt.Fprint(a.stdout, "\x1b[H"+strings.ReplaceAll(b.String(), "\n", "\x1b[K\n")+"\x1b[J")
		case last != nil && a.json:
			return a.printJSON(p)
		case last != nil:
			p.draw(a.stdout)
			return nil
		}
		last = p
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// draw writes a picture for a person.
func (p *picture) draw(w io.Writer) {
	k, rate := p.Health.Capacity, 0.0
	for _, r := range p.Rates {
		rate += r
	}
	fmt.Fprintf(w, "%s  %s  %d nodes, %d pods, %d of %d slots free, %d units queued, %.0f units/s\n",
		p.At.Format(time.TimeOnly), p.Health.State, k.Nodes, k.Pods, k.FreeSlots, k.Slots, k.Queued, rate)
	if p.Health.Reason != "" {
		fmt.Fprintln(w, p.Health.Reason)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "WORKER\tKIND\tSTATE\tSLOTS\tHOLDS\tUNITS/S\tDONE")
	for i := range p.Nodes {
		n := &p.Nodes[i]
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%.1f\t%d\n", n.NodeID, n.Kind, stateOf(n), n.Slots, n.Leases, p.Rates[n.NodeID], n.UnitsDone)
	}
	_ = t.Flush() // a screen that is gone is noticed by what comes next
	fmt.Fprintln(w)
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SESSION\tTENANT\tSTATE\tUNITS\tRUNNING\tDONE\tFAILED\tAGE")
	for _, s := range p.Sessions {
		end := p.At
		if s.EndedAt != nil {
			end = s.EndedAt.Time
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%s\n", s.SessionID, s.TenantID, s.State, s.Units.Total, s.Units.Running,
			s.Units.Done, s.Units.Failed, end.Sub(s.StartedAt.Time).Round(100*time.Millisecond))
	}
	_ = t.Flush()
}
