package coordinator

import (
	"context"
	"slices"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/trust"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/p2p"
)

// arrival is one verified item of a batch on its way into a session.
type arrival struct {
	ref    session.Lease
	index  int
	item   *contracts.BatchItem
	result *contracts.Result
	use    *contracts.ModelUse // of an llm unit's
	output []byte
	// current is set when the item's lease is the unit's.
	current bool
}

// takeResults checks a batch step by step, cheapest first, and gives what
// holds to the sessions. Signature, signer and root are checked before
// anything is believed; leases before anything is stored or fetched. A batch
// that breaks the protocol ends the stream; an item whose lease is no longer
// current is passed over, for that is nobody's fault.
func (c *Coordinator) takeResults(ctx context.Context, w *worker, m *p2p.Results) error {
	b, err := contracts.OpenBatch(m.Batch)
	if err != nil {
		return err
	}
	id := w.node.id
	if b.Node != id || b.Cluster != c.parts.Log.Cluster() {
		return contracts.Errorf(contracts.CodeAuth, string(id), "batch of node %s in cluster %s does not belong here", b.Node, b.Cluster)
	}
	arrivals, err := readItems(b, m)
	if err != nil {
		return err
	}
	fresh := false
	var liar *arrival
	var was *signature
	err = c.do(ctx, func(st *state) {
		if fresh = st.claim(w, b.Seq, arrivals); fresh {
			liar, was = st.contradiction(w.node, arrivals)
		}
	})
	if err != nil || !fresh {
		return err
	}
	if was != nil {
		if err := c.prove(ctx, w, m, liar, was); err != nil {
			return err
		}
	}
	if !slices.ContainsFunc(arrivals, func(a arrival) bool { return a.current }) {
		// Nothing of it is used, so nothing of it is kept: a node cannot fill the
		// store with results nobody asked for.
		return c.post(ctx, func(st *state) { st.passOver(w, b.Seq) })
	}
	envelope := blob.Raw(m.Batch)
	if err := c.keepOutputs(ctx, id, envelope, arrivals, m); err != nil {
		return err
	}
	return c.post(ctx, func(st *state) { st.must(st.take(w, b, envelope.CID, arrivals)) })
}

// readItems matches each item with its result block.
func readItems(b *contracts.Batch, m *p2p.Results) ([]arrival, error) {
	if len(m.Items) != len(b.Results) {
		return nil, contracts.Errorf(contracts.CodeValidation, string(b.Node), "batch names %d results, %d came with it", len(b.Results), len(m.Items))
	}
	inline := make(map[cid.Cid][]byte, len(m.Outputs))
	for _, o := range m.Outputs {
		if err := dagcbor.Verify(o.CID.Cid, o.Data); err != nil {
			return nil, contracts.Errorf(contracts.CodeValidation, o.CID.String(), "output block: %w", err)
		}
		inline[o.CID.Cid] = o.Data
	}
	arrivals := make([]arrival, len(m.Items))
	for i, block := range m.Items {
		item := &b.Results[i]
		r, use, id, err := contracts.DecodeAnyResult(block)
		if err != nil {
			return nil, err
		}
		if !id.Equals(item.ResultCID.Cid) {
			return nil, contracts.Errorf(contracts.CodeValidation, id.String(), "result block is not the signed result %s", item.ResultCID)
		}
		arrivals[i] = arrival{index: i, item: item, result: r, use: use}
		if r.Output != nil {
			arrivals[i].output = inline[r.Output.Cid]
		}
	}
	return arrivals, nil
}

// claim says whether the batch's number is new and marks the items whose
// leases are current. A number that is recorded is rejected; one that is on its
// way to the disk, sent again over a new stream, is acknowledged with it.
func (st *state) claim(w *worker, seq uint64, arrivals []arrival) bool {
	switch n := w.node; {
	case n.worker != w:
		return false
	case seq <= n.recorded.Load():
		w.post(&p2p.Reject{Seq: seq, Code: contracts.CodeConflict, Message: "sequence number was used before"})
		return false
	case seq <= n.seq:
		st.acknowledge(w, seq)
		return false
	}
	for i := range arrivals {
		a := &arrivals[i]
		o := &a.item.Observed
		out, ok := w.node.leases[o.Lease]
		if ok && out.Epoch == o.Epoch {
			a.ref, a.current = out.Lease, true
		}
	}
	return true
}

// keepOutputs stores the blocks that current items stand on, fetching outputs
// that did not come with the batch. What cannot be had makes its item a loss,
// not an error: the unit is run again.
func (c *Coordinator) keepOutputs(ctx context.Context, from contracts.NodeID, envelope blob.Block, arrivals []arrival, m *p2p.Results) error {
	blocks := append(make([]blob.Block, 0, 1+2*len(arrivals)), envelope)
	var outputs []blob.Block
	for i := range arrivals {
		a := &arrivals[i]
		if !a.current {
			continue
		}
		blocks = append(blocks, blob.Proved(a.item.ResultCID.Cid, m.Items[i])) // by readItems
		if a.result.Output == nil {
			continue
		}
		if a.output == nil && a.result.OutputBytes <= uint64(c.cfg.Limits.MaxOutputBytes) {
			data, err := c.output(ctx, from, a.result)
			if err != nil {
				c.log.Warn("output not fetched", "node", from, "output", a.result.Output, "error", err)
			}
			a.output = data
		}
		if uint64(len(a.output)) != a.result.OutputBytes {
			a.output, a.current = nil, false
			continue
		}
		c.collector.touch(a.result.Output.Cid)
		if !c.stored.has(a.result.Output.Cid) {
			outputs = append(outputs, blob.Block{CID: a.result.Output.Cid, Data: a.output})
		}
	}
	if err := c.parts.Blocks.Stage(ctx, append(blocks, outputs...)...); err != nil {
		return err
	}
	for _, b := range outputs {
		c.stored.add(b.CID)
	}
	return nil
}

