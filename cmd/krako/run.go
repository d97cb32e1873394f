package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/spf13/cobra"
)

func (a *app) runCommand() *cobra.Command {
	var (
		out   string
		quote bool
	)
	cmd := &cobra.Command{
		Use: "run GRAPH.json", Short: "Run a graph or an example, show its progress, write its output",
		Long: `run submits a graph, shows its progress, writes its output and checks the signature
of every result. GRAPH.json is a TaskGraph document; render, logs and docs are examples
that build one.

Ctrl-C cancels the graph.`,
		Example: `  krako run render --out scene.png
  krako run logs --input access.log
  krako run docs --input docs "What happens to a lost lease?"
  krako run graph.json --out answer.json
  krako run graph.json --quote`,
		Args: exactly("GRAPH.json"),
		RunE: func(cmd *cobra.Command, args []string) error {
			g, err := readGraph(args[0])
			if err != nil {
				return err
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			if quote {
				return a.quote(cmd.Context(), c, g)
			}
			return a.execute(cmd.Context(), c, g, out)
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "file for the final output (default: print it)")
	cmd.Flags().BoolVar(&quote, "quote", false, "say what the graph costs at most, and do not run it")
	cmd.AddCommand(a.renderCommand(), a.logsCommand(), a.docsCommand())
	return cmd
}

// readGraph reads and checks a TaskGraph document.
func readGraph(path string) (*contracts.TaskGraph, error) {
	doc, err := cli.ReadInput(path)
	if err != nil {
		return nil, err
	}
	return contracts.ParseGraph(doc, contracts.DefaultLimits())
}

// execute runs a graph to its end and writes its output to the file out, or to
// standard output when out is "".
func (a *app) execute(ctx context.Context, c *client.Client, g *contracts.TaskGraph, out string) error {
	res, err := c.Submit(ctx, g, contracts.SubmissionMetadata{
		SubmittedAt: contracts.Time{Time: time.Now()}, KoraVersion: "krako-cli/" + cli.Version(),
	})
	if err != nil {
		return err
	}
	if !a.json {
		fmt.Fprintf(a.stderr, "Session %s: %d units, graph %s\n", res.SessionID, len(g.WorkUnits), res.GraphCID)
	}
	if err := a.follow(ctx, c, res.SessionID); err != nil {
		return a.cancelled(ctx, c, res.SessionID, err)
	}
	r, err := c.Wait(ctx, res.SessionID)
	if err != nil {
		return err
	}
	return a.conclude(ctx, c, res.SessionID, r, out)
}

// cancelled cancels a session whose caller was interrupted.
func (a *app) cancelled(ctx context.Context, c *client.Client, id contracts.SessionID, cause error) error {
	if ctx.Err() == nil {
		return cause
	}
	late, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	if err := c.Cancel(late, id); err != nil {
		return fmt.Errorf("cancel session %s: %w", id, err)
	}
	fmt.Fprintf(a.stderr, "Session %s is cancelled.\n", id)
	return &endedError{contracts.StopCancelled, &contracts.Error{Code: contracts.CodeCancelled, Message: "interrupted"}}
}

// conclude writes the output of a session that has ended and says what
// happened.
func (a *app) conclude(ctx context.Context, c *client.Client, id contracts.SessionID, r *contracts.ExecutionResult, out string) error {
	ended := endOf(r)
	if a.json {
		if err := a.printJSON(r); err != nil {
			return err
		}
		if out == "" {
			return ended
		}
	}
	if r.Metadata.Output != nil {
		if err := a.save(ctx, c, r, out); err != nil {
			return err
		}
	}
	checked, err := checkSignatures(ctx, c, id)
	if err != nil {
		return errors.Join(ended, err)
	}
	if !a.json {
		a.summarise(r, checked)
	}
	return ended
}

// selected returns the part of an output that the graph selects: the final
// output, unless that is the whole, whose bytes are as the unit wrote them, or the
// output is not JSON.
func selected(whole []byte, final contracts.JSON) []byte {
	if len(final) == 0 || string(final) == "null" {
		return whole
	}
	if doc, err := contracts.NewJSON(whole); err == nil && bytes.Equal(doc, final) {
		return whole
	}
	return final
}

// save writes the final output, or what the graph selects of it. Standard output
// gets JSON only.
func (a *app) save(ctx context.Context, c *client.Client, r *contracts.ExecutionResult, out string) error {
	o := r.Metadata.Output
	if out == "" {
		if len(r.FinalOutput) > 0 && string(r.FinalOutput) != "null" {
			return a.printJSON(r.FinalOutput)
		}
		fmt.Fprintf(a.stderr, "The output is %s (%d bytes); --out FILE or 'krako block get %s' fetches it.\n", o.MediaType, o.Bytes, o.CID)
		return nil
	}
	data, err := c.GetBlock(ctx, o.CID.Cid)
	if err != nil {
		return err
	}
	data = selected(data, r.FinalOutput)
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	if err := os.WriteFile(out, data, 0o644); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	fmt.Fprintf(a.stderr, "Wrote %s (%s, %d bytes)\n", out, o.MediaType, o.Bytes)
	return nil
}

// endedError is a session that did not complete.
type endedError struct {
	reason contracts.StopReason
	cause  *contracts.Error
}

func endOf(r *contracts.ExecutionResult) error {
	if r.Metadata.State == contracts.SessionCompleted {
		return nil
	}
	return &endedError{r.Metadata.StopReason, r.Metadata.Error}
}

func (e *endedError) Error() string {
	if e.cause == nil {
		return "session ended: " + string(e.reason)
	}
	return fmt.Sprintf("session ended: %s: %s", e.reason, e.cause)
}

// Unwrap gives the exit code its reason.
func (e *endedError) Unwrap() error {
	switch e.reason {
	case contracts.StopBudgetExhausted:
		return &contracts.Error{Code: contracts.CodeBudgetExceeded}
	case contracts.StopValidationFailed:
		return &contracts.Error{Code: contracts.CodeValidation}
	}
	return nil
}
