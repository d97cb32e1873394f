package coordinator

import (
	"context"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/docket"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/internal/blob"
)

// Snapshots of the docket are written when surveys are and named by their records:
// what is not final begins far back in the log, and a start must not read from there.

// recordsPerCase is how many records there must be since the last snapshot for each
// case that is open: a large docket is written down less often. A start folds as
// many again, which takes a fraction of what encoding a case does.
const recordsPerCase = 12

// snapshotDocket returns the docket as it is, nil if it is not worth writing down.
func (st *state) snapshotDocket() *docket.Snapshot {
	d := st.vet.docket
	if d.Blank() || st.vet.kept.Defined() && st.vet.at-st.vet.keptAt < recordsPerCase*eventlog.Offset(d.Len()) {
		return nil
	}
	return d.Snapshot(uint64(st.vet.at))
}

// keepDocket writes the docket down, beside the loop.
func (c *Coordinator) keepDocket(ctx context.Context) error {
	var s *docket.Snapshot
	if err := c.do(ctx, func(st *state) { s = st.snapshotDocket() }); err != nil || s == nil {
		return err
	}
	encoded, err := s.Encode(c.parts.Log.Cluster())
	if err != nil {
		return err
	}
	var root blob.Block
	for _, b := range encoded {
		root = blob.Node(b)
		if there, err := c.parts.Blocks.Has(ctx, root.CID); err != nil || there {
			if err != nil {
				return err
			}
			continue // a page of the snapshot before
		}
		if err := c.parts.Blocks.Put(ctx, root); err != nil {
			return err
		}
	}
	return c.do(ctx, func(st *state) {
		if at := eventlog.Offset(s.At()); at >= st.vet.keptAt {
			st.vet.kept, st.vet.keptAt = contracts.Link{Cid: root.CID}, at
		}
	})
}

// restoreDocket takes the docket up from a snapshot and returns the last record that
// is in it, 0 without one.
func (st *state) restoreDocket(ctx context.Context, from contracts.Link) eventlog.Offset {
	if !from.Defined() {
		return 0
	}
	c := st.c
	get := func(id cid.Cid) ([]byte, error) { return c.parts.Blocks.Get(ctx, id) }
	root, err := get(from.Cid)
	if err == nil {
		var (
			d  *docket.Docket
			at uint64
		)
		if d, at, err = docket.Restore(c.parts.Log.Cluster(), root, get, c.cfg.Verify, c.cfg.Secret, c.cfg.Trusted); err == nil {
			st.vet.docket, st.vet.kept, st.vet.keptAt = d, from, eventlog.Offset(at)
			return st.vet.keptAt
		}
	}
	c.log.Warn("snapshot of the docket cannot be used, folding the log instead", "docket", from, "error", err)
	return 0
}
