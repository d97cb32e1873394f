package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones must be the same on every machine

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/kora/local"
	"github.com/krako-labs/krako/kora/localbackend"
	"github.com/krako-labs/krako/kora/reasoner"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const rootLong = `kora answers messages. It first looks for a way to compute the answer: arithmetic,
dates, units, texts, tables, documents. What it can compute runs as sandboxed
WebAssembly and costs no tokens; what it cannot is left to a model, if there is one.
Everything says how it was answered, and can be run again.

Exit codes: 0 ok, 1 the run failed or there is no answer, 2 usage, 3 budget used
up, 4 invalid input or a file that cannot be read, 5 backend not reachable.`

// app is what every command shares.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	json           bool
	dir            string
	zone, locale   string
	now            string
	routes         string
	model          modelFlags
}

// run executes the command line and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	root := &cobra.Command{
		Use: "kora", Short: "Answer without a model where that can be done", Long: rootLong,
		Example: `  kora ask "what is 15% of 2,340"
  kora plan --explain "how many days until 25 December 2026"`,
		Version: cli.Version(), SilenceErrors: true, SilenceUsage: true, Args: cli.Exactly(),
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			s := cli.Settings{Flags: cmd.Root().PersistentFlags(), Getenv: os.LookupEnv}
			err := s.Fill("")
			// Other users see a command line: secrets of one command may be variables too.
			for _, name := range []string{"token", "key"} {
				if f := cmd.LocalFlags().Lookup(name); err == nil && f != nil {
					own := pflag.NewFlagSet(name, pflag.ContinueOnError)
					own.AddFlag(f)
					err = (cli.Settings{Flags: own, Getenv: os.LookupEnv}).Fill("")
				}
			}
			if err != nil {
				return &cli.UsageError{Err: err}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	dir, _ := cli.DataDir("kora") // empty where there is no home: then compiled tasks are kept in memory
	f := root.PersistentFlags()
	f.BoolVar(&a.json, "json", false, "print JSON")
	f.StringVar(&a.dir, "data-dir", dir, "where compiled tasks, history and settings are kept")
	f.StringVar(&a.zone, "zone", localZone(), "time zone that dates and times are meant in")
	f.StringVar(&a.locale, "locale", "en-US", "how dates and numbers are read: en-US, en-GB, ...")
	f.StringVar(&a.routes, "routes", "", "file with known questions, rules, a classifier and the answers to labels")
	f.StringVar(&a.now, "now", "", "what the clock says, as 2026-11-28T12:00:00Z (default: the machine's)")
	f.StringArrayVar(&a.model.servers, "model-server", nil, "a server of models, as ollama=http://127.0.0.1:11434 (also llama.cpp=, lmstudio=; default: those that run here)")
	f.BoolVar(&a.model.none, "no-models", false, "never ask a model")
	f.BoolVar(&a.model.remote, "allow-remote-models", false, "let a --model-server be another computer; what is asked leaves this one then")
	f.BoolVar(&a.model.plans, "model-plans", false, "let a model plan what cannot be read, with the tasks there are; its plan is checked before it runs (also of serve, mcp and studio)")
	f.StringVar(&a.model.name, "model", "", "which model to ask (default: the first that is there)")
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &cli.UsageError{Err: err} })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		a.askCommand(), a.planCommand(), a.evalCommand(), a.routerCommand(), a.studioCommand(),
		a.serveCommand(), a.mcpCommand(),
		a.chatCommand(), a.runCommand(), a.inspectCommand(), a.graphCommand(), a.telemetryCommand(),
	)
	cli.FitHelp(root)
	cmd, err := root.ExecuteContextC(ctx)
	return cli.Report(stderr, cmd.CommandPath(), err)
}

// localZone is the machine's zone by name, UTC where it has none.
func localZone() string {
	if z := time.Local.String(); z != "Local" {
		return z
	}
	if link, err := os.Readlink("/etc/localtime"); err == nil {
		if _, zone, ok := strings.Cut(link, "zoneinfo/"); ok {
			return zone
		}
	}
	return "UTC"
}

// open starts a KORA in this process that asks no model.
func (a *app) open(ctx context.Context) (*local.Local, error) { return a.openWith(ctx, nil) }

// openWithModels starts a KORA in this process, with the models of this machine if
// there are any.
func (a *app) openWithModels(ctx context.Context) (*local.Local, *reasoner.Reasoner, error) {
	models, err := a.models(ctx)
	if err != nil {
		return nil, nil, err
	}
	if models == nil {
		k, err := a.openWith(ctx, nil)
		return k, nil, err
	}
	k, err := a.openWith(ctx, models)
	return k, models, err
}

// openForGraphs is openWithModels for graphs that somebody else made. Where there is no
// model, units that ask one are not refused but fail: they may never come to run.
func (a *app) openForGraphs(ctx context.Context) (*local.Local, error) {
	models, err := a.models(ctx)
	if err != nil {
		return nil, err
	}
	if models == nil {
		return a.openWith(ctx, absent{})
	}
	return a.openWith(ctx, models)
}

// absent is the model where there is none.
type absent struct{}

func (absent) Invoke(context.Context, reasoner.Call, func(reasoner.Piece)) (reasoner.Answer, error) {
	return reasoner.Answer{}, contracts.Errorf(contracts.CodeModelUnavailable, "model", "there is no model to ask: start a server of models, or name one with --model-server")
}

func (a *app) openWith(ctx context.Context, models localbackend.Models) (*local.Local, error) {
	o := local.Options{Version: cli.Version(), Models: models}
	if a.dir != "" {
		o.CacheDir = filepath.Join(a.dir, "compiled")
		if cli.IsTerminal(a.stderr) && nothingIn(o.CacheDir) {
			fmt.Fprintln(a.stderr, "kora: tasks are compiled for this computer when they are first used, which takes some seconds, and kept in", o.CacheDir)
		}
	}
	k, err := local.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	k.ModelPlans = a.model.plans
	if err := a.storeRoutes(ctx, k); err != nil {
		k.Close(context.WithoutCancel(ctx))
		return nil, err
	}
	return k, nil
}

// nothingIn reports whether a directory is empty or not there.
func nothingIn(dir string) bool {
	entries, err := os.ReadDir(dir)
	return len(entries) == 0 && (err == nil || errors.Is(err, fs.ErrNotExist))
}

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.stdout, format, args...) }

func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
