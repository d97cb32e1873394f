package coordinator

import (
	"maps"
	"slices"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/placement"
)

// need says what a ready unit demands of its place.
func (st *state) need(l *live, unit int) placement.Need {
	w := l.Plan().Unit(unit)
	n := placement.Need{
		Type: w.Type, Profile: st.c.cfg.Profile, Trusted: l.needsTrust(unit), Avoid: l.Executors(unit), Blocks: l.blocksOf(w),
	}
	if h := w.ExecutionHint; h != nil {
		n.Region, n.Tags = h.Region, h.NodeTags
		if r := h.Requires; r != nil {
			n.MinRAMMB, n.MinVRAMMB, n.Accelerators = r.MinRAMMB, r.MinVRAMMB, r.Accelerators
		}
	}
	if w.Type.CPU() {
		n.Module, _, _ = l.Program(unit) // an error shows when the unit is resolved
		if st.vet.docket.Marked(n.Module) {
			n.Trusted = true // nobody could say whether a stranger's result is right
		}
	} else {
		n.Model, n.Blocks = modelOf(w.Model), []cid.Cid{l.said()}
	}
	return n
}

// blocksOf lists the blobs of a unit that are known before it is resolved, in an
// order that does not change.
func (l *live) blocksOf(w *contracts.WorkUnit) []cid.Cid {
	if len(w.Blobs) == 0 && len(w.Bind) == 0 {
		return nil
	}
	var blocks []cid.Cid
	for _, name := range slices.Sorted(maps.Keys(w.Blobs)) {
		blocks = append(blocks, w.Blobs[name].Cid)
	}
	for _, b := range w.Bind {
		if d, ok := l.Plan().Index(b.From); ok && b.Blob != "" {
			if out := l.Output(d).CID; out.Defined() {
				blocks = append(blocks, out)
			}
		}
	}
	return blocks
}

// candidate is a connected worker as placement sees it.
func (st *state) candidate(n *node) placement.Node {
	h := n.worker.hello
	c := placement.Node{
		ID: n.id, Kind: h.Kind, Profiles: h.Profiles, Trusted: n.trusted, Region: h.Region, Tags: h.Tags,
		MemoryMB: int64(h.MemoryMB), Models: offered(h.Models),
	}
	st.fill(n, &c)
	return c
}

// fill sets what changes often.
func (st *state) fill(n *node, c *placement.Node) {
	c.Reliability = st.trust.Reliability(n.id)
	c.Free, c.Held = n.worker.free(), len(n.leases)
	c.Load = n.burden(c.Held)
	if n.breaker.HalfOpen(st.now) {
		c.Free = min(c.Free, max(0, 1-c.Held))
	}
	switch {
	case n.barred || n.awaits:
		c.State = placement.Barred
	case n.worker.draining:
		c.State = placement.Draining
	case n.worker.paused != "":
		c.State = placement.Paused
	case n.silent:
		c.State = placement.Silent
	case n.breaker.Open(st.now):
		c.State = placement.CircuitOpen
	default:
		c.State = placement.Eligible
	}
}

// rank brings a node to its place among the others after something changed.
func (st *state) rank(n *node) {
	n.stale = false
	if n.worker != nil {
		st.index.Adjust(n.id, func(c *placement.Node) { st.fill(n, c) })
	}
}

// rankLater has a node ranked before units are given out next: a batch of results
// ends a hundred leases of one node.
func (st *state) rankLater(n *node) {
	if !n.stale {
		n.stale = true
		st.stale = append(st.stale, n)
	}
}

// rankStale ranks the nodes whose leases have ended.
func (st *state) rankStale() {
	for _, n := range st.stale {
		if n.stale {
			st.rank(n)
		}
	}
	clear(st.stale)
	st.stale = st.stale[:0]
}
