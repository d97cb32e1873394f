package coordinator

import (
	"context"
	"fmt"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/session"
)

// Receipt returns what anybody needs to check one unit's result offline.
func (c *Coordinator) Receipt(ctx context.Context, id contracts.SessionID, unit contracts.UnitID) (contracts.Receipt, error) {
	s, err := c.refold(ctx, id)
	if err != nil {
		return contracts.Receipt{}, err
	}
	i, ok := s.Plan().Index(unit)
	if !ok {
		return contracts.Receipt{}, contracts.Errorf(contracts.CodeNotFound, string(unit), "session %s has no such unit", id)
	}
	e := s.End(i)
	if e == nil || !e.Result.Defined() {
		return contracts.Receipt{}, contracts.Errorf(contracts.CodeNotFound, string(unit), "unit has no signed result")
	}
	return c.receipt(ctx, s, i, e)
}

func (c *Coordinator) receipt(ctx context.Context, s *session.Session, unit int, e *session.Ended) (contracts.Receipt, error) {
	r, err := c.proof(ctx, e.Batch, e.Index, e.Result, contracts.Link{Cid: s.UnitCID(unit)})
	if k := e.Checked; err == nil && k != nil && k.Batch.Defined() {
		r.Check, err = c.checkReceipt(ctx, k)
	}
	return r, err
}

// proof reads what proves that a result stands in a batch, and what it is about.
func (c *Coordinator) proof(ctx context.Context, batch contracts.Link, index int, result, unit contracts.Link) (contracts.Receipt, error) {
	r := contracts.Receipt{V: 1, Index: index}
	for _, part := range []struct {
		what string
		link contracts.Link
		to   *[]byte
	}{
		{"batch", batch, &r.Batch}, {"result", result, &r.Result}, {"invocation", unit, &r.Unit},
	} {
		data, err := c.parts.Blocks.Get(ctx, part.link.Cid)
		if err != nil {
			return contracts.Receipt{}, fmt.Errorf("read %s: %w", part.what, err)
		}
		*part.to = data
	}
	b, err := contracts.OpenBatch(r.Batch)
	if err != nil {
		return contracts.Receipt{}, fmt.Errorf("open stored batch: %w", err)
	}
	if r.Path, err = b.Path(index); err != nil {
		return contracts.Receipt{}, err
	}
	return r, nil
}

// checkReceipt is the receipt of a run of a unit's checker.
func (c *Coordinator) checkReceipt(ctx context.Context, k *session.Check) (*contracts.CheckReceipt, error) {
	r, err := c.proof(ctx, k.Batch, k.Index, k.Result, k.Unit)
	if err != nil {
		return nil, err
	}
	out := &contracts.CheckReceipt{Batch: r.Batch, Index: r.Index, Path: r.Path, Result: r.Result, Unit: r.Unit}
	result, _, err := contracts.DecodeResult(r.Result)
	if err == nil && result.Output != nil {
		out.Output, err = c.parts.Blocks.Get(ctx, result.Output.Cid)
	}
	return out, err
}
