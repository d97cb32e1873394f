package main

import (
	"errors"
	"path/filepath"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/coordinator/readmodel"
	"github.com/krako-labs/krako/internal/sqlite"
	"github.com/spf13/cobra"
)

func (a *app) rebuildCommand() *cobra.Command {
	forget := false
	cmd := &cobra.Command{
		Use: "rebuild DIR", Short: "Compute a stopped coordinator's read model again from its log", Args: exactly("DIR"),
		Long: `rebuild deletes sessions.db in the data directory of a stopped coordinator, which
holds what lists and old requests are answered from, and folds the whole log into
a new one. Nothing is lost by it, and a coordinator that finds the file missing or
behind does the same when it starts.

Where old records were let go (krako-coord --retain), the file is all that knows of
the sessions that were in them. rebuild refuses then, unless --forget says that they
may be forgotten.`,
		Example: "  krako rebuild /var/lib/krako",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			db, err := openStopped(args[0])
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, db.Close()) }()
			if first, _ := db.Log().Base(); first > 1 && !forget {
				return contracts.Errorf(contracts.CodeConflict, args[0],
					"the log begins at record %d: sessions that ended before are in sessions.db alone, and would be forgotten; --forget does it all the same", first)
			}
			path := filepath.Join(args[0], "sessions.db")
			if err := sqlite.Remove(path); err != nil {
				return err
			}
			m, err := readmodel.Open(cmd.Context(), path, db.Log().Cluster())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, m.Close()) }()
			if err := coordinator.FoldReadModel(cmd.Context(), db.Log(), db.Blocks(), m); err != nil {
				return err
			}
			a.printf("%d records of log %s folded into %s\n", db.Log().Last(), db.Log().Cluster(), path)
			return nil
		},
	}
	cmd.Flags().BoolVar(&forget, "forget", false, "forget the sessions whose records were let go")
	return cmd
}
