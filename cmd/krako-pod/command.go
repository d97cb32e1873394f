package main

import (
	"context"
	"io"
	"log/slog"

	"github.com/krako-labs/krako/internal/cli"
	"github.com/spf13/cobra"
)

const long = `krako-pod serves a language model to a Krako cluster. It runs a llama-server of
llama.cpp on the model you name, or uses one that runs already, and joins a
coordinator as a pod: units of type llm come to it and to no CPU node.

It takes no inbound connections. The server listens on a socket that only this
user can reach; it is started again when it dies and killed when it hangs. Each
session has a slot of its own: what one has said is never read by another.
Prompts and answers are not logged.

Profiles: with --profile replay the same question gets the same answer, bit for
bit, whatever else the server does (weights F32, F16, Q8_0, Q4_0; others are
served one at a time). With --profile fast it may differ in the last digits.

llama-server is looked for on the PATH and where scripts/llama-server installs
it. No model at hand? 'krako-pod model' writes a small one. It talks nonsense: it
is for trying things out.

Every flag can also be given as an environment variable (--data-dir as
KRAKO_DATA_DIR) or as a member of a JSON file (data_dir) named by --config.`

const example = `  # Serve a model to whatever cluster of this name is on the local network
  krako-pod --model ~/models/qwen2.5-7b-q8_0.gguf --tier medium --rendezvous our-lab --mdns

  # Serve two models that do not fit together, and none while nobody asks
  krako-pod --model small.gguf --model other.gguf --loaded 1 --unload-after 10m --mdns

  # Use a server that runs already
  krako-pod --attach http://127.0.0.1:8080 --slots 2 --coordinator /ip4/192.0.2.7/udp/7701/quic-v1/p2p/12D3KooW...

  # Try it without a download
  krako-pod model --out nonsense.gguf && krako-pod --model nonsense.gguf --mdns`

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var s settings
	d := cli.Daemon{
		Command: &cobra.Command{Use: "krako-pod", Short: "Serve a language model to a Krako cluster", Long: long, Example: example, Args: noArguments},
		Secrets: []string{"token", "attach-key"},
		Check:   s.complete,
		Serve:   func(ctx context.Context, log *slog.Logger) error { return serve(ctx, s, log) },
	}
	s.flags(d.Command.Flags())
	d.Command.AddCommand(modelCommand(stdout), rotateCommand())
	return d.Run(ctx, args, stdout, stderr)
}

func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return cli.Usagef("%q is not a flag; everything is set by flags", args[0])
	}
	return nil
}