// output returns an output block from the store or else from the node.
func (c *Coordinator) output(ctx context.Context, from contracts.NodeID, r *contracts.Result) ([]byte, error) {
	if ok, err := c.parts.Blocks.Has(ctx, r.Output.Cid); err == nil && ok {
		return c.parts.Blocks.Get(ctx, r.Output.Cid)
	}
	return c.parts.Network.FetchBlock(ctx, string(from), r.Output.Cid, int64(r.OutputBytes))
}

// passOver acknowledges a batch none of whose leases is current. Its number is
// used up in memory only: after a restart its leases are no more current.
func (st *state) passOver(w *worker, seq uint64) {
	w.node.seq, w.node.seen = max(w.node.seq, seq), st.now
	st.acknowledge(w, seq)
}

// acknowledge tells a worker, once everything decided so far is durable, that it
// need not keep a batch.
func (st *state) acknowledge(w *worker, seq uint64) {
	n := w.node
	st.commit.then(func() {
		n.recorded.Store(max(n.recorded.Load(), seq)) // only this goroutine stores
		w.post(&p2p.Ack{Seq: seq})
	})
}

// take gives the items to their sessions, uses up the batch's number and
// acknowledges it once all of that is durable.
func (st *state) take(w *worker, b *contracts.Batch, envelope cid.Cid, arrivals []arrival) error {
	n := w.node
	if b.Seq <= n.seq {
		return contracts.Errorf(contracts.CodeConflict, string(n.id), "batch %d came twice", b.Seq)
	}
	n.seq, n.seen = b.Seq, st.now
	rec := session.Record{At: st.now.UnixMicro(), Batch: &session.Batch{Node: n.id, Seq: b.Seq, CID: contracts.Link{Cid: envelope}}}
	if err := st.commit.add(&rec, nil); err != nil {
		return err
	}
	for i := range arrivals {
		if err := st.complete(n, envelope, &arrivals[i]); err != nil {
			return err
		}
	}
	st.acknowledge(w, b.Seq)
	return nil
}

func (st *state) complete(n *node, envelope cid.Cid, a *arrival) error {
	out, ok := n.leases[a.item.Observed.Lease]
	if !ok || out.Lease != a.ref {
		return nil // never current, or taken back while its output was fetched
	}
	switch {
	case out.copy != nil:
		return st.copyAnswered(n, out, envelope, a)
	case out.again != nil:
		return st.rechecked(n, out, envelope, a)
	case out.check != nil:
		return st.checkAnswered(n, out, envelope, a)
	}
	if st.overdue(out.live) {
		return st.timeOut(out.live) // which calls the lease back
	}
	if !a.current {
		return st.lose(out, "output could not be fetched")
	}
	overtaken := st.takeOver(out)
	class, held := st.vetted(n, out)
	with := st.checkedFirst(out, a)
	held = held || with
	if held {
		st.keepFlight(out)
	}
	st.release(out.ID)
	n.signed.add(a, envelope)
	report := session.Report{
		Lease: out.Lease, Result: a.result, CID: a.item.ResultCID.Cid, Batch: envelope, Index: a.index,
		Observed: &a.item.Observed, Output: a.output, Model: a.use,
	}
	var rec session.Record
	var err error
	if held {
		rec, err = out.live.Hold(st.now, uint8(class), with, report)
	} else {
		rec, err = out.live.Complete(st.now, report)
	}
	if err != nil {
		// A result for another computation than the lease's: the unit goes back.
		st.c.log.Warn("result refused", "node", n.id, "session", out.live.ID, "error", err)
		return st.recordLoss(out, err.Error())
	}
	n.done++
	st.finished(n)
	st.evidence(n.id, trust.Success)
	st.late(overtaken)
	st.retriesOf(out.live.Accepted.Tenant).Earn()
	st.spent(out.live.Accepted.Tenant, a.result.FuelUsed+asFuel(a.use))
	st.ran(out, a)
	if a.use == nil && !held {
		rec.Ended.Public = out.public && n.trusted && rec.Ended.State == contracts.UnitSuccess
		st.retain(out.live.Accepted.Tenant, a.result.Unit.Cid, rec.Ended, n.id)
	}
	spoken := out.live.voices.ends(out.Unit)
	if err := st.record(out.live, rec); err != nil {
		return err
	}
	st.draw(n, out, a)
	st.drawScore(n, out, a, spoken)
	return nil
}

func (st *state) recordLoss(out *lease, reason string) error {
	rec, err := out.live.Lose(st.now, out.Lease, reason)
	if err != nil {
		return err
	}
	return st.record(out.live, rec)
}
