package coordinator

import (
	"context"
	"errors"
	"fmt"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/verify"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/p2p"
)

// maxSigned is how many of a node's latest results are remembered, to know a
// second one under the same lease.
const maxSigned = 128

// signatures are what a node signed lately. It forgets the oldest.
type signatures struct {
	ring []signature
	next int
}

type signature struct {
	lease  uint64
	result cid.Cid
	batch  cid.Cid
	index  int
}

func (s *signatures) add(a *arrival, batch cid.Cid) {
	x := signature{a.item.Observed.Lease, a.item.ResultCID.Cid, batch, a.index}
	if len(s.ring) < maxSigned {
		s.ring = append(s.ring, x)
		return
	}
	s.ring[s.next] = x
	s.next = (s.next + 1) % maxSigned
}

// contradicts returns another result that the node signed under the item's lease,
// nil if there is none.
func (s *signatures) contradicts(item *contracts.BatchItem) *signature {
	for i := range s.ring {
		if x := &s.ring[i]; x.lease == item.Observed.Lease && !x.result.Equals(item.ResultCID.Cid) {
			was := *x
			return &was
		}
	}
	return nil
}

// contradiction returns the first item of a batch that contradicts what the node
// signed before, or what it signs in the same batch.
func (st *state) contradiction(n *node, arrivals []arrival) (*arrival, *signature) {
	for i := range arrivals {
		a := &arrivals[i]
		if a.current && len(arrivals) == 1 {
			break
		}
		if was := n.signed.contradicts(a.item); was != nil {
			return a, was
		}
		for k := range i {
			if b := &arrivals[k]; b.item.Observed.Lease == a.item.Observed.Lease && !b.item.ResultCID.Equals(a.item.ResultCID.Cid) {
				return a, &signature{lease: b.item.Observed.Lease, result: b.item.ResultCID.Cid, index: b.index}
			}
		}
	}
	return nil, nil
}

// batchesSigned calls add with the batches of some of the nodes, as far as their latest
// results are remembered, and returns which nodes are left.
func (st *state) batchesSigned(of []contracts.NodeID, most int, add func(cid.Cid)) []contracts.NodeID {
	most = min(most, len(of))
	for _, id := range of[:most] {
		if n := st.nodes[id]; n != nil {
			for i := range n.signed.ring {
				add(n.signed.ring[i].batch)
			}
		}
	}
	return of[most:]
}

// prove makes the proof that a node signed two results under one lease and bans the
// node by it. Without the first signature, if it is not kept, nobody else could check
// that: the node is suspended then, for the coordinator has seen both.
func (c *Coordinator) prove(ctx context.Context, w *worker, m *p2p.Results, a *arrival, was *signature) error {
	first := m.Batch
	if was.batch.Defined() {
		var err error
		first, err = c.parts.Blocks.Get(ctx, was.batch)
		if _, damaged := errors.AsType[*blob.CorruptError](err); damaged || blob.IsNotFound(err) {
			return c.witness(ctx, w, a, was)
		}
		if err != nil {
			return fmt.Errorf("read the batch that a node contradicts: %w", err)
		}
	}
	proof := contracts.Equivocation{
		V: 1, First: contracts.Signed{Batch: first, Index: was.index}, Second: contracts.Signed{Batch: m.Batch, Index: a.index},
	}
	if _, err := proof.Verify(); err != nil {
		return fmt.Errorf("prove an equivocation: %w", err)
	}
	data, err := proof.Block()
	if err != nil {
		return err
	}
	block := blob.Node(data)
	if err := c.parts.Blocks.Stage(ctx, block); err != nil {
		return err
	}
	return c.post(ctx, func(st *state) {
		// The docket knows of a ban once it is durable; meanwhile one proof is enough.
		if w.node.proved || st.vet.docket.Node(w.node.id).Standing == verify.Banned {
			return
		}
		w.node.proved = true
		link := contracts.Link{Cid: block.CID}
		st.must(st.note(session.Record{Standing: &session.Standing{
			Node: w.node.id, Standing: verify.Banned.String(), Reason: "signed two results under one lease", Proof: &link, Kind: st.kindOf(w.node.id),
		}}))
	})
}

// witness suspends a node for a contradiction of which one half is lost.
func (c *Coordinator) witness(ctx context.Context, w *worker, a *arrival, was *signature) error {
	reason := fmt.Sprintf("signed %s and then %s under lease %d; the first batch, %s, is not kept, so that this cannot be proved to others", was.result, a.item.ResultCID, was.lease, was.batch)
	return c.post(ctx, func(st *state) {
		if !st.vet.docket.Works(w.node.id) {
			return
		}
		known := st.vet.docket.Node(w.node.id)
		st.must(st.note(session.Record{Standing: &session.Standing{
			Node: w.node.id, Standing: verify.Suspended.String(), Reason: reason, By: session.Witness, Kind: st.kindOf(w.node.id),
			Credibility: known.Credibility, Checks: known.Checks,
		}}))
	})
}
