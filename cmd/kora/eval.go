package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/kora/eval"
	"github.com/krako-labs/krako/kora/local"
	"github.com/krako-labs/krako/kora/plan"
	"github.com/spf13/cobra"
)

// rawCodec is the multicodec of blocks that are bytes.
const rawCodec = 0x55

// attachmentHead is how much of an attachment a planner looks at.
const attachmentHead = 64 << 10

func (a *app) evalCommand() *cobra.Command {
	var details string
	cmd := &cobra.Command{
		Use: "eval FILE", Short: "Measure answers against what is expected", Args: cli.Exactly("FILE"),
		Long: `eval answers every message of a file without a model and counts: one JSON document
a line, {"id", "message", "attachments"?, "expect"?, "must_abstain"?}. An attachment
is {"name", "media_type"?, "text"}. Answers are compared as numbers or as text
without regard to case and white space. --details writes a line for every item.`,
		Example: "  kora eval questions.jsonl --json --details answers.jsonl",
		RunE: func(cmd *cobra.Command, args []string) error {
			items, err := readItems(args[0])
			if err != nil {
				return err
			}
			base, err := a.request([]string{"-"})
			if err != nil {
				return err
			}
			k, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer k.Close(context.WithoutCancel(cmd.Context()))
			write, done, err := detailWriter(details)
			if err != nil {
				return err
			}
			s, err := (&eval.Runner{Engine: k.Engine, Base: base, Attach: attacher(k)}).Run(cmd.Context(), items, write)
			if err == nil {
				err = done()
			}
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(s)
			}
			a.printSummary(&s)
			return nil
		},
	}
	cmd.Flags().StringVar(&details, "details", "", "write one JSON line for every item to this file")
	return cmd
}

func readItems(file string) ([]eval.Item, error) {
	f, err := cli.OpenInput(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return eval.Read(f)
}

// attacher stores attachments where the backend finds them.
func attacher(k *local.Local) func(context.Context, eval.Attachment) (plan.Attachment, error) {
	return func(ctx context.Context, at eval.Attachment) (plan.Attachment, error) {
		id, err := k.Blocks.PutBlock(ctx, rawCodec, []byte(at.Text))
		if err != nil {
			return plan.Attachment{}, err
		}
		return plan.Attachment{
			Name: at.Name, MediaType: at.MediaType, CID: id, Bytes: int64(len(at.Text)), Head: []byte(at.Text[:min(len(at.Text), attachmentHead)]),
		}, nil
	}
}

// detailWriter writes details to a file, or nowhere without one.
func detailWriter(file string) (write func(eval.Detail) error, done func() error, err error) {
	if file == "" {
		return func(eval.Detail) error { return nil }, func() error { return nil }, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, nil, cli.Usagef("%v", err)
	}
	out := bufio.NewWriter(f)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	return func(d eval.Detail) error { return enc.Encode(d) }, func() error {
		if err := out.Flush(); err != nil {
			return contracts.Errorf(contracts.CodeInternal, file, "write details: %w", err)
		}
		return f.Close()
	}, nil
}

func (a *app) printSummary(s *eval.Summary) {
	a.printf(`items       %d
answered    %d
abstained   %d
correct     %d
wrong       %d (%.2f per 1,000, 95 %%: %.2f to %.2f)
false fires %d
planning    %.0f us p50, %.0f us p99
`, s.Items, s.Answered, s.Abstained, s.Correct, s.Wrong, s.WrongPer1000, s.Wilson95[0], s.Wilson95[1], s.FalseFires, s.P50US, s.P99US)
	for _, h := range sortedKeys(s.ByHandler) {
		a.printf("  %-24s %d\n", h, s.ByHandler[h])
	}
}
