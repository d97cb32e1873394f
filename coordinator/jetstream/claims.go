package jetstream

import (
	"context"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
)

// claims is the DB's account of who may read which block: this coordinator's own,
// whose contents travel with blocks and records.
type claims struct{ db *DB }

// Stage claims blocks for a tenant: at once here, and on the servers no later than
// the next append.
func (c *claims) Stage(ctx context.Context, t contracts.TenantID, blocks ...cid.Cid) error {
	if err := c.db.usable(ctx); err != nil {
		return err
	}
	if err := c.db.cfg.Claims.Stage(ctx, t, blocks...); err != nil {
		return err
	}
	for len(blocks) > 0 {
		n := min(len(blocks), eventlog.MaxBatchRecords)
		if err := c.db.enqueue(ctx, &request{claims: []claim{{t, blocks[:n]}}}); err != nil {
			return err
		}
		blocks = blocks[n:]
	}
	return nil
}

// Has reports whether a tenant has claimed a block.
func (c *claims) Has(ctx context.Context, t contracts.TenantID, block cid.Cid) (bool, error) {
	if err := c.db.usable(ctx); err != nil {
		return false, err
	}
	return c.db.cfg.Claims.Has(ctx, t, block)
}
