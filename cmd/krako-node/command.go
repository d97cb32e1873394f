package main

import (
	"context"
	"io"
	"log/slog"

	"github.com/krako-labs/krako/internal/cli"
	"github.com/spf13/cobra"
)

const long = `krako-node lends this machine's processor to a Krako cluster. It connects to a
coordinator, runs the WebAssembly units it is given, and signs what comes out.

It takes no inbound connections. What it runs sees no network, no file and no
clock of this machine; it runs in worker processes (krako-node worker) that have
next to no rights and that the node ends when they overrun their bounds. Name a coordinator with --coordinator, or let the node look
for one with --mdns (this local network) or --dht.

It stands back: units run only on what no other program wants of the processors,
not on battery, and, if you say so, only at some hours (--hours), when nobody is
there (--idle-for), with a part of the time (--cpu-share) or while the machine has
little else to do (--max-load). krako-node pause stops it at once, status says
what it does, why it is paused and what it did on the last days.

The key by which the cluster knows this machine is made at the first start and
kept in --data-dir: a lost key is a lost reputation. SIGTERM and Ctrl-C finish
and deliver what was begun, for at most --drain-timeout; a second one ends at once.

Every flag can also be given as an environment variable (--data-dir as
KRAKO_DATA_DIR) or as a member of a JSON file (data_dir) named by --config.

Exit codes: 0 stopped as asked, 1 failed, 2 called wrongly, 5 no coordinator for
--give-up-after.`

const example = `  # Work for whatever cluster of this name is on the local network
  krako-node --rendezvous our-lab --mdns

  # Lend two processors and 2 GiB to one coordinator
  krako-node --coordinator /ip4/192.0.2.7/udp/7701/quic-v1/p2p/12D3KooW... \
             --slots 2 --memory-mb 2048

  # Show what would be run, then stop
  krako-node --config /etc/krako/node.json --check

  # Work at night and while I am away, with half of the time of two processors
  krako-node --mdns --hours 22:00-07:00 --idle-for 10m --slots 2 --cpu-share 50

  # Stop working for two hours, go on, see what it did
  krako-node pause --for 2h
  krako-node resume
  krako-node status

  # The same for machines
  krako-node --mdns --status 127.0.0.1:7710 &
  curl http://127.0.0.1:7710/status`

// collectAt is how far the heap may grow, in percent: a few MiB live in it, and
// every unit leaves 3 KiB of garbage.
const collectAt = 400

// collectMost bounds that in bytes where more lives.
const collectMost = 64 << 20

// run executes the command line and returns the exit code. When ctx ends the
// node drains.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var s settings
	d := cli.Daemon{
		Command: &cobra.Command{Use: "krako-node", Short: "Lend this machine's processor to a Krako cluster", Long: long, Example: example, Args: noArguments},
		Secrets: []string{"token"},
		Check:   s.validate,
		Serve: func(ctx context.Context, log *slog.Logger) error {
			cli.CollectAt(collectAt, collectMost)
			var person io.Writer
			if cli.IsTerminal(stderr) {
				person = stderr
			}
			return serve(ctx, s, log, person)
		},
	}
	s.flags(d.Command.Flags())
	d.Command.AddCommand(pauseCommand(), resumeCommand(), statusCommand(), earningsCommand(), rotateCommand())
	return d.Run(ctx, args, stdout, stderr)
}

func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return cli.Usagef("%q is neither a flag nor one of pause, resume and status", args[0])
	}
	return nil
}
