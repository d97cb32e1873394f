package main

import (
	"fmt"

	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/llmpod"
	"github.com/spf13/cobra"
)

func rotateCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "rotate", Short: "Give the pod that is set up here a new key", Args: cobra.NoArgs,
		Long: `rotate replaces the key by which clusters know this pod, which must not run. The old
key signs that the new one takes its place and is deleted; at its next start the pod
shows that to its coordinator, which carries over everything it knows of the pod and
refuses the old key from then on.`,
		Example: "  krako-pod rotate --data-dir /var/lib/krako/pod-1",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" {
				return cli.Usagef("name the pod's directory with --data-dir")
			}
			was, now, err := llmpod.Rotate(dir)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is %s from now on.\n", was, now)
			return err
		},
	}
	home, _ := cli.DataDir("pod") // empty where there is no home
	cmd.Flags().StringVar(&dir, "data-dir", home, "where the key is kept")
	return cmd
}
