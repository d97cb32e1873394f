package main

import (
	"context"
	"io"
	"log/slog"

	"github.com/krako-labs/krako/internal/cli"
	"github.com/spf13/cobra"
)

const long = `krako-coord takes graphs of work units over HTTP, gives the units to the nodes
that connect to it, checks what they sign, and keeps everything in a durable log.

It listens for programs over HTTP (--api) and for nodes over libp2p (--listen).
Everything it must not lose is in --data-dir; stopping it, even with kill -9, loses
no accepted graph and no acknowledged result.

Programs need an API key. The owner of --data-dir has one in admin.key there, which
krako finds by itself; 'krako keys new' makes others. On an address that other
machines reach, the API speaks TLS only. Without a certificate from elsewhere the
coordinator makes its own and prints its fingerprint, which clients pin
(KRAKO_API_PIN).

With --log the log is on a NATS JetStream cluster instead. Two or more coordinators
that name the same log are one: the first leads, the others wait, and when the
leader falls silent for --log-lease one of them takes over. The servers must sync
always (sync_interval: always). Each coordinator keeps copies of blocks in its own
--data-dir; losing that loses nothing.

Every flag can also be given as an environment variable (--data-dir as
KRAKO_DATA_DIR) or as a member of a JSON file (data_dir) named by --config.`

const example = `  # A coordinator for the machines of a lab
  krako-coord --data-dir /var/lib/krako --rendezvous our-lab

  # The same on two machines, with the log on three NATS servers
  krako-coord --rendezvous our-lab --log nats://10.0.0.1:4222,nats://10.0.0.2:4222,nats://10.0.0.3:4222

  # The same, with the API on the network under a certificate of its own
  krako-coord --rendezvous our-lab --api 0.0.0.0:7700

  # The same with a language model on this machine
  krako-coord --rendezvous our-lab --pod-model ~/models/qwen2.5-7b-q8_0.gguf --pod-tier medium

  # Show what would be run, then stop
  krako-coord --config /etc/krako/coord.json --check

  # On another machine of the lab
  krako-node --rendezvous our-lab --mdns`

// The heap may grow by collectAt percent of what lives in it, some 75 MiB with units
// under way, and by collectMost where that is less.
const (
	collectAt   = 200
	collectMost = 150 << 20
)

// run executes the command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var s settings
	d := cli.Daemon{
		Command: &cobra.Command{Use: "krako-coord", Short: "Run graphs of work units on nodes that connect", Long: long, Example: example, Args: noArguments},
		Secrets: []string{"pod-attach-key"},
		Check:   s.validate,
		Serve: func(ctx context.Context, log *slog.Logger) error {
			cli.CollectAt(collectAt, collectMost)
			return serve(ctx, s, log)
		},
	}
	s.flags(d.Command.Flags())
	return d.Run(ctx, args, stdout, stderr)
}

func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return cli.Usagef("krako-coord takes no arguments, not %q", args)
	}
	return nil
}
