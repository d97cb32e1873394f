package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/examples"
	"github.com/krako-labs/krako/examples/logs"
	"github.com/krako-labs/krako/examples/render"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/wasmtasks/logs/accesslog"
	"github.com/spf13/cobra"
)

// newRequest identifies one submission from this command line.
func newRequest(tenant string) examples.Request {
	return examples.Request{
		Tenant: contracts.TenantID(tenant), GraphID: uuid.Must(uuid.NewV7()).String(), RequestID: uuid.Must(uuid.NewV7()).String(),
		CreatedAt: contracts.Time{Time: time.Now()},
	}
}

func tenantFlag(cmd *cobra.Command, tenant *string) {
	cmd.Flags().StringVar(tenant, "tenant", "local", "whose graph it is: the tenant of your API key")
}

func (a *app) renderCommand() *cobra.Command {
	o := render.DefaultOptions()
	var out, tenant string
	cmd := &cobra.Command{
		Use: "render", Short: "Path-trace a picture, tile by tile", Args: exactly(),
		Long: `render cuts a picture into tiles, has the nodes path-trace each one in WebAssembly
and puts them together to a PNG. The same options give the same bytes, on
whatever nodes.`,
		Example: "  krako run render --out scene.png\n  krako run render --out fine.png --samples 32",
		RunE: func(cmd *cobra.Command, _ []string) error {
			g, err := render.Graph(newRequest(tenant), o)
			if err != nil {
				return cli.Usagef("render: %w", err)
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			return a.execute(cmd.Context(), c, g, out)
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "render.png", "PNG file to write")
	tenantFlag(cmd, &tenant)
	cmd.Flags().IntVar(&o.Width, "width", o.Width, "width of the picture in pixels")
	cmd.Flags().IntVar(&o.Height, "height", o.Height, "height of the picture in pixels")
	cmd.Flags().IntVar(&o.Samples, "samples", o.Samples, "most light paths per pixel, 1 to 256")
	cmd.Flags().Uint32Var(&o.Seed, "seed", o.Seed, "seed of the light paths")
	return cmd
}

// logsExample is what the logs command was asked for.
type logsExample struct {
	tenant     string
	input, out string
	lines      int
	seed       uint64
	chunk      int
	options    accesslog.Options
}

func (a *app) logsCommand() *cobra.Command {
	l := logsExample{options: accesslog.Options{Top: 10, Examples: 5}}
	cmd := &cobra.Command{
		Use: "logs", Short: "Summarise a web server's access log", Args: exactly(),
		Long: `logs cuts an access log in common or combined format into chunks, has the nodes
count each one and merges the counts: top paths, status codes, bytes, sizes by
percentile, visitors. Malformed lines are counted, none is lost. Without --input a
log is made up from a seed.`,
		Example: "  krako run logs --input /var/log/nginx/access.log\n  krako run logs --lines 1000000 --out report.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			chunks, err := l.upload(cmd.Context(), c)
			if err != nil {
				return err
			}
			g, err := logs.Graph(newRequest(l.tenant), chunks, l.options)
			if err != nil {
				return cli.Usagef("logs: %w", err)
			}
			return a.execute(cmd.Context(), c, g, l.out)
		},
	}
	cmd.Flags().StringVarP(&l.input, "input", "i", "", "access log to read; - is standard input")
	cmd.Flags().StringVarP(&l.out, "out", "o", "", "JSON file to write (default: print the report)")
	tenantFlag(cmd, &l.tenant)
	cmd.Flags().IntVar(&l.lines, "lines", 200_000, "length of the made-up log")
	cmd.Flags().Uint64Var(&l.seed, "seed", 1, "seed of the made-up log")
	cmd.Flags().IntVar(&l.chunk, "chunk", 1<<20, "about how many bytes each unit gets")
	cmd.Flags().IntVar(&l.options.Top, "top", l.options.Top, "how many entries each table lists")
	return cmd
}

// upload stores the log's chunks with the coordinator and returns their
// addresses, in order.
func (l *logsExample) upload(ctx context.Context, c *client.Client) ([]dagcbor.Link, error) {
	if l.chunk < 1 {
		return nil, cli.Usagef("--chunk is %d, must be positive", l.chunk)
	}
	r, err := l.open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var chunks []dagcbor.Link
	err = logs.Chunks(r, l.chunk, func(chunk []byte) error {
		id, err := c.PutBlock(ctx, cid.Raw, chunk)
		if err != nil {
			return fmt.Errorf("upload chunk %d: %w", len(chunks)+1, err)
		}
		chunks = append(chunks, dagcbor.Link{Cid: id})
		return nil
	})
	return chunks, err
}

func (l *logsExample) open() (io.ReadCloser, error) {
	switch {
	case l.input == "-":
		return io.NopCloser(os.Stdin), nil
	case l.input != "":
		return cli.OpenInput(l.input)
	case l.lines < 1 || l.lines > 100_000_000:
		return nil, cli.Usagef("--lines is %d, allowed are 1 to 100000000", l.lines)
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(logs.Generate(w, l.seed, l.lines)) }()
	return r, nil
}
