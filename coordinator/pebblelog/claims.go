package pebblelog

import (
	"context"
	"crypto/sha256"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
)

// Claims remembers which tenant may read which block. A claim is not more than
// a key: it neither holds the block nor says that it is there.
type Claims struct{ db *DB }

// Claims returns the claims.
func (db *DB) Claims() *Claims { return &Claims{db: db} }

// claimTenantBytes is how much of its hash stands for a tenant's name, so that
// keys are short and of one length. Whoever finds another name with the same 128
// bits could as well find blocks.
const claimTenantBytes = 16

func claimKey(t contracts.TenantID, c cid.Cid) []byte {
	sum := sha256.Sum256([]byte(t))
	return append(append([]byte{spaceClaim}, sum[:claimTenantBytes]...), c.KeyString()...)
}

// Stage claims blocks for a tenant. Claims are seen at once and durable no later
// than the next Append or Put that is called after Stage has returned; see
// Blocks.Stage.
func (c *Claims) Stage(ctx context.Context, t contracts.TenantID, blocks ...cid.Cid) error {
	if err := c.db.enter(ctx); err != nil {
		return err
	}
	defer c.db.gate.leave()
	for len(blocks) > 0 {
		n := min(len(blocks), eventlog.MaxBatchRecords)
		r := &request{pairs: make([]pair, n)}
		for i, b := range blocks[:n] {
			r.pairs[i] = pair{key: claimKey(t, b), block: true}
		}
		if err := c.db.enqueue(ctx, r); err != nil {
			return err
		}
		blocks = blocks[n:]
	}
	return nil
}

// Has reports whether a tenant has claimed a block.
func (c *Claims) Has(ctx context.Context, t contracts.TenantID, b cid.Cid) (bool, error) {
	if err := c.db.enter(ctx); err != nil {
		return false, err
	}
	defer c.db.gate.leave()
	key := claimKey(t, b)
	if _, ok := c.db.queue.inFlight(key); ok {
		return true, nil
	}
	return c.db.has(key)
}
