package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/internal/taskdir"
	"github.com/spf13/cobra"
)

func (a *app) taskInspect() *cobra.Command {
	return &cobra.Command{
		Use: "inspect FILE|CID", Short: "Take a module apart and say whether nodes would run it", Args: exactly("FILE|CID"),
		Long: `inspect prints a module's sections, imports, exports and memory, how it is called, and
what the sandbox makes of it: what it is rewritten to, or the section, function,
import or export for which it is refused. A CID is fetched from the coordinator.

The exit code is 0 for a refused module too.`,
		Example: "  krako task inspect wordcount/wordcount.wasm\n  krako task inspect bafkrei… --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			wasm, err := a.moduleOf(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return withSandbox(cmd.Context(), func(s *sandbox.Sandbox) error {
				i, err := taskdir.Inspect(cmd.Context(), s, wasm)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(i)
				}
				return printInspection(a.stdout, i)
			})
		},
	}
}

// moduleOf reads a file or, if there is none of that name, fetches a block.
func (a *app) moduleOf(ctx context.Context, name string) ([]byte, error) {
	wasm, err := os.ReadFile(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return wasm, err
	}
	id, notCID := cid.Decode(name)
	if notCID != nil {
		return nil, cli.Usagef("%q is neither a file nor a CID", name)
	}
	c, err := a.client()
	if err != nil {
		return nil, err
	}
	return c.GetBlock(ctx, id)
}

func printInspection(out io.Writer, i *taskdir.Inspection) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	row("module", "%s", i.CID)
	row("bytes", "%d", i.Bytes)
	if e := i.Refusal; e != nil {
		row("verdict", "refused: %s: %s", e.Offender, e.Message)
	}
	if x := i.Admitted; x != nil {
		row("verdict", "admitted to %s as a %s in %s", x.Profile, x.ABI, x.Took.Round(time.Millisecond))
		row("memory", "%d to %d pages, %d bytes of them set", x.MemoryMin, x.MemoryMax, x.DataBytes)
		row("rewritten", "%s", x.Rewritten)
		row("", "%d bytes by %s", x.RewrittenBytes, x.Rewriter)
		row("snapshot", "%s", x.Snapshot)
		row("instances", "%s", reuse(x.NotPooled))
	}
	if i.Broken != "" {
		row("unreadable", "%s", i.Broken)
	}
	list(w, "imports", i.Imports)
	list(w, "exports", exportNames(i.Exports))
	for n, s := range i.Sections {
		row(first(n, "sections"), "%s: %d bytes", strings.Map(printable, s.Name), s.Bytes)
	}
	list(w, "hint", i.Hints)
	return w.Flush()
}

func reuse(notPooled string) string {
	if notPooled == "" {
		return "used again after a reset"
	}
	return "new for every unit: " + notPooled
}

func exportNames(exports []taskdir.Export) []string {
	names := make([]string, len(exports))
	for i, e := range exports {
		names[i] = e.Name
		if e.Kind != "function" {
			names[i] += " (" + e.Kind + ")"
		}
	}
	return names
}

// list prints names, any number of which would make a line unreadable, one a
// line.
func list(w io.Writer, title string, names []string) {
	for n, name := range names {
		fmt.Fprintf(w, "%s\t%s\n", first(n, title), strings.Map(printable, name))
	}
}

// printable keeps a module's names from talking to the terminal.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return '?'
	}
	return r
}

func first(n int, title string) string {
	if n == 0 {
		return title
	}
	return ""
}
