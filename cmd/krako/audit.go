package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/audit"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/pebblelog"
	"github.com/krako-labs/krako/coordinator/survey"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/spf13/cobra"
)

func (a *app) auditCommand() *cobra.Command {
	var (
		key, export string
		kept        []string
	)
	cmd := &cobra.Command{
		Use: "audit LOG", Short: "Check a coordinator's log: that nothing in it was changed", Args: exactly("LOG"),
		Long: `audit reads a whole log, here and without a coordinator, and checks the hash chain,
the Merkle tree over its records and every signed checkpoint in it. LOG is the data
directory of a coordinator that is stopped, which is not changed, or a file that
--export wrote.

Checkpoints must be signed with --key, a verifier key or a file that holds one; of
a data directory, the one in it is taken. Whoever can change the directory can
change that as well: take the key, and now and then a checkpoint, while you trust
the machine (krako log checkpoint), and keep them elsewhere. A log that contradicts
a checkpoint given with --checkpoint was rewritten or cut.

Of a log that has let old records go (krako-coord --retain) the rest is checked, from
where it begins: what the log keeps of the records before it must fit the next signed
checkpoint. Export before, or keep a copy, what you want to audit later.

Of a bad log the first record at fault is named, of a store that cannot be read its
directory, and the exit code is 1. It is 0 only if everything that was read holds.`,
		Example: `  krako audit /var/lib/krako
  krako audit /var/lib/krako --key coord.pub --checkpoint monday.note --checkpoint friday.note
  krako audit /var/lib/krako --export log.krako && krako audit log.krako --key coord.pub`,
		RunE: func(cmd *cobra.Command, args []string) error {
			trust, err := readTrust(args[0], key, kept)
			if err != nil {
				return err
			}
			report, err := auditLog(cmd.Context(), args[0], export, trust)
			if err != nil {
				return err
			}
			return a.printAudit(report, trust)
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "verifier key of the log, or a file with it")
	cmd.Flags().StringArrayVar(&kept, "checkpoint", nil, "file with a checkpoint kept from earlier; may be repeated")
	cmd.Flags().StringVar(&export, "export", "", "also write the log to this file")
	return cmd
}

// readTrust reads the key and the checkpoints that were given.
func readTrust(log, key string, kept []string) (audit.Trust, error) {
	var t audit.Trust
	if key == "" {
		key = filepath.Join(log, "checkpoint.key")
		if _, err := os.Stat(key); err != nil {
			key = ""
		}
	}
	if key != "" {
		text := key
		if b, err := os.ReadFile(key); err == nil {
			text = strings.TrimSpace(string(b))
		}
		lines := strings.Split(text, "\n")
		t.Keys = []string{lines[len(lines)-1]} // of a file with both halves, the public one is last
	}
	for _, file := range kept {
		b, err := cli.ReadInput(file)
		if err != nil {
			return t, err
		}
		t.Kept = append(t.Kept, b)
	}
	return t, nil
}

func auditLog(ctx context.Context, path, export string, t audit.Trust) (report audit.Report, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return report, fmt.Errorf("open log: %w", err)
	}
	if !info.IsDir() {
		f, err := os.Open(path)
		if err != nil {
			return report, fmt.Errorf("open log: %w", err)
		}
		defer f.Close()
		log, err := audit.Open(f)
		if err != nil {
			return report, err
		}
		return auditKept(ctx, log, t)
	}
	db, err := openStopped(path)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	log, ok := db.Log().(interface {
		audit.Reader
		audit.Segments
	})
	if !ok {
		return report, contracts.Errorf(contracts.CodeUnsupported, path, "this log cannot be exported")
	}
	if export != "" {
		if err := exportLog(ctx, log, export); err != nil {
			return report, err
		}
	}
	return auditKept(ctx, log, t)
}

// auditKept audits what a log has kept, from its base on.
func auditKept(ctx context.Context, log interface {
	audit.Reader
	Base() (eventlog.Offset, []byte)
}, t audit.Trust,
) (audit.Report, error) {
	first, encoded := log.Base()
	if first == 1 {
		return audit.Run(ctx, log, t)
	}
	base, err := survey.DecodeBase(log.Cluster(), encoded)
	if err != nil {
		return audit.Report{}, err
	}
	return audit.RunFrom(ctx, log, audit.Base{Size: int64(base.At), Edge: base.Edge}, t)
}

// openStopped opens the store of a coordinator that does not run, to read it.
func openStopped(dataDir string) (*pebblelog.DB, error) {
	o := pebblelog.DefaultOptions()
	o.ReadOnly = true
	db, err := pebblelog.Open(filepath.Join(dataDir, "store"), o)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, contracts.Errorf(contracts.CodeNotFound, dataDir, "holds no coordinator's log")
	}
	if bad, ok := errors.AsType[*eventlog.CorruptError](err); ok {
		return nil, &audit.BadError{First: bad.Segment, Last: bad.Segment, Reason: bad.Reason}
	}
	return db, err
}

func exportLog(ctx context.Context, log audit.Segments, path string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("export log: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return audit.Export(ctx, log, f)
}

func (a *app) printAudit(r audit.Report, t audit.Trust) error {
	if a.json {
		return a.printJSON(r)
	}
	a.printf("Log %s: %d records, the chain and the tree hold.\nRoot %s\n", r.Cluster, r.Records, r.Root)
	if r.First > 1 {
		a.printf("Its first %d records were let go; it is proved from there.\n", r.First-1)
	}
	signed := "whose signatures were not checked, for want of a key"
	if len(t.Keys) > 0 {
		signed = "every signature holds"
	}
	if r.Checkpoints+r.Kept > 0 {
		a.printf("%d checkpoints in the log and %d kept ones agree with it, %s.\n", r.Checkpoints, r.Kept, signed)
	} else {
		a.printf("It has no checkpoint yet and none was given: nothing says that it was not written anew as a whole.\n")
	}
	if r.Unchecked > 0 {
		a.printf("%d kept checkpoints are over records that were let go: the log can neither confirm nor contradict them.\n", r.Unchecked)
	}
	if behind := r.Records - r.Signed; behind > 0 && r.Signed > 0 {
		a.printf("The last %d records are behind the last checkpoint.\n", behind)
	}
	return nil
}
