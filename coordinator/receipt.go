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
	r := contracts.Receipt{V: 1, Index: e.Index}
	for _, part := range []struct {
		what string
		link contracts.Link
		to   *[]byte
	}{
		{"batch", e.Batch, &r.Batch},
		{"result", e.Result, &r.Result},
		{"invocation", contracts.Link{Cid: s.UnitCID(unit)}, &r.Unit},
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
	if r.Path, err = b.Path(e.Index); err != nil {
		return contracts.Receipt{}, err
	}
	return r, nil
}
