package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/spf13/cobra"
)

func (a *app) statementCommand() *cobra.Command {
	var operator, from, to string
	cmd := &cobra.Command{
		Use: "statement [TENANT]", Short: "Sum up a tenant's or operator's money over a period", Args: cobra.MaximumNArgs(1),
		Long: `statement asks the coordinator for the sum of one account over a period: a
tenant's wallet, your key's own where you name none, or with --operator what somebody
has earned by lending machines. A node without an operator is node:<its id>.`,
		Example: "  krako statement physics --from 2026-11-01 --to 2026-12-01\n  krako statement --operator node:12D3KooW...",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			of := client.Of{Operator: operator}
			if len(args) > 0 {
				of.Tenant = contracts.TenantID(args[0])
			}
			var begin, end time.Time
			if from != "" || to != "" {
				if begin, end, err = period(from, to); err != nil {
					return err
				}
			}
			s, err := c.Statement(cmd.Context(), of, begin, end)
			if err != nil {
				return err
			}
			return a.printStatement(s)
		},
	}
	cmd.Flags().StringVar(&operator, "operator", "", "whose earnings")
	cmd.Flags().StringVar(&from, "from", "", "first day, as 2026-11-01 (default: the beginning)")
	cmd.Flags().StringVar(&to, "to", "", "day after the last, as 2026-12-01 (default: the end)")
	return cmd
}

func (a *app) printStatement(s contracts.Statement) error {
	if a.json {
		return a.printJSON(s)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "%s\t%s\t\t\n", "opening", s.Opening)
	for _, kind := range slices.Sorted(maps.Keys(s.ByKind)) {
		l := s.ByKind[kind]
		fmt.Fprintf(w, "%s\t%s\t%d\t\n", kind, l.Amount, l.Count)
	}
	fmt.Fprintf(w, "%s\t%s\t\t\n", "closing", s.Closing)
	return w.Flush()
}

func (a *app) eventsCommand() *cobra.Command {
	var out, after string
	var export, follow bool
	cmd := &cobra.Command{
		Use: "events (--export | --follow [SESSION])", Short: "Follow or export events, one JSON document a line", Args: cobra.MaximumNArgs(1),
		Long: `events --follow SESSION writes the events of a session, from its beginning or after
the event named by --after, and ends with it. Without a session it goes on until
Ctrl-C with those of every session that runs or begins.

events --export writes every event of the log as it is now: of all sessions, of
prices and of credit. From them 'krako ledger' computes all accounts anew, on any
machine. It needs an operator's key.`,
		Example: "  krako events --follow\n  krako events --export > events.jsonl\n  krako ledger --from-events events.jsonl > ledger.jsonl",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			switch {
			case export && follow:
				return cli.Usagef("--export and --follow are two things")
			case !export && !follow:
				return cli.Usagef("say --follow [SESSION] or --export")
			case export && len(args) > 0:
				return cli.Usagef("--export is of all sessions")
			case after != "" && len(args) == 0:
				return cli.Usagef("--after is of one session, and none is named")
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			if follow && len(args) > 0 {
				return a.followSession(cmd.Context(), c, contracts.SessionID(args[0]), after)
			}
			if follow {
				return a.followAll(cmd.Context(), c)
			}
			to := a.stdout
			if out != "" {
				f, err := os.Create(out)
				if err != nil {
					return cli.Usagef("%v", err)
				}
				defer f.Close()
				to = f
			}
			w := bufio.NewWriter(to)
			enc := json.NewEncoder(w)
			enc.SetEscapeHTML(false)
			if err := c.Export(cmd.Context(), func(e contracts.Event) error { return enc.Encode(e) }); err != nil {
				return err
			}
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&export, "export", false, "export all events")
	cmd.Flags().BoolVar(&follow, "follow", false, "write events as they happen")
	cmd.Flags().StringVar(&after, "after", "", "go on after the event with this id")
	cmd.Flags().StringVarP(&out, "out", "o", "", "file to write to (default: standard output)")
	return cmd
}

// live prints the coordinator's own ledger, page by page.
func (a *app) live(cmd *cobra.Command, of client.Of, write func(*contracts.LedgerEntry) error) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	for after := int64(0); ; {
		page, err := c.Ledger(cmd.Context(), of, after, ledgerPage)
		if err != nil {
			return err
		}
		for i := range page.Entries {
			if err := write(&page.Entries[i]); err != nil {
				return err
			}
		}
		if after = page.Next; after == 0 {
			return nil
		}
	}
}

// ledgerPage is how many transactions are asked for at once.
const ledgerPage = 1000
