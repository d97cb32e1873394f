package coordinator

import (
	"context"
	"errors"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/transparency"
)

// Checkpoint signs the log as it is, but for the last moments.
func (c *Coordinator) Checkpoint(context.Context) (contracts.LogCheckpoint, error) {
	p, _, err := c.checkpoint()
	return p, err
}

// checkpoint signs the log up to what proofs can be made of.
func (c *Coordinator) checkpoint() (contracts.LogCheckpoint, int64, error) {
	if c.parts.Key == nil {
		return contracts.LogCheckpoint{}, 0, contracts.Errorf(contracts.CodeUnsupported, "checkpoint", "this coordinator has no key to sign its log with")
	}
	e := c.projector.edge.Load()
	tree, err := transparency.Restore(e.size, e.hashes)
	if err != nil {
		return contracts.LogCheckpoint{}, 0, err
	}
	signed, err := c.sign(e.size, tree.Root())
	return contracts.LogCheckpoint{Checkpoint: string(signed), Key: c.parts.Key.Public()}, e.size, err
}

// Growth proves that the log's first records are the ones that it had when it had
// so many.
func (c *Coordinator) Growth(ctx context.Context, from int64) (contracts.LogGrowth, error) {
	now, size, err := c.checkpoint()
	if err != nil {
		return contracts.LogGrowth{}, err
	}
	proof, err := transparency.ProveGrowth(ctx, leaves{c}, size, from)
	return contracts.LogGrowth{LogCheckpoint: now, From: from, Proof: plain(proof)}, err
}

// Proof proves that the record of a session's end stands in the log, or that of
// its beginning while it runs. The error is CONFLICT for a moment after that was
// written.
func (c *Coordinator) Proof(ctx context.Context, id contracts.SessionID) (contracts.LogProof, error) {
	at, err := c.lastRecord(ctx, id)
	if err != nil {
		return contracts.LogProof{}, err
	}
	if at > 0 && !c.keeps(at) {
		return contracts.LogProof{}, letGo(id)
	}
	now, size, err := c.checkpoint()
	if err != nil {
		return contracts.LogProof{}, err
	}
	if at == 0 || int64(at) > size {
		return contracts.LogProof{}, contracts.Errorf(contracts.CodeConflict, string(id), "its record is not under a checkpoint yet; ask again in a moment")
	}
	p := contracts.LogProof{LogCheckpoint: now, Record: int64(at)}
	err = c.parts.Log.Read(ctx, at, func(rec eventlog.Record) error {
		p.Data = rec.Data
		return errEnough
	})
	if err != nil && !errors.Is(err, errEnough) {
		return contracts.LogProof{}, err
	}
	proof, err := transparency.ProveRecord(ctx, leaves{c}, size, int64(at)-1)
	p.Proof = plain(proof)
	return p, err
}

// lastRecord is where a session's end stands, or its beginning while it runs; 0
// if that is not durable yet.
func (c *Coordinator) lastRecord(ctx context.Context, id contracts.SessionID) (eventlog.Offset, error) {
	l, ended, err := c.find(ctx, id)
	switch {
	case err != nil:
		return 0, err
	case ended != nil:
		return ended.last.offset(), nil
	}
	return l.first.offset(), nil
}

// leaves is the log and the read model as the source of proofs.
type leaves struct{ c *Coordinator }

// Kept implements transparency.Source.
func (l leaves) Kept(ctx context.Context, level int, n int64) (transparency.Hash, error) {
	return l.c.parts.Sessions.Kept(ctx, level, n)
}

// Leaves implements transparency.Source.
func (l leaves) Leaves(ctx context.Context, first, count int64) ([]transparency.Hash, error) {
	hashes := make([]transparency.Hash, 0, count)
	err := l.c.parts.Log.Read(ctx, eventlog.Offset(first+1), func(rec eventlog.Record) error {
		hashes = append(hashes, transparency.Leaf(rec.Data))
		if int64(len(hashes)) == count {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	if gone, ok := errors.AsType[*eventlog.TrimmedError](err); ok {
		err = contracts.Errorf(contracts.CodeNotFound, "proof", "%w", gone)
	}
	return hashes, err
}

func plain(proof []transparency.Hash) [][]byte {
	out := make([][]byte, len(proof))
	for i := range proof {
		out[i] = proof[i][:]
	}
	return out
}
