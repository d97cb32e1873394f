package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/kora"
	"github.com/krako-labs/krako/kora/plan"
	"github.com/spf13/cobra"
)

func (a *app) askCommand() *cobra.Command {
	return &cobra.Command{
		Use: "ask MESSAGE...", Short: "Answer one message", Args: cobra.ArbitraryArgs,
		Long:    "ask answers one message and ends. Without a message it reads one from standard input.",
		Example: "  kora ask \"what is 15% of 2,340\"\n  kora ask --json < message.txt",
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := a.request(args)
			if err != nil {
				return err
			}
			k, _, err := a.openWithModels(cmd.Context())
			if err != nil {
				return err
			}
			defer k.Close(cmd.Context())
			reply, err := k.Ask(cmd.Context(), r, nil)
			if err != nil {
				return err
			}
			if a.json {
				if err := a.printJSON(reply); err != nil {
					return err
				}
			} else if reply.Text != "" {
				a.printf("%s\n", reply.Text)
				a.tellChecks(a.stderr, reply)
			}
			switch {
			case reply.Error == nil:
				return nil
			case reply.Kind == plan.None:
				return errors.New(reply.Error.Message) // a question without an answer is no invalid input
			}
			return reply.Error
		},
	}
}

// tellChecks says which claims of an answer were computed again, and what came out.
func (a *app) tellChecks(w io.Writer, r *kora.Reply) {
	agree := 0
	for _, c := range r.Checks {
		if c.Agrees {
			agree++
		} else {
			fmt.Fprintf(w, "  not so: %q; computed: %s\n", c.Text, c.Computed)
		}
	}
	if n := len(r.Checks); n > 0 {
		fmt.Fprintf(w, "  checked: %d of %d claims agree\n", agree, n)
	}
}

func (a *app) planCommand() *cobra.Command {
	var explain bool
	cmd := &cobra.Command{
		Use: "plan MESSAGE...", Short: "Show the graph that would answer a message, without running it", Args: cobra.ArbitraryArgs,
		Example: "  kora plan \"2 + 2\" > graph.json\n  kora plan --explain \"10-4\"",
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := a.request(args)
			if err != nil {
				return err
			}
			_, p := (&kora.Engine{}).Plan(r)
			if !explain {
				if p.Graph == nil || a.json {
					return a.printJSON(p)
				}
				return a.printJSON(p.Graph)
			}
			if a.json {
				return a.printJSON(p.Decisions)
			}
			a.explain(r.Message, p)
			return nil
		},
	}
	cmd.Flags().BoolVar(&explain, "explain", false, "say what was decided, by which grammar and why")
	return cmd
}

// explain prints the decisions of a plan with the words they are about.
func (a *app) explain(message string, p plan.Plan) {
	for _, d := range p.Decisions {
		a.printf("%-14s %-10s %-16s %-18s %q\n", d.Stage, d.Outcome, d.Reason, d.Parser, message[d.Start:d.End])
		if d.Reading != "" {
			a.printf("%-14s understood as %s\n", "", d.Reading)
		}
	}
	a.printf("plan: %s", p.Kind)
	if p.CID != "" {
		a.printf(", graph %s", p.CID)
	}
	a.printf("\n")
}

// request makes a request of the command line, or of standard input.
func (a *app) request(args []string) (plan.Request, error) {
	r := plan.Request{Message: strings.Join(args, " "), Zone: a.zone, Locale: a.locale, Now: time.Now(), ModelPlans: a.model.plans}
	if len(args) == 0 {
		if f, ok := a.stdin.(*os.File); ok && cli.IsTerminal(f) {
			fmt.Fprintln(a.stderr, "kora: write your message; the end of the input, Ctrl-D at the beginning of a line, sends it")
		}
		b, err := io.ReadAll(io.LimitReader(a.stdin, 1<<20))
		if err != nil {
			return r, err
		}
		r.Message = string(b)
	}
	if a.now != "" {
		t, err := time.Parse(time.RFC3339, a.now)
		if err != nil {
			return r, cli.Usagef("--now: %v", err)
		}
		r.Now = t
	}
	if _, err := time.LoadLocation(a.zone); err != nil {
		return r, cli.Usagef("--zone: %v", err)
	}
	routes, err := a.readRoutes()
	if err != nil {
		return r, err
	}
	r.Routes = routes
	return r, nil
}
