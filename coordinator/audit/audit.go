package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/transparency"
)

// Reader reads a log from its beginning and proves its chain on the way, as
// eventlog.Log does.
type Reader interface {
	Cluster() string
	Read(ctx context.Context, from eventlog.Offset, fn func(eventlog.Record) error) error
}

// Trust is what an auditor knows from elsewhere.
type Trust struct {
	// Keys are the public keys that checkpoints may be signed with. Without any,
	// what checkpoints say is checked but not who says it.
	Keys []string
	// Kept are signed checkpoints from earlier, in any order.
	Kept [][]byte
}

// Report is what an audit found.
type Report struct {
	Cluster string `json:"cluster"`
	Records int64  `json:"records"`
	Root    string `json:"root"`
	// First is the first record that was audited: more than 1 where those before were
	// let go.
	First int64 `json:"first"`
	// Checkpoints counts those that stand in the log, Kept the auditor's own; all
	// agree with the log.
	Checkpoints int `json:"checkpoints"`
	Kept        int `json:"kept"`
	// Unchecked counts the auditor's own over fewer records than were let go: the log
	// can neither confirm nor contradict them.
	Unchecked int `json:"unchecked"`
	// Signed is the size that the last checkpoint covers: the records behind it
	// are chained but signed by nobody yet.
	Signed int64 `json:"signed"`
}

// BadError says where a log first is not what it should be.
type BadError struct {
	// First is the first record that may be bad, Last the last: they differ when a
	// checkpoint over several records does not agree.
	First, Last eventlog.Offset
	Reason      string
}

func (e *BadError) Error() string {
	if e.First == e.Last {
		return fmt.Sprintf("the log is bad at record %d: %s", e.First, e.Reason)
	}
	return fmt.Sprintf("the log is bad between records %d and %d: %s", e.First, e.Last, e.Reason)
}

// maxAhead bounds how far behind the records it covers a checkpoint may stand in
// the log. The hashes of so many records are in memory.
const maxAhead = 1 << 20

// Base is where the audit of a log begins that has let go of its first records: how
// many the tree has there, and its right edge, as the log has kept it. Nobody need
// believe it: a checkpoint that was signed later fits no other.
type Base struct {
	Size int64
	Edge []transparency.Hash
}

// Run audits a log that has all its records. The error is a *BadError for a bad log,
// VALIDATION_ERROR for what the auditor brought, or that of reading.
func Run(ctx context.Context, log Reader, t Trust) (Report, error) {
	return RunFrom(ctx, log, Base{}, t)
}

// RunFrom is Run for what is kept of a log behind its base.
func RunFrom(ctx context.Context, log Reader, b Base, t Trust) (Report, error) {
	tree, err := transparency.Restore(b.Size, b.Edge)
	if err != nil {
		return Report{}, contracts.Errorf(contracts.CodeValidation, "base of the log", "%w", err)
	}
	a := &auditor{trust: t, base: *tree, begin: b.Size, report: Report{Cluster: log.Cluster(), First: b.Size + 1}}
	if err := a.openKept(); err != nil {
		return Report{}, err
	}
	err = log.Read(ctx, eventlog.Offset(b.Size+1), a.record)
	if bad, ok := errors.AsType[*eventlog.CorruptError](err); ok {
		// Everything before it was delivered, and sound.
		at := eventlog.Offset(a.size() + 1)
		err = &BadError{First: at, Last: max(at, bad.Segment), Reason: bad.Error()}
	}
	if err != nil {
		return Report{}, err
	}
	if len(a.kept) > 0 {
		return Report{}, &BadError{First: eventlog.Offset(a.size() + 1), Last: eventlog.Offset(a.kept[0].Size),
			Reason: fmt.Sprintf("a checkpoint over %d records was signed, the log has %d", a.kept[0].Size, a.size())}
	}
	for a.base.Size() < a.size() {
		a.advance()
	}
	root := a.base.Root()
	a.report.Records, a.report.Root = a.base.Size(), fmt.Sprintf("%x", root[:])
	return a.report, nil
}

// auditor folds the records. Its tree stays behind them, at the last size that it
// was asked about, so that a checkpoint which stands some records later can be
// held against it.
type auditor struct {
	trust  Trust
	kept   []transparency.Checkpoint // not reached yet, smallest first
	base   transparency.Tree
	begin  int64               // of the base, at first
	leaves []transparency.Hash // behind the base
	report Report
}

