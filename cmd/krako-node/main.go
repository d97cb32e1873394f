// Command krako-node lends this machine's processor to a Krako cluster.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/krako-labs/krako/internal/sandbox/worker"
)

func main() {
	// The node starts this executable again for units to run in. What it starts
	// has no settings and no part in what follows.
	if len(os.Args) == 2 && os.Args[1] == worker.Argument {
		os.Exit(worker.Main())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
