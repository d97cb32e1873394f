package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/kora"
	"github.com/krako-labs/krako/kora/krakobackend"
)

type runFlags struct {
	on, key, pin string
	yes, events  bool
	save         string
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use: "run GRAPH", Short: "Run a task graph, here or on a fabric", Args: cli.Exactly("GRAPH"),
		Long: `run runs a task graph from a file, - for standard input: one that plan printed, or one
in KORA's Task IR 0.1. It prints the final output.

It runs here unless --on names the gateway of a Krako fabric. Before anything is sent
to a gateway for the first time you are asked; --yes is your answer where there is no
terminal. Nothing ever goes there by itself.`,
		Example: "  kora plan \"2 + 2\" | kora run -\n  kora run graph.json --save run.json && kora inspect run.json --format svg > run.svg\n  kora run graph.json --on https://krako.example --key ...",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.run(cmd.Context(), args[0], &f) },
	}
	cmd.Flags().StringVar(&f.on, "on", "", "the gateway of a fabric to run it on")
	cmd.Flags().StringVar(&f.key, "key", "", "your API key there (also KRAKO_KEY)")
	cmd.Flags().StringVar(&f.pin, "pin", "", "the pin of a gateway with a certificate of its own")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "agree that the graph and its data are sent there")
	cmd.Flags().BoolVar(&f.events, "events", false, "print every event on standard error, a JSON document a line")
	cmd.Flags().StringVar(&f.save, "save", "", "write graph and result to this file, for inspect and telemetry")
	return cmd
}

func (a *app) run(ctx context.Context, name string, f *runFlags) error {
	doc, err := a.readDocument(name)
	if err != nil {
		return err
	}
	backend, done, err := a.backend(ctx, f)
	if err != nil {
		return err
	}
	defer done()
	var o kora.Observer
	if f.events {
		enc := json.NewEncoder(a.stderr)
		o.Event = func(e contracts.Event) { _ = enc.Encode(e) } // standard error is gone: nobody to tell
	}
	doc.Result, err = (&kora.Engine{Backend: backend}).Run(ctx, doc.Graph, uuid.Must(uuid.NewV7()).String(), o)
	if err != nil {
		return err
	}
	if f.save != "" {
		b, err := json.MarshalIndent(doc, "", "  ")
		if err != nil {
			return fmt.Errorf("encode run: %w", err)
		}
		if err := cli.WriteFile(f.save, b); err != nil {
			return err
		}
	}
	if a.json {
		err = a.printJSON(doc.Result)
	} else if len(doc.Result.FinalOutput) > 0 && string(doc.Result.FinalOutput) != "null" {
		a.printf("%s\n", plainText(doc.Result.FinalOutput))
	}
	if err == nil && doc.Result.Metadata.Error != nil {
		return doc.Result.Metadata.Error
	}
	return err
}

// plainText is a JSON string's text, and other JSON as it is.
func plainText(j contracts.JSON) string {
	var s string
	if json.Unmarshal(j, &s) == nil {
		return s
	}
	return string(j)
}

// backend opens what runs the graph; done closes it.
func (a *app) backend(ctx context.Context, f *runFlags) (contracts.ExecutionBackend, func(), error) {
	if f.on == "" {
		k, err := a.openForGraphs(ctx)
		if err != nil {
			return nil, nil, err
		}
		return k.Backend, func() { k.Close(context.WithoutCancel(ctx)) }, nil
	}
	c, err := client.New(f.on, client.WithKey(f.key), client.WithPin(f.pin))
	if err != nil {
		return nil, nil, err
	}
	return krakobackend.New(c, f.on, cli.Version(), a.consent(f.yes)), func() {}, nil
}

// consent asks on the terminal, once for a gateway: a yes is kept in the data
// directory.
func (a *app) consent(yes bool) krakobackend.Consent {
	return func(_ context.Context, q krakobackend.Question) (bool, error) {
		file := filepath.Join(a.dir, "consent.json")
		var agreed map[string]bool
		if b, err := os.ReadFile(file); err == nil {
			_ = json.Unmarshal(b, &agreed) // what cannot be read is no consent
		}
		if yes || agreed[q.Gateway] {
			return true, nil
		}
		if !cli.IsTerminal(a.stdout) {
			return false, contracts.Errorf(contracts.CodePrivacyViolation, q.Gateway, "say --yes to send data there")
		}
		fmt.Fprintf(a.stderr, "This sends a graph of %d units (%d ask a model) and its data to %s. Agree, now and for later runs? [y/N] ", q.Units, q.Models, q.Gateway)
		answer, err := bufio.NewReader(a.stdin).ReadString('\n')
		if err != nil || !strings.EqualFold(strings.TrimSpace(answer), "y") {
			return false, err
		}
		if a.dir == "" {
			return true, nil
		}
		if agreed == nil {
			agreed = map[string]bool{}
		}
		agreed[q.Gateway] = true
		b, err := json.Marshal(agreed)
		if err != nil {
			return false, err
		}
		return true, cli.WriteFile(file, b)
	}
}
