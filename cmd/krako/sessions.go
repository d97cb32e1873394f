package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/spf13/cobra"
)

func (a *app) submitCommand() *cobra.Command {
	return &cobra.Command{
		Use: "submit GRAPH.json", Short: "Submit a graph and return at once", Args: exactly("GRAPH.json"),
		Long:    "submit hands a TaskGraph document in and prints its session. The same tenant_id,\nrequest_id and graph always get the same session.",
		Example: "  krako submit graph.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			g, err := readGraph(args[0])
			if err != nil {
				return err
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			res, err := c.Submit(cmd.Context(), g, contracts.SubmissionMetadata{
				SubmittedAt: contracts.Time{Time: time.Now()}, KoraVersion: "krako-cli/" + cli.Version(),
			})
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(res)
			}
			a.printf("%s\n", res.SessionID)
			return nil
		},
	}
}

func (a *app) getCommand() *cobra.Command {
	return &cobra.Command{
		Use: "get SESSION", Short: "Show a session and its units", Args: exactly("SESSION"),
		Example: "  krako get 01890a5d-ac96-774b-bcce-b302099a8057",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			v, err := c.Session(cmd.Context(), contracts.SessionID(args[0]))
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(v)
			}
			a.printf("%s  %s  %d/%d units done, %d failed\n\n", v.SessionID, v.State, v.Units.Done, v.Units.Total, v.Units.Failed)
			w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "UNIT\tSTATE\tATTEMPT\tNODE\tRESULT")
			for _, u := range v.WorkUnits {
				fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\n", u.ID, u.State, u.Attempt, short(u.Node), u.ResultCID)
			}
			return w.Flush()
		},
	}
}

func (a *app) watchCommand() *cobra.Command {
	return &cobra.Command{
		Use: "watch SESSION", Short: "Follow a session until it ends", Args: exactly("SESSION"),
		Long:    "watch shows the progress of a session that is running. Ctrl-C stops watching, not\nthe session.",
		Example: "  krako watch 01890a5d-ac96-774b-bcce-b302099a8057",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			id := contracts.SessionID(args[0])
			if err := a.follow(cmd.Context(), c, id); err != nil {
				return err
			}
			r, err := c.Wait(cmd.Context(), id)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(r)
			}
			a.printf("%s: %s\n", r.Metadata.State, r.Metadata.StopReason)
			return endOf(r)
		},
	}
}

func (a *app) cancelCommand() *cobra.Command {
	return &cobra.Command{
		Use: "cancel SESSION", Short: "Stop a session", Args: exactly("SESSION"),
		Long:    "cancel stops a session: units that wait are dropped, nodes stop those that run.",
		Example: "  krako cancel 01890a5d-ac96-774b-bcce-b302099a8057",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			return c.Cancel(cmd.Context(), contracts.SessionID(args[0]))
		},
	}
}

func (a *app) sessionsCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "sessions", Short: "List sessions, newest first", Args: exactly(),
		Example: "  krako sessions --limit 5",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			list, err := c.Sessions(cmd.Context(), "", limit)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(list)
			}
			w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "SESSION\tSTATE\tUNITS\tSTARTED\tTENANT")
			for _, s := range list.Sessions {
				fmt.Fprintf(w, "%s\t%s\t%d/%d\t%s\t%s\n", s.SessionID, s.State, s.Units.Done, s.Units.Total, s.StartedAt.Local().Format(time.DateTime), s.TenantID)
			}
			return w.Flush()
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "how many to show, at most 200")
	return cmd
}
