package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// Exactly refuses any other arguments than those named, as wrong use. Without names it
// is for commands that take none, or have others below them.
func Exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == len(names):
			return nil
		case len(names) > 0:
			return Usagef("%s takes %s, not %d arguments", cmd.CommandPath(), strings.Join(names, " "), len(args))
		}
		cmd.SuggestionsMinimumDistance = 2 // letters; cobra's default only where it suggests itself
		if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
			return Usagef("%s has no command %q; there is %s", cmd.CommandPath(), args[0], strings.Join(like, ", "))
		}
		return Usagef("%s does not take %q", cmd.CommandPath(), args[0])
	}
}

// FitHelp has all commands explain their flags in lines that a terminal of 80 columns
// can show.
func FitHelp(root *cobra.Command) {
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "Flags.FlagUsages ", "Flags.FlagUsagesWrapped 80 "))
}
