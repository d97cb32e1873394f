package main

import (
	"fmt"
	"os"

	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/node"
	"github.com/spf13/cobra"
)

func rotateCommand() *cobra.Command {
	var o order
	cmd := &cobra.Command{
		Use: "rotate", Short: "Give the node that is set up here a new key", Args: noMore,
		Long: `rotate replaces the key by which clusters know this machine, say because somebody
may have copied it. The node must not run. The old key signs that the new one takes
its place and is deleted; at its next start the node shows that to its coordinator,
which carries over everything it knows of the node and refuses the old key from
then on. Whoever has a copy of the old key could do the same before you: rotate
soon. A node of the trusted zone stays in it only once its new name is in the list
that the coordinator is started with.`,
		Example: "  systemctl stop krako-node\n  krako-node rotate --data-dir /var/lib/krako-node\n  systemctl start krako-node",
		RunE: func(cmd *cobra.Command, _ []string) error {
			source := cli.Settings{Flags: cmd.Flags(), Getenv: os.LookupEnv, Skip: skip}
			if err := source.Fill(o.config); err != nil {
				return &cli.UsageError{Err: err}
			}
			was, now, err := node.Rotate(o.s.node.DataDir)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is %s from now on.\n", was, now)
			return err
		},
	}
	o.register(cmd)
	return cmd
}
