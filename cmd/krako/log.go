package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/transparency"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/spf13/cobra"
)

func (a *app) logCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "log", Short: "Hold a running coordinator to its log", Args: exactly(),
		Long: `A coordinator signs checkpoints of its log: how many records it has, and one hash
over all of them. Keep one, and later have it proved that the log has only grown
since. To check a whole log offline, see krako audit.`,
		Example: `  krako log key > coord.pub
  krako log checkpoint > monday.note
  krako log grown monday.note --key coord.pub
  krako log prove 01890a5d-ac96-774b-bcce-b302099a8057 --key coord.pub`,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.logKey(), a.logCheckpoint(), a.logGrown(), a.logProve())
	return cmd
}

func (a *app) logKey() *cobra.Command {
	return &cobra.Command{
		Use: "key", Short: "Print the key that the log's checkpoints are signed with", Args: exactly(),
		Example: "  krako log key > coord.pub",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			p, err := c.LogCheckpoint(cmd.Context())
			if err != nil {
				return err
			}
			a.printf("%s\n", p.Key)
			return nil
		},
	}
}

func (a *app) logCheckpoint() *cobra.Command {
	return &cobra.Command{
		Use: "checkpoint", Short: "Print a signed checkpoint of the log, to be kept", Args: exactly(),
		Example: "  krako log checkpoint > monday.note",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			p, err := c.LogCheckpoint(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(p)
			}
			a.printf("%s", p.Checkpoint)
			return nil
		},
	}
}

func (a *app) logGrown() *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use: "grown CHECKPOINT", Short: "Check that the log has only grown since a checkpoint", Args: exactly("CHECKPOINT"),
		Example: "  krako log grown monday.note --key coord.pub",
		RunE: func(cmd *cobra.Command, args []string) error {
			kept, err := cli.ReadInput(args[0])
			if err != nil {
				return err
			}
			then, err := transparency.Peek(kept)
			if err != nil {
				return err
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			g, err := c.LogGrowth(cmd.Context(), then.Size)
			if err != nil {
				return err
			}
			keys, err := keyOr(key, g.Key)
			if err != nil {
				return err
			}
			before, now, err := transparency.CheckGrown(kept, g, keys)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(g)
			}
			a.printf("The log had %d records and has %d; the first %d are unchanged.\n", before.Size, now.Size, before.Size)
			return nil
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "verifier key of the log, or a file with it (default: what the coordinator says)")
	return cmd
}

func (a *app) logProve() *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use: "prove SESSION", Short: "Prove that a session's end is in the log", Args: exactly("SESSION"),
		Long: `prove fetches the record of a session's end, or of its beginning while it runs, with
the proof that it stands in the log, and checks that here. With --json it prints
both, to be kept: they prove it to anybody who has the log's key.`,
		Example: "  krako log prove 01890a5d-ac96-774b-bcce-b302099a8057 --key coord.pub",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			p, err := c.LogProof(cmd.Context(), contracts.SessionID(args[0]))
			if err != nil {
				return err
			}
			keys, err := keyOr(key, p.Key)
			if err != nil {
				return err
			}
			at, err := transparency.CheckProof(p, keys)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(p)
			}
			a.printf("Record %d of %d, %d bytes, is in the log: %d hashes lead to the signed root.\n", p.Record, at.Size, len(p.Data), len(p.Proof))
			return nil
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "verifier key of the log, or a file with it (default: what the coordinator says)")
	return cmd
}

// keyOr returns the key that was given, itself or in a file, or else the one that
// the coordinator says.
func keyOr(given, said string) (string, error) {
	if given == "" {
		return said, nil
	}
	if strings.Contains(given, "+") && !strings.ContainsAny(given, "\n") {
		if _, err := os.Stat(given); err != nil {
			return given, nil
		}
	}
	b, err := os.ReadFile(given)
	if err != nil {
		return "", fmt.Errorf("read key: %w", err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return lines[len(lines)-1], nil
}
