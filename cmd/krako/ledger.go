package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/coordinator/billing"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/spf13/cobra"
)

// maxEventLine bounds one exported event.
const maxEventLine = 4 << 20

// rebuild is what offline accounting reads.
type rebuild struct {
	events, pricing string
	aside           int // events that could not be taken in
}

func (r *rebuild) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.events, "from-events", "", "exported events, one JSON document a line, - for standard input")
	cmd.Flags().StringVar(&r.pricing, "pricing", "", "price plan in force from the first event on, where the events record none")
}

func (a *app) ledgerCommand() *cobra.Command {
	var (
		r               rebuild
		of              client.Of
		format, wallets string
	)
	cmd := &cobra.Command{
		Use: "ledger", Short: "Show the ledger, or rebuild it from exported events and check it", Args: exactly(),
		Long: `ledger prints every transaction that your key may see, oldest first, as the
coordinator has it: --tenant and --operator choose an account.

With --from-events it asks no coordinator but computes every transaction anew from exported events, offline, on this
machine, and prints them: the same events give the same bytes. Compare them with
what a coordinator says, or let 'krako ledger check' do it. Events that cannot be
read are named on standard error and counted in the exit code.`,
		Example: `  krako ledger --tenant physics
  krako events --export > events.jsonl
  krako ledger --from-events events.jsonl > ledger.jsonl
  krako ledger --from-events events.jsonl --format csv --wallets wallets.json
  krako ledger check ledger.jsonl --from-events events.jsonl`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			write, err := ledgerWriter(format, a.stdout)
			if err != nil {
				return err
			}
			if r.events == "" {
				err := a.live(cmd, of, func(e *contracts.LedgerEntry) error {
					t, err := transactionOf(e)
					if err != nil {
						return err
					}
					return write(t)
				})
				if err != nil {
					return err
				}
				return write(nil)
			}
			book, err := r.run(cmd, a.stderr, write)
			if err != nil {
				return err
			}
			if err := write(nil); err != nil {
				return err
			}
			if wallets != "" {
				doc, err := book.Wallets()
				if err != nil {
					return err
				}
				if err := os.WriteFile(wallets, append(doc, '\n'), 0o600); err != nil {
					return err
				}
			}
			return r.whole()
		},
	}
	r.flags(cmd)
	cmd.Flags().StringVar((*string)(&of.Tenant), "tenant", "", "whose wallet, of the coordinator's ledger")
	cmd.Flags().StringVar(&of.Operator, "operator", "", "whose earnings, of the coordinator's ledger")
	cmd.Flags().StringVar(&format, "format", "jsonl", "jsonl or csv")
	cmd.Flags().StringVar(&wallets, "wallets", "", "also write wallets and accounts to this file")
	cmd.AddCommand(a.ledgerCheck(), a.ledgerStatement())
	return cmd
}

// whole is an error if events were put aside: what was computed is without them.
func (r *rebuild) whole() error {
	if r.aside == 0 {
		return nil
	}
	return contracts.Errorf(contracts.CodeValidation, r.events, "%d events were put aside", r.aside)
}

