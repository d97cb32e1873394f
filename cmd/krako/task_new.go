package main

import (
	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/internal/taskdir"
	"github.com/spf13/cobra"
	"golang.org/x/mod/semver"
)

func (a *app) taskNew() *cobra.Command {
	return &cobra.Command{
		Use: "new DIR", Short: "Make a task directory that builds and passes its examples", Args: exactly("DIR"),
		Long: `new makes a directory with a Go program of one task, its test and its task.json.
The last element of DIR is the name of the task.

The directory needs no network: it is a Go module with the SDK in vendor. Inside
a checkout of Krako it is a package of that module instead.`,
		Example: "  krako task new wordcount",
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := taskdir.New(args[0], sdkVersion())
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(map[string]string{"name": d.Name, "dir": d.Path})
			}
			a.printf("Made %s, %s. The program is main.go, what it does is said in task.json.\n\nTry:  krako task test %s\n", d.Path, d.Name, d.Path)
			return nil
		},
	}
}

// sdkVersion is the version that a new go.mod names: this program's release, or
// v0.0.0 for one that was built from a checkout.
func sdkVersion() string {
	if v := semver.Canonical(cli.Version()); v != "" {
		return v
	}
	return "v0.0.0"
}
