package main

import (
	"cmp"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/spf13/cobra"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/contracts/jcs"
	"github.com/krako-labs/krako/internal/cli"
)

func (a *app) publicCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "public", Short: "Say which modules, inputs and blobs are nobody's secret", Args: exactly(),
		Long: `What is public may be read by every tenant. A result whose module, input and every
blob are public is used again by every tenant, if a node of the trusted zone
computed it; a tenant then learns that somebody computed it before. Tasks of the
catalogue are public modules. Everything else is private until it is added here:
also the input {}, and a blob under any other name than the one it was added with.`,
		Example: "  krako public add blob bafkrei… --name data\n  krako public add input '{}'\n  krako public list\n  krako public remove bafyrei…",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.publicAdd(), a.publicList(), a.publicRemove())
	return cmd
}

func (a *app) publicAdd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "add", Short: "Publish a module, an input or a blob", Args: exactly(),
		Long: `add needs an operator's key, of tenant *. Do not publish what says something by
being used: who is told that a result was known learns that somebody asked.`,
		Example: "  krako public add module bafkrei… --entry run\n  krako public add input '{\"lines\":true}'\n  krako public add blob bafkrei… --name data",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.publicAddModule(), a.publicAddInput(), a.publicAddBlob())
	return cmd
}

func (a *app) publicAddModule() *cobra.Command {
	p := contracts.Publication{As: contracts.PublicModule}
	cmd := &cobra.Command{
		Use: "module CID", Short: "Publish a module with one entry", Args: exactly("CID"),
		Example: "  krako public add module bafkrei…\n  krako public add module bafkrei… --entry run",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.publishBlock(cmd, p, args[0]) },
	}
	cmd.Flags().StringVar(&p.Name, "entry", "", "the entry that units name")
	return cmd
}

func (a *app) publicAddBlob() *cobra.Command {
	p := contracts.Publication{As: contracts.PublicBlob}
	cmd := &cobra.Command{
		Use: "blob CID", Short: "Publish a blob under the name that units mount it by", Args: exactly("CID"),
		Example: "  krako public add blob bafkrei… --name data",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.publishBlock(cmd, p, args[0]) },
	}
	cmd.Flags().StringVar(&p.Name, "name", "", "the name that units mount it by")
	_ = cmd.MarkFlagRequired("name") // fails only for a flag that is not there
	return cmd
}

func (a *app) publicAddInput() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "input [JSON]", Short: "Publish one input, by the bytes it comes to", Args: cobra.MaximumNArgs(1),
		Long:    "input publishes one value: units whose input is that, after everything is bound,\nhowever it is spelled.",
		Example: "  krako public add input '{}'\n  krako public add input --file parameters.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if (file == "") == (len(args) == 0) {
				return cli.Usagef("give either JSON or --file")
			}
			var text []byte
			if len(args) > 0 {
				text = []byte(args[0])
			} else {
				var err error
				if text, err = cli.ReadInput(file); err != nil {
					return err
				}
			}
			canonical, err := jcs.Canonicalize(text)
			if err != nil {
				return contracts.Errorf(contracts.CodeValidation, cmp.Or(file, "input"), "is not JSON: %w", err)
			}
			return a.publish(cmd, contracts.Publication{As: contracts.PublicInput, Block: contracts.Link{Cid: dagcbor.RawCID(canonical)}})
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "file with the JSON")
	return cmd
}

func (a *app) publishBlock(cmd *cobra.Command, p contracts.Publication, address string) error {
	id, err := cid.Decode(address)
	if err != nil {
		return cli.Usagef("%q is not a CID: %w", address, err)
	}
	p.Block = contracts.Link{Cid: id}
	return a.publish(cmd, p)
}

func (a *app) publish(cmd *cobra.Command, p contracts.Publication) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	v, err := c.Publish(cmd.Context(), p)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(v)
	}
	fmt.Fprintf(a.stderr, "Public since %s: %s.\n", v.PublishedAt.Local().Format(time.DateTime), v.Publication)
	a.printf("%s\n", v.ID)
	return nil
}

func (a *app) publicList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List what is public, oldest first", Args: exactly(),
		Long:    "list prints what was published. The tasks of the catalogue, which are public as well,\nare in krako tasks.",
		Example: "  krako public list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			list, err := c.Publications(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(list)
			}
			w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "PUBLICATION\tAS\tBLOCK\tNAME\tSINCE")
			for _, p := range list.Publications {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.ID, p.As, p.Block, p.Name, p.PublishedAt.Local().Format(time.DateTime))
			}
			return w.Flush()
		},
	}
}

func (a *app) publicRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove PUBLICATION", Short: "End a publication", Args: exactly("PUBLICATION"),
		Long:    "remove ends the publication with the given id, as 'krako public list' shows it. What\nwas read, or given out as a result, stays.",
		Example: "  krako public remove bafyrei…",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			if err := c.Withdraw(cmd.Context(), args[0]); err != nil {
				return err
			}
			a.printf("Publication %s is over.\n", args[0])
			return nil
		},
	}
}
