package coordinator

import (
	"context"
	"slices"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/internal/blob"
)

// Claims remembers which tenant may read which block. Implementations are safe
// for concurrent use.
type Claims interface {
	// Stage claims blocks for a tenant. Claims are seen at once and durable no
	// later than the next append to the log that returns.
	Stage(ctx context.Context, t contracts.TenantID, blocks ...cid.Cid) error
	// Has reports whether a tenant has claimed a block.
	Has(ctx context.Context, t contracts.TenantID, block cid.Cid) (bool, error)
}

// unclaimed is what a coordinator without Claims has: nobody but operators then
// reads blocks of sessions that have ended.
type unclaimed struct{}

func (unclaimed) Stage(context.Context, contracts.TenantID, ...cid.Cid) error { return nil }
func (unclaimed) Has(context.Context, contracts.TenantID, cid.Cid) (bool, error) {
	return false, nil
}

// Owner returns whose a session is.
func (c *Coordinator) Owner(ctx context.Context, id contracts.SessionID) (contracts.TenantID, error) {
	l, ended, err := c.find(ctx, id)
	switch {
	case err != nil:
		return "", err
	case l != nil:
		return l.Accepted.Tenant, nil
	}
	return ended.summary.TenantID, nil
}

// owner is "" for a session that the loop does not know.
func (st *state) owner(id contracts.SessionID) contracts.TenantID {
	if l, ok := st.sessions[id]; ok {
		return l.Accepted.Tenant
	}
	if d, ok := st.recent.byID[id]; ok {
		return d.summary.TenantID
	}
	return ""
}

// PutBlock stores data under its own address for a tenant, whose quota it counts
// against the first time. EveryTenant stores without quota or claim.
func (c *Coordinator) PutBlock(ctx context.Context, t contracts.TenantID, codec uint64, data []byte) (cid.Cid, error) {
	b, err := c.block(codec, data)
	if err != nil {
		return cid.Undef, err
	}
	c.collector.handIn(b.CID)
	if t == contracts.EveryTenant {
		return b.CID, c.parts.Blocks.Put(ctx, b)
	}
	// The claim comes first: a block over the quota must not get onto the disk. A
	// claim of a block that then is not stored says that the tenant had its bytes.
	durable := make(chan struct{})
	var failure error
	err = c.do(ctx, func(st *state) { failure = st.charge(ctx, t, b, durable) })
	if err == nil {
		err = failure
	}
	if err == nil {
		err = c.parts.Blocks.Put(ctx, b)
	}
	if err == nil {
		err = c.awaitDurable(ctx, durable)
	}
	return b.CID, err
}

func (c *Coordinator) block(codec uint64, data []byte) (blob.Block, error) {
	if int64(len(data)) > c.cfg.Limits.MaxBlockBytes {
		return blob.Block{}, contracts.Errorf(contracts.CodeValidation, "block", "has %d bytes, the limit is %d", len(data), c.cfg.Limits.MaxBlockBytes)
	}
	switch codec {
	case cid.Raw:
		return blob.Raw(data), nil
	case cid.DagCBOR:
		return blob.Node(data), nil
	}
	return blob.Block{}, contracts.Errorf(contracts.CodeUnsupported, "block", "codec 0x%x is neither raw nor dag-cbor", codec)
}

// charge claims a block for a tenant and counts it, unless it has been, and
// closes durable when that is.
func (st *state) charge(ctx context.Context, t contracts.TenantID, b blob.Block, durable chan struct{}) error {
	held, err := st.c.parts.Claims.Has(ctx, t, b.CID)
	if err != nil {
		return err
	}
	if !held {
		n := int64(len(b.Data))
		if err := st.book.MayStore(t, n); err != nil {
			return err
		}
		if err := st.c.parts.Claims.Stage(ctx, t, b.CID); err != nil {
			return err
		}
		if err := st.learn(access.Fact{At: st.now.UnixMicro(), Stored: &access.Stored{Tenant: t, Bytes: n}}, nil); err != nil {
			return err
		}
	}
	st.commit.then(func() { close(durable) })
	return nil
}

// MayRead reports whether a tenant may read a block: one that it stored, that a
// session of its own names, that is a task of the catalogue or that is public. A session that
// runs is believed about its invocations and results too.
func (c *Coordinator) MayRead(ctx context.Context, t contracts.TenantID, block cid.Cid) (bool, error) {
	if t == contracts.EveryTenant {
		return true, nil
	}
	if ok, err := c.parts.Claims.Has(ctx, t, block); ok || err != nil {
		return ok, err
	}
	if slices.ContainsFunc(c.parts.Tasks.Tasks(), func(v contracts.TaskView) bool { return v.Module.Equals(block) }) {
		return true, nil
	}
	if c.book.Load().PublicBlock(block) {
		return true, nil
	}
	return c.liveRefers(ctx, t, block)
}

// liveRefers looks for a block in a tenant's running sessions. It folds them from
// the log, one caller at a time, rather than hold up the loop.
func (c *Coordinator) liveRefers(ctx context.Context, t contracts.TenantID, block cid.Cid) (bool, error) {
	if err := c.lookups.Acquire(ctx, 1); err != nil {
		return false, err
	}
	defer c.lookups.Release(1)
	var ids []contracts.SessionID
	err := c.do(ctx, func(st *state) {
		for id, l := range st.sessions {
			if l.Accepted.Tenant == t {
				ids = append(ids, id)
			}
		}
	})
	if err != nil {
		return false, err
	}
	for _, id := range ids {
		s, err := c.refold(ctx, id)
		if err != nil {
			return false, err
		}
		if s.Refers(block) {
			return true, c.parts.Claims.Stage(ctx, t, block)
		}
	}
	return false, nil
}

// Refers reports whether a session named a block or brought it forth.
func (c *Coordinator) Refers(ctx context.Context, id contracts.SessionID, block cid.Cid) (bool, error) {
	if err := c.lookups.Acquire(ctx, 1); err != nil {
		return false, err
	}
	defer c.lookups.Release(1)
	s, err := c.refold(ctx, id)
	return err == nil && s.Refers(block), err
}

// claimAll claims what a session that is over names, so that its tenant can read
// that when the session is no longer in memory. Invocations and results are left
// out: they would make it three times as much, and come with receipts.
func (c *Coordinator) claimAll(ctx context.Context, l *live, more ...cid.Cid) error {
	refs := append(l.Named(), more...)
	slices.SortFunc(refs, func(a, b cid.Cid) int {
		switch x, y := a.KeyString(), b.KeyString(); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return c.parts.Claims.Stage(ctx, l.Accepted.Tenant, slices.CompactFunc(refs, cid.Cid.Equals)...)
}
