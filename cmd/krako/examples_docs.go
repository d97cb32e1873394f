package main

import (
	"context"
	"fmt"
	"os"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/examples/docs"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/spf13/cobra"
)

// docsExample is what the docs command was asked for.
type docsExample struct {
	input, out string
	shards     int
	tenant     string
	options    docs.Options
}

func (a *app) docsCommand() *cobra.Command {
	d := docsExample{options: docs.DefaultOptions()}
	cmd := &cobra.Command{
		Use: "docs QUESTION", Short: "Answer a question from a folder of Markdown", Args: exactly("QUESTION"),
		Long: `docs cuts the Markdown files of a folder into sections, has the nodes index them in
shards and search all shards as one, and train a small model that tells which
document the question is about. The answer quotes the sentences that speak for it,
with their places. No language model is asked.`,
		Example: "  krako run docs --input docs \"What happens to a lost lease?\"\n  krako run docs --input ~/notes --k 3 \"sourdough starter\" --out answer.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			d.options.Question = args[0]
			c, err := a.client()
			if err != nil {
				return err
			}
			g, err := d.graph(cmd.Context(), c)
			if err != nil {
				return err
			}
			return a.execute(cmd.Context(), c, g, d.out)
		},
	}
	cmd.Flags().StringVarP(&d.input, "input", "i", ".", "folder with Markdown files")
	cmd.Flags().StringVarP(&d.out, "out", "o", "", "JSON file to write (default: print the answer)")
	tenantFlag(cmd, &d.tenant)
	cmd.Flags().IntVar(&d.shards, "shards", 4, fmt.Sprintf("parts to index apart, 1 to %d", docs.MaxShards))
	cmd.Flags().IntVar(&d.options.K, "k", d.options.K, "sections to quote, 1 to 100")
	cmd.Flags().StringVar(&d.options.Stemming, "stemming", d.options.Stemming, "english or none")
	cmd.Flags().Float64Var(&d.options.Precision, "precision", d.options.Precision, "of the topic, when the model is sure of it")
	return cmd
}

// graph stores the folder's sections with the coordinator and builds the graph
// that asks them.
func (d *docsExample) graph(ctx context.Context, c *client.Client) (*contracts.TaskGraph, error) {
	if d.shards < 1 || d.shards > docs.MaxShards {
		return nil, cli.Usagef("--shards is %d, allowed are 1 to %d", d.shards, docs.MaxShards)
	}
	sections, err := docs.Sections(os.DirFS(d.input))
	if err != nil {
		return nil, cli.Usagef("read documents: %w", err)
	}
	if len(sections) == 0 {
		return nil, cli.Usagef("%s has no Markdown files", d.input)
	}
	blocks, err := docs.Shards(sections, min(d.shards, len(sections)))
	if err != nil {
		return nil, err
	}
	paragraphs, err := docs.Examples(sections)
	if err != nil {
		return nil, err
	}
	var links []dagcbor.Link
	for i, block := range append(blocks, paragraphs) {
		id, err := c.PutBlock(ctx, cid.Raw, block)
		if err != nil {
			return nil, fmt.Errorf("upload block %d: %w", i+1, err)
		}
		links = append(links, dagcbor.Link{Cid: id})
	}
	last := len(links) - 1
	g, err := docs.Graph(newRequest(d.tenant), links[:last], links[last], d.options)
	if err != nil {
		return nil, cli.Usagef("docs: %w", err)
	}
	return g, nil
}
