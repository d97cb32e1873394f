package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/spf13/cobra"
)

func (a *app) taskCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "task", Short: "Write, build, test and upload WebAssembly tasks", Args: exactly(),
		Long: `task works on task directories: a program and a task.json that says what its
entries do, with examples. docs/tasks.md tells how to write one, in Go or in any
language that compiles to WebAssembly.`,
		Example: `  krako task new wordcount
  krako task test wordcount
  krako task push wordcount`,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.taskNew(), a.taskBuild(), a.taskTest(), a.taskPush(), a.taskInspect())
	return cmd
}

// atMost is exactly for arguments that may be left out.
func atMost(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > len(names) {
			return cli.Usagef("%s takes at most %d argument(s) %v, not %d", cmd.CommandPath(), len(names), names, len(args))
		}
		return nil
	}
}

// here is the directory that an optional argument names.
func here(args []string) string {
	if len(args) == 0 {
		return "."
	}
	return args[0]
}

// withSandbox calls fn with a sandbox that keeps native code in the user's cache
// directory, where there is one.
func withSandbox(ctx context.Context, fn func(*sandbox.Sandbox) error) error {
	var cfg sandbox.Config
	if dir, err := os.UserCacheDir(); err == nil {
		cfg.CacheDir = filepath.Join(dir, "krako", "sandbox")
	}
	s, err := sandbox.New(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(fn(s), s.Close(context.WithoutCancel(ctx)))
}
