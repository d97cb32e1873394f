package gateway

import (
	"context"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
)

// entitled is nil when the caller may submit a graph: for its own tenant, over
// blocks that it may read. A unit could say what is in any other. The graph is
// not known to be valid yet; what is wrong with it is the fabric's to say.
func (g *gateway) entitled(ctx context.Context, graph *contracts.TaskGraph) error {
	who := callerOf(ctx)
	if !graph.TenantID.Valid() {
		return nil
	}
	if !who.Sees(graph.TenantID) {
		return contracts.Errorf(contracts.CodeAuth, "/tenant_id", "the key is of tenant %s, the graph of tenant %s", who.Tenant, graph.TenantID)
	}
	seen := map[cid.Cid]bool{}
	for i := range graph.WorkUnits {
		u := &graph.WorkUnits[i]
		for _, c := range named(u) {
			if seen[c] || !c.Defined() {
				continue
			}
			seen[c] = true
			may, err := g.fabric.MayRead(ctx, who.Tenant, c)
			if err != nil {
				return err
			}
			if !may {
				return contracts.Errorf(contracts.CodeNotFound, clip(string(u.ID), maxName), "block %s is not stored here; upload the block first", c)
			}
		}
	}
	return nil
}

// named returns the blocks that a unit names.
func named(u *contracts.WorkUnit) []cid.Cid {
	var all []cid.Cid
	for _, p := range []*contracts.Program{u.Program, u.VerifyWith} {
		if p != nil && p.Module != nil {
			all = append(all, p.Module.Cid)
		}
	}
	for _, l := range u.Blobs {
		all = append(all, l.Cid)
	}
	return all
}
