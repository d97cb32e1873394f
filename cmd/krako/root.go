package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/krako-labs/krako/internal/cli"
	"github.com/spf13/cobra"
)

const rootLong = `krako submits graphs of work to a coordinator, follows them, fetches what they
produce and checks the signatures. With 'krako up' it also runs a whole cluster on
this machine: a coordinator and three nodes.

Commands that talk to a coordinator find the one that 'krako up' started here;
--api or KRAKO_API names another one. A coordinator of this user on this machine
needs no key. For another one, take an API key from whoever runs it and set
KRAKO_API_KEY; a coordinator with a certificate of its own also needs KRAKO_API_PIN,
the fingerprint that it prints. All of these can stand in the file --config names:
  {"api": "https://krako.example:7700", "api_key": "kk_…", "api_pin": "sha256:…"}

Exit codes: 0 ok, 1 the run failed, 2 usage, 3 budget used up, 4 invalid input or a file
that cannot be read, 5 coordinator not reachable.`

const rootExample = `  krako up                             # a cluster on this machine
  krako run render --out scene.png     # in another terminal: path-trace a picture on it
  krako run logs --input access.log    # summarise a web server's log
  krako sessions                       # what ran
  krako verify SESSION                 # check every signature again`

// app is what every command shares.
type app struct {
	stdout, stderr io.Writer
	api, key, pin  string
	json           bool
	dir            string
}

// run executes the command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	a := &app{stdout: stdout, stderr: stderr}
	var config string
	root := &cobra.Command{
		Use: "krako", Short: "Run graphs of work on machines that nobody has to trust", Long: rootLong, Example: rootExample,
		Version: cli.Version(), SilenceErrors: true, SilenceUsage: true, Args: exactly(),
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			s := cli.Settings{Flags: cmd.Root().PersistentFlags(), Getenv: os.LookupEnv, Skip: []string{"config"}}
			file, err := configFile(config)
			if err == nil {
				err = s.Fill(file)
			}
			if err != nil {
				return &cli.UsageError{Err: err}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	dir, _ := cli.DataDir("up") // empty where there is no home; up then asks for --dir
	root.PersistentFlags().StringVar(&a.api, "api", "", "base URL of the coordinator (default: the one of 'krako up')")
	root.PersistentFlags().StringVar(&a.key, "api-key", "", "API key; better given as KRAKO_API_KEY, where other users do not see it")
	root.PersistentFlags().StringVar(&a.pin, "api-pin", "", "fingerprint of the coordinator's own certificate (sha256:…)")
	root.PersistentFlags().StringVar(&config, "config", "", "JSON file with these settings (default: krako/config.json among the user's settings, if it is there)")
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print JSON")
	root.PersistentFlags().StringVar(&a.dir, "dir", dir, "directory of the local cluster")
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &cli.UsageError{Err: err} })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		a.upCommand(), a.downCommand(), a.runCommand(), a.submitCommand(), a.getCommand(), a.watchCommand(), a.cancelCommand(),
		a.sessionsCommand(), a.nodesCommand("nodes", "  krako nodes\n  krako --json nodes"), a.podsCommand(), a.topCommand(), a.tasksCommand(), a.taskCommand(), a.verifyCommand(), a.explainCommand(), a.blockCommand(), a.benchCommand(), a.simCommand(), a.ledgerCommand(),
		a.trustCommand(), a.nodeCommand(), a.replayCommand(), a.diffCommand(),
		a.keysCommand(), a.quotaCommand(), a.publicCommand(), a.walletCommand(), a.pricesCommand(), a.statementCommand(), a.capacityCommand(), a.eventsCommand(), a.auditCommand(), a.rebuildCommand(), a.logCommand(),
	)
	cli.FitHelp(root)
	cmd, err := root.ExecuteContextC(ctx)
	code := cli.Report(stderr, cmd.CommandPath(), err)
	a.advise(err)
	return code
}

// exactly is short for what most commands here say.
func exactly(names ...string) cobra.PositionalArgs { return cli.Exactly(names...) }

// printJSON writes v as indented JSON.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.stdout, format, args...) }
