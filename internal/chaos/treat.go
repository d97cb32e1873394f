package chaos

import (
	"context"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/krako-labs/krako/internal/sandbox"
)

// treat does to a unit what the plan says.
func (a *agent) treat(ctx context.Context, s *p2p.WorkStream, u *p2p.Unit) error {
	call, id, err := contracts.DecodeInvocation(u.Invocation)
	if err != nil {
		return a.fault(ctx, s, u, contracts.CodeUnsupported, err.Error())
	}
	act := a.cfg.Plan.act(id, a.done)
	a.done++
	a.log.Info("unit", "unit", id, "lease", u.Lease, "act", act)
	switch act {
	case Stall:
		return nil
	case Vanish:
		return errVanish
	case Fault:
		return a.fault(ctx, s, u, contracts.CodeInternal, "on purpose")
	case Copy:
		defer a.release(u.Lease)
		return a.send(ctx, s, u, outcomeOf(a.last), act)
	}
	o, err := a.compute(ctx, id, call)
	if err != nil {
		return a.fault(ctx, s, u, contracts.CodeInternal, err.Error())
	}
	a.last = o.Output
	defer a.release(u.Lease)
	if act == Lie {
		return a.send(ctx, s, u, a.wrong(id, o), act)
	}
	if err := a.send(ctx, s, u, o, act); err != nil || act != Equivocate {
		return err
	}
	return a.send(ctx, s, u, a.wrong(id, o), act)
}

// outcomeOf is a success that was never computed.
func outcomeOf(output []byte) sandbox.Outcome {
	if output == nil {
		output = []byte("{}")
	}
	return sandbox.Outcome{Output: output, MediaType: contracts.DefaultMediaType, FuelUsed: 1, MemoryPages: 1}
}

func (a *agent) wrong(id cid.Cid, o sandbox.Outcome) sandbox.Outcome {
	if o.Code != "" {
		o.Code, o.MediaType = "", contracts.DefaultMediaType
	}
	o.Output = a.cfg.Plan.falsify(id, o.Output, o.MediaType)
	return o
}

func (a *agent) fault(ctx context.Context, s *p2p.WorkStream, u *p2p.Unit, code contracts.Code, why string) error {
	a.release(u.Lease)
	return s.Send(ctx, &p2p.Fault{Lease: u.Lease, Code: code, Message: why[:min(len(why), 512)]})
}

// send signs one result and sends it, by itself, as the act has it.
func (a *agent) send(ctx context.Context, s *p2p.WorkStream, u *p2p.Unit, o sandbox.Outcome, act Act) error {
	// Only a number that is recorded is old for certain: the coordinator answers for a
	// batch that comes while another one of its number is on its way to the disk as for
	// that one.
	seq := a.recorded.Load()
	if act == OldSeq && seq == 0 {
		act = Honest
	}
	if act != OldSeq {
		var err error
		if seq, err = a.seq.Take(); err != nil {
			return err
		}
	}
	m, err := a.seal(s.Welcome().Cluster, seq, u, o)
	if err != nil {
		return err
	}
	// What becomes of the batch is told by its number.
	a.log.Info("batch sent", "seq", seq, "breach", act)
	if act == Reorder {
		a.held = append(a.held, m)
		return nil
	}
	if err := s.Send(ctx, m); err != nil {
		return err
	}
	if act == Duplicate {
		if err := s.Send(ctx, m); err != nil {
			return err
		}
	}
	return a.flush(ctx, s)
}

// flush sends the batches that were held back.
func (a *agent) flush(ctx context.Context, s *p2p.WorkStream) error {
	for len(a.held) > 0 {
		if err := s.Send(ctx, a.held[0]); err != nil {
			return err
		}
		a.held = a.held[1:]
	}
	return nil
}

// seal makes a batch that only its content can give away.
func (a *agent) seal(cluster string, seq uint64, u *p2p.Unit, o sandbox.Outcome) (*p2p.Results, error) {
	r := contracts.Result{
		Unit: contracts.Link{Cid: dagcbor.CID(u.Invocation)}, Outcome: contracts.Failed, ErrorCode: o.Code,
		FuelUsed: o.FuelUsed, MemoryPages: o.MemoryPages,
	}
	m := &p2p.Results{}
	if o.Code == "" {
		link := contracts.Link{Cid: dagcbor.RawCID(o.Output)}
		r.Outcome, r.Output, r.MediaType, r.OutputBytes = contracts.Succeeded, &link, o.MediaType, uint64(len(o.Output))
		m.Outputs = []p2p.Output{{CID: link, Data: o.Output}}
	}
	block, err := r.Block()
	if err != nil {
		return nil, err
	}
	now := contracts.Time{Time: time.Now().UTC()}
	b := contracts.Batch{Cluster: cluster, Seq: seq, Results: []contracts.BatchItem{{
		ResultCID: contracts.Link{Cid: dagcbor.CID(block)},
		Observed: contracts.Observed{
			Node: contracts.NodeID(a.id.ID()), Lease: u.Lease, Epoch: u.Epoch, Attempt: uint32(u.Attempt), StartedAt: now, FinishedAt: now,
		},
	}}}
	m.Items = [][]byte{block}
	m.Batch, err = b.Seal(a.id.Private())
	return m, err
}
