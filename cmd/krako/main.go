// Command krako is the client of a Krako coordinator and runs a local cluster.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/krako-labs/krako/internal/sandbox/worker"
)

func main() {
	// What measures worker processes starts this executable again to be one.
	if len(os.Args) == 2 && os.Args[1] == worker.Argument {
		os.Exit(worker.Main())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