func (a *auditor) size() int64 { return a.base.Size() + int64(len(a.leaves)) }

// openKept checks the signatures of the auditor's own checkpoints.
func (a *auditor) openKept() error {
	for i, signed := range a.trust.Kept {
		c, err := a.open(signed)
		if err != nil {
			return contracts.Errorf(contracts.CodeValidation, fmt.Sprintf("checkpoint %d", i+1), "%w", err)
		}
		if c.Size < a.begin {
			a.report.Unchecked++
			continue
		}
		a.kept = append(a.kept, c)
	}
	slices.SortFunc(a.kept, func(x, y transparency.Checkpoint) int { return int(x.Size - y.Size) })
	return a.compareKept()
}

// compareKept holds the kept checkpoints of the present size against the tree. The
// base stays where it is: one in the log may come for a size before.
func (a *auditor) compareKept() error {
	if len(a.kept) == 0 || a.kept[0].Size != a.size() {
		return nil
	}
	ahead, err := transparency.Restore(a.base.Size(), a.base.Edge())
	if err != nil {
		return err
	}
	for _, leaf := range a.leaves {
		ahead.Append(leaf, func(transparency.Node) {})
	}
	for len(a.kept) > 0 && a.kept[0].Size == a.size() {
		if err := a.agree(a.kept[0], ahead.Root(), "kept"); err != nil {
			return err
		}
		a.report.Kept++
		a.kept = a.kept[1:]
	}
	return nil
}

// open reads a checkpoint of this log.
func (a *auditor) open(signed []byte) (c transparency.Checkpoint, err error) {
	if len(a.trust.Keys) > 0 {
		c, err = transparency.Open(signed, a.trust.Keys...)
	} else {
		c, err = transparency.Peek(signed)
	}
	if err == nil && c.Origin != transparency.Origin(a.report.Cluster) {
		err = contracts.Errorf(contracts.CodeConflict, "checkpoint", "is of %s, not of this log", c.Origin)
	}
	return c, err
}

func (a *auditor) record(rec eventlog.Record) error {
	a.leaves = append(a.leaves, transparency.Leaf(rec.Data))
	r, err := session.DecodeRecord(rec.Data)
	if err != nil {
		return &BadError{First: rec.Offset, Last: rec.Offset, Reason: err.Error()}
	}
	if err := a.compareKept(); err != nil {
		return err
	}
	if r.Survey != nil && len(r.Survey.Checkpoint) > 0 {
		return a.inLog(rec.Offset, r.Survey)
	}
	if len(a.leaves) > maxAhead {
		a.advance()
	}
	return nil
}

// inLog holds a checkpoint that stands in the log against the records before it.
func (a *auditor) inLog(at eventlog.Offset, s *session.Survey) error {
	bad := func(reason string) error { return &BadError{First: at, Last: at, Reason: reason} }
	c, err := a.open(s.Checkpoint)
	switch {
	case err != nil:
		return bad(err.Error())
	case c.Size != int64(s.At) || c.Size >= int64(at):
		return bad(fmt.Sprintf("its checkpoint is over %d records, it says %d", c.Size, s.At))
	case c.Size < a.base.Size():
		return bad(fmt.Sprintf("its checkpoint is over %d records, too far back to be checked", c.Size))
	}
	a.report.Checkpoints++
	for a.base.Size() < c.Size {
		a.advance()
	}
	return a.agree(c, a.base.Root(), "in record "+fmt.Sprint(at))
}

// agree holds a checkpoint against the root of the records that it covers.
func (a *auditor) agree(c transparency.Checkpoint, root transparency.Hash, where string) error {
	first := eventlog.Offset(max(a.report.Signed, a.begin) + 1)
	if root != c.Root {
		return &BadError{First: first, Last: max(first, eventlog.Offset(c.Size)), Reason: fmt.Sprintf("the checkpoint over %d records, %s, has another root", c.Size, where)}
	}
	a.report.Signed = max(a.report.Signed, c.Size)
	return nil
}

// advance takes one leaf into the base.
func (a *auditor) advance() {
	a.base.Append(a.leaves[0], func(transparency.Node) {})
	if a.leaves = a.leaves[1:]; len(a.leaves) == 0 {
		a.leaves = nil
	}
}
