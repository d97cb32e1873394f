package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/internal/cluster"
	"github.com/spf13/cobra"
)

const rootLong = `krako submits graphs of work to a coordinator, follows them, fetches what they
produce and checks the signatures. With 'krako up' it also runs a whole cluster on
this machine: a coordinator and three nodes.

Commands that talk to a coordinator find the one that 'krako up' started here;
--api or KRAKO_API names another one.

Exit codes: 0 ok, 1 the run failed, 2 usage, 3 budget used up, 4 invalid input,
5 coordinator not reachable.`

const rootExample = `  krako up                             # a cluster on this machine
  krako run render --out scene.png     # in another terminal: path-trace a picture on it
  krako run logs --input access.log    # summarise a web server's log
  krako sessions                       # what ran
  krako verify SESSION                 # check every signature again`

// app is what every command shares.
type app struct {
	stdout, stderr io.Writer
	api            string
	json           bool
	dir            string
}

// run executes the command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	a := &app{stdout: stdout, stderr: stderr}
	root := &cobra.Command{
		Use: "krako", Short: "Run graphs of work on machines that nobody has to trust", Long: rootLong, Example: rootExample,
		Version: cli.Version(), SilenceErrors: true, SilenceUsage: true, Args: exactly(),
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			s := cli.Settings{Flags: cmd.Root().PersistentFlags(), Getenv: os.LookupEnv}
			if err := s.Fill(""); err != nil {
				return &cli.UsageError{Err: err}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	dir, _ := cli.DataDir("up") // empty where there is no home; up then asks for --dir
	root.PersistentFlags().StringVar(&a.api, "api", "", "base URL of the coordinator (default: the one of 'krako up')")
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print JSON")
	root.PersistentFlags().StringVar(&a.dir, "dir", dir, "directory of the local cluster")
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &cli.UsageError{Err: err} })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		a.upCommand(), a.downCommand(), a.runCommand(), a.submitCommand(), a.getCommand(), a.watchCommand(), a.cancelCommand(),
		a.sessionsCommand(), a.nodesCommand(), a.tasksCommand(), a.taskCommand(), a.verifyCommand(), a.blockCommand(), a.benchCommand(), a.simCommand(), a.ledgerCommand(),
	)
	return cli.Report(stderr, "krako", root.ExecuteContext(ctx))
}

// exactly is cobra.ExactArgs with an error that names what is missing.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return cli.Usagef("%s takes %d argument(s) %v, not %d", cmd.CommandPath(), len(names), names, len(args))
		}
		return nil
	}
}

// errNoCoordinator is what a user sees who has not started anything yet.
var errNoCoordinator = contracts.Errorf(contracts.CodeNetwork, "", "no coordinator is running here; start one with 'krako up' or name one with --api")

// client returns a client of the coordinator that the flags point at.
func (a *app) client() (*client.Client, error) {
	if a.api != "" {
		return client.New(a.api)
	}
	e, err := cluster.ReadEndpoint(cluster.EndpointFile(cluster.CoordDir(a.dir)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoCoordinator
	}
	if err != nil {
		return nil, err
	}
	// A cluster that is up starts a coordinator that died again: that is worth
	// waiting for.
	if _, up := runningCluster(a.dir); !up && !alive(e.PID) {
		return nil, errNoCoordinator
	}
	return client.New(e.API)
}

// printJSON writes v as indented JSON.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.stdout, format, args...) }
