package main

import (
	"context"
	"fmt"
	"os"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/spf13/cobra"
)

func (a *app) blockCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "block", Short: "Upload and download blocks by content address", Args: exactly(),
		Example: "  krako block put module.wasm\n  krako block get bafkrei… --out scene.png",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.blockPut(), a.blockGet())
	return cmd
}

func (a *app) blockPut() *cobra.Command {
	return &cobra.Command{
		Use: "put FILE", Short: "Store a file as a raw block and print its address", Args: exactly("FILE"),
		Example: "  krako block put module.wasm",
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := cli.ReadInput(args[0])
			if err != nil {
				return err
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			id, err := c.PutBlock(cmd.Context(), cid.Raw, data)
			if err != nil {
				return err
			}
			a.printf("%s\n", id)
			return nil
		},
	}
}

func (a *app) blockGet() *cobra.Command {
	var out, session string
	cmd := &cobra.Command{
		Use: "get CID", Short: "Fetch a block, verified, to a file or standard output", Args: exactly("CID"),
		Example: "  krako block get bafkrei… --out scene.png",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := cid.Decode(args[0])
			if err != nil {
				return cli.Usagef("%q is not a CID: %w", args[0], err)
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			get := c.GetBlock
			if session != "" {
				get = func(ctx context.Context, id cid.Cid) ([]byte, error) {
					return c.BlockOf(ctx, contracts.SessionID(session), id)
				}
			}
			data, err := get(cmd.Context(), id)
			if err != nil {
				return err
			}
			if out == "" {
				_, err = a.stdout.Write(data)
				return err
			}
			if err := os.WriteFile(out, data, 0o644); err != nil {
				return fmt.Errorf("write block: %w", err)
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "file to write")
	cmd.Flags().StringVar(&session, "session", "", "session that the block is of, for a unit's invocation or result")
	return cmd
}
