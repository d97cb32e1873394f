package main

import (
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/taskdir"
	"github.com/spf13/cobra"
)

// builtModule is what build prints.
type builtModule struct {
	File       string         `json:"file"`
	CID        contracts.Link `json:"cid"`
	Bytes      int            `json:"bytes"`
	Toolchain  string         `json:"toolchain"`
	DurationMS int64          `json:"duration_ms"`
}

func (a *app) taskBuild() *cobra.Command {
	return &cobra.Command{
		Use: "build [DIR]", Short: "Build a task directory's module, reproducibly", Args: atMost("DIR"),
		Long: `build makes the WebAssembly module of a Go task directory. The same source and the
same Go version give the same bytes, and so the same content address, in whatever
directory and on whatever system. A "toolchain" in task.json fixes the version.`,
		Example: "  krako task build wordcount",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := taskdir.Open(here(args))
			if err != nil {
				return err
			}
			b, err := d.Compile(cmd.Context())
			if err != nil {
				return err
			}
			if err := b.Write(); err != nil {
				return err
			}
			if a.json {
				return a.printJSON(builtModule{b.File, contracts.Link{Cid: b.CID}, len(b.Wasm), b.Toolchain, b.Took.Milliseconds()})
			}
			a.printf("%s  %s\n%d bytes, built by %s in %s\n", b.File, b.CID, len(b.Wasm), b.Toolchain, b.Took.Round(10*time.Millisecond))
			return nil
		},
	}
}
