package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/krako-labs/krako/contracts"
	"github.com/spf13/cobra"
)

// Daemon is a program that serves until it is told to stop, and all of whose
// settings are flags, which variables and a file can give, too.
type Daemon struct {
	// Command has the words of the help, and the settings as its flags.
	Command *cobra.Command
	// Secrets are the flags that --check does not print.
	Secrets []string
	// Check reports every problem that shows in the settings before anything is opened.
	Check func() error
	// Serve runs until ctx ends.
	Serve func(ctx context.Context, log *slog.Logger) error

	logLevel   string
	cpuProfile string
}

// Run executes the command line, reports the error if there is one, and returns
// the exit code.
func (d *Daemon) Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var config string
	var check bool
	cmd := d.Command
	cmd.Version, cmd.SilenceErrors, cmd.SilenceUsage = Version(), true, true
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &UsageError{Err: err} })
	cmd.Flags().StringVar(&d.logLevel, "log-level", "info", "debug, info, warn or error")
	cmd.Flags().StringVar(&d.cpuProfile, "cpu-profile", "", "file to write a CPU profile of this process to, for go tool pprof")
	cmd.Flags().StringVar(&config, "config", "", "JSON file with settings")
	cmd.Flags().BoolVar(&check, "check", false, "check the settings, print them and stop")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		source := Settings{Flags: cmd.Flags(), Getenv: os.LookupEnv, Skip: []string{"config", "check", "help", "version"}}
		if err := source.Fill(config); err != nil {
			return &UsageError{Err: err}
		}
		if err := errors.Join(checkLogLevel(d.logLevel), d.Check()); err != nil {
			return &UsageError{Err: err}
		}
		if check {
			source.Skip = append(source.Skip, d.Secrets...)
			_, err := stdout.Write(source.Effective())
			return err
		}
		return d.serve(cmd.Context(), stderr)
	}
	return Report(stderr, cmd.Name(), cmd.ExecuteContext(ctx))
}

func (d *Daemon) serve(ctx context.Context, stderr io.Writer) (err error) {
	log, err := Logger(stderr, d.logLevel)
	if err != nil {
		return err
	}
	stop, err := ProfileCPU(d.cpuProfile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	return d.Serve(ctx, log)
}

func checkLogLevel(level string) error {
	if new(slog.Level).UnmarshalText([]byte(level)) != nil {
		return fmt.Errorf("--log-level is %q, not debug, info, warn or error", level)
	}
	return nil
}

// ByFlag words problems of settings, joined or not, by the flags that give them.
// What the network says of its part, whose offender is network, names its
// setting already.
func ByFlag(err error, network string) error {
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		var each []error
		for _, e := range all.Unwrap() {
			each = append(each, ByFlag(e, network))
		}
		return errors.Join(each...)
	}
	e, ok := errors.AsType[*contracts.Error](err)
	switch {
	case !ok:
		return err
	case e.Offender == network:
		return errors.New(e.Message)
	}
	return fmt.Errorf("--%s %s", strings.ReplaceAll(e.Offender, "_", "-"), e.Message)
}