// run folds the events and hands every transaction to fn. What cannot be taken in is
// named and counted.
func (r *rebuild) run(cmd *cobra.Command, stderr io.Writer, fn func(*billing.Transaction) error) (*billing.Book, error) {
	if r.events == "" {
		return nil, cli.Usagef("--from-events is required")
	}
	book := billing.New()
	if r.pricing != "" {
		if err := priced(book, r.pricing); err != nil {
			return nil, err
		}
	}
	in := cmd.InOrStdin()
	if r.events != "-" {
		f, err := cli.OpenInput(r.events)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	now := time.Now() // what claims to be of a later time is no event
	err := eachLine(in, func(n int, line []byte) error {
		var e contracts.Event
		if err := json.Unmarshal(line, &e); err != nil {
			return contracts.Errorf(contracts.CodeValidation, fmt.Sprintf("line %d", n), "is no event: %w", err)
		}
		ts, anomaly := book.Apply(&e, now)
		if anomaly != nil {
			r.aside++
			fmt.Fprintf(stderr, "line %d: event %s put aside: %s\n", n, anomaly.Event, anomaly.Reason)
		}
		for i := range ts {
			if err := fn(&ts[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return book, err
}

// priced puts a plan from a file into force before the first event.
func priced(book *billing.Book, file string) error {
	f, err := cli.OpenInput(file)
	if err != nil {
		return err
	}
	defer f.Close()
	plan, err := billing.ReadPlan(f)
	if err != nil {
		return err
	}
	return book.SetPlan(plan)
}

func eachLine(r io.Reader, fn func(n int, line []byte) error) error {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 64<<10), maxEventLine)
	for n := 1; s.Scan(); n++ {
		if len(s.Bytes()) == 0 {
			continue
		}
		if err := fn(n, s.Bytes()); err != nil {
			return err
		}
	}
	if errors.Is(s.Err(), bufio.ErrTooLong) {
		return contracts.Errorf(contracts.CodeValidation, "events", "a line has more than %d bytes", maxEventLine)
	}
	return s.Err()
}

func (a *app) ledgerCheck() *cobra.Command {
	var r rebuild
	cmd := &cobra.Command{
		Use: "check LEDGER", Short: "Find what is wrong with a ledger", Args: exactly("LEDGER"),
		Long: `check reads a ledger, one JSON transaction a line, and finds transactions that do
not balance, stand there twice, charge a unit twice, have no event behind them or
another one than they say, are missing, or take a wallet below zero.`,
		Example: "  krako ledger check ledger.jsonl --from-events events.jsonl",
		RunE: func(cmd *cobra.Command, args []string) error {
			findings, err := r.audit(cmd, a.stderr, args[0])
			if err != nil {
				return err
			}
			if a.json {
				if err := a.printJSON(findings); err != nil {
					return err
				}
			} else {
				for _, f := range findings {
					a.printf("%-10s %s  %s\n", f.Flaw, f.Transaction, f.Detail)
				}
			}
			if len(findings) > 0 {
				return contracts.Errorf(contracts.CodeConflict, args[0], "%d flaws", len(findings))
			}
			if err := r.whole(); err != nil {
				return err
			}
			if !a.json {
				a.printf("The ledger is sound.\n")
			}
			return nil
		},
	}
	r.flags(cmd)
	return cmd
}

func (r *rebuild) audit(cmd *cobra.Command, stderr io.Writer, file string) ([]billing.Finding, error) {
	var reference []billing.Transaction
	overdraft := map[contracts.TenantID]bool{}
	if r.events != "" {
		reference = []billing.Transaction{}
		book, err := r.run(cmd, stderr, func(t *billing.Transaction) error {
			reference = append(reference, *t)
			return nil
		})
		if err != nil {
			return nil, err
		}
		overdraft = book.Overdrafts()
	}
	audit := billing.NewAudit(reference, overdraft)
	if err := eachTransaction(file, audit.Take); err != nil {
		return nil, err
	}
	return append([]billing.Finding{}, audit.Findings()...), nil
}

func eachTransaction(file string, fn func(billing.Transaction)) error {
	f, err := cli.OpenInput(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return eachLine(f, func(n int, line []byte) error {
		var t billing.Transaction
		if err := json.Unmarshal(line, &t); err != nil {
			return contracts.Errorf(contracts.CodeValidation, fmt.Sprintf("%s line %d", file, n), "is no transaction: %w", err)
		}
		fn(t)
		return nil
	})
}

func (a *app) ledgerStatement() *cobra.Command {
	var tenant, operator, from, to string
	cmd := &cobra.Command{
		Use: "statement LEDGER", Short: "Sum up one tenant's or operator's money over a period", Args: exactly("LEDGER"),
		Example: "  krako ledger statement ledger.jsonl --tenant acme --from 2026-11-01 --to 2026-12-01\n  krako ledger statement ledger.jsonl --operator lab",
		RunE: func(_ *cobra.Command, args []string) error {
			account := billing.TenantAccount(contracts.TenantID(tenant))
			switch {
			case (tenant == "") == (operator == ""):
				return cli.Usagef("name either --tenant or --operator")
			case operator != "":
				account = billing.OperatorAccount(operator)
			}
			begin, end, err := period(from, to)
			if err != nil {
				return err
			}
			s := billing.NewStatement(account, begin, end)
			if err := eachTransaction(args[0], func(t billing.Transaction) { s.Take(&t) }); err != nil {
				return err
			}
			return a.printJSON(s)
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "whose wallet")
	cmd.Flags().StringVar(&operator, "operator", "", "whose earnings")
	cmd.Flags().StringVar(&from, "from", "", "first day, as 2026-11-01 (default: the beginning)")
	cmd.Flags().StringVar(&to, "to", "", "day after the last, as 2026-12-01 (default: the end)")
	return cmd
}

func period(from, to string) (begin, end time.Time, err error) {
	begin, end = time.Unix(0, 0).UTC(), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, p := range []struct {
		flag, day string
		to        *time.Time
	}{{"--from", from, &begin}, {"--to", to, &end}} {
		if p.day == "" {
			continue
		}
		if *p.to, err = time.Parse(time.DateOnly, p.day); err != nil {
			return begin, end, cli.Usagef("%s: %v", p.flag, err)
		}
	}
	return begin, end, nil
}

// transactionOf reads a transaction of the coordinator's ledger.
func transactionOf(e *contracts.LedgerEntry) (*billing.Transaction, error) {
	doc, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	var t billing.Transaction
	if err := json.Unmarshal(doc, &t); err != nil {
		return nil, contracts.Errorf(contracts.CodeUnsupported, e.ID, "transaction: %w", err)
	}
	return &t, nil
}
