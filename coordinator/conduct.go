package coordinator

import (
	"cmp"
	"context"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/envelope"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/coordinator/docket"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/survey"
	"github.com/krako-labs/krako/coordinator/trust"
	"github.com/krako-labs/krako/coordinator/verify"
)

// zone is the operator of the trusted zone.
const zone = "trusted zone"

// evidence notes an end of a unit for or against its node.
func (st *state) evidence(n contracts.NodeID, k trust.Kind) {
	st.trust.Apply(trust.Evidence{At: st.now, Node: st.book.Successor(n), Kind: k})
}

// evidenceOf says what a fault is evidence of.
func evidenceOf(c contracts.Code) trust.Kind {
	if c == contracts.CodeTimeout {
		return trust.Timeout
	}
	return trust.Failure
}

// Trust says what is known of a node's conduct. The error is NOT_FOUND for a node
// that was never seen.
func (c *Coordinator) Trust(ctx context.Context, id contracts.NodeID) (contracts.NodeTrust, error) {
	var (
		v     contracts.NodeTrust
		known bool
	)
	err := c.do(ctx, func(st *state) {
		n := st.nodes[id]
		if known = n != nil; known {
			v = st.conduct(n)
		}
	})
	if err == nil && !known {
		err = contracts.Errorf(contracts.CodeNotFound, string(id), "no such node")
	}
	return v, err
}

func (st *state) conduct(n *node) contracts.NodeTrust {
	r := st.vet.docket.Node(n.id)
	v := contracts.NodeTrust{
		NodeID: n.id, Operator: r.Operator, Standing: r.Standing.String(), State: st.stateOf(n, &r),
		Credibility: r.Credibility, Checks: r.Checks, Convictions: r.Convictions, History: []contracts.TrustChange{},
	}
	v.ModelChecks = n.checks.view()
	v.ReplacedBy, _ = st.book.Replaced(n.id)
	score := st.trust.Score(st.book.Successor(n.id))
	v.Reliability, v.Evidence = score.Score, score.Evidence
	for _, s := range n.history {
		v.History = append(v.History, s)
		if s.Proof != nil {
			v.Proof = s.Proof
		}
	}
	return v
}

// stateOf is a node's state: registered until it is let in, quarantined while nothing
// it does is used unconfirmed because it was proved wrong, removed once it will never
// work again under this key.
func (st *state) stateOf(n *node, r *docket.Record) string {
	_, replaced := st.book.Replaced(n.id)
	switch {
	case replaced || r.Removed || r.Standing == verify.Banned:
		return "removed"
	case r.Standing == verify.Suspended || n.barred: // the docket follows once the record is durable
		return "suspended"
	case n.awaits:
		return "registered"
	case r.Standing == verify.Probation && r.Convictions > 0:
		return "quarantined"
	}
	return "active"
}

// maxReason bounds what an order says.
const maxReason = 512

// Order carries out what the fabric's operator decides about a node and returns
// when it is durable.
func (c *Coordinator) Order(ctx context.Context, by access.Caller, id contracts.NodeID, o contracts.NodeOrder) error {
	if err := by.Must(contracts.ScopeAdmin); err != nil {
		return err
	}
	if !by.Sees(contracts.EveryTenant) {
		return contracts.Errorf(contracts.CodeAuth, "kk_"+by.Key, "nodes serve every tenant: the order needs a key of the fabric's operator")
	}
	if _, err := envelope.ParsePeerID(string(id)); err != nil {
		return contracts.Errorf(contracts.CodeValidation, "node", "%w", err)
	}
	if len(o.Reason) > maxReason || len(o.Operator) > maxReason {
		return contracts.Errorf(contracts.CodeValidation, "reason", "has more than %d bytes", maxReason)
	}
	var failure error
	durable := make(chan struct{})
	err := c.do(ctx, func(st *state) {
		s, err := st.ordered(id, o)
		if err == nil {
			s.By = cmp.Or(by.Key, "process") // what nobody ordered is only told
			err = st.note(session.Record{Standing: s})
		}
		if failure = err; err == nil {
			st.commit.then(func() { close(durable) })
		}
	})
	if err == nil {
		err = failure
	}
	if err != nil {
		return err
	}
	return c.awaitDurable(ctx, durable)
}

func (st *state) ordered(id contracts.NodeID, o contracts.NodeOrder) (*session.Standing, error) {
	now := st.vet.docket.Node(id).Standing
	was := st.vet.docket.Node(id)
	s := &session.Standing{Node: id, Reason: o.Reason, Operator: o.Operator, Kind: st.kindOf(id)}
	if s.Reason == "" {
		s.Reason = "ordered"
	}
	conflict := func(why string) error {
		return contracts.Errorf(contracts.CodeConflict, string(id), "the node is %s: %s", now, why)
	}
	if by, gone := st.book.Replaced(id); gone {
		return nil, contracts.Errorf(contracts.CodeConflict, string(id), "the node is known as %s now", by)
	}
	switch {
	case now == verify.Trusted:
		return nil, conflict("the trusted zone is set where the coordinator is started")
	case was.Removed:
		return nil, conflict("it was removed, and comes back with a new key only")
	case st.roomFor(id) != nil:
		return nil, st.roomFor(id)
	case o.Order == contracts.OrderApprove:
		if err := st.mayAnswerFor(id, o.Operator); err != nil {
			return nil, err
		}
		s.Standing = docket.Approved
	case o.Order == contracts.OrderSuspend:
		if !now.Works() {
			return nil, conflict("it has no work already")
		}
		s.Standing = verify.Suspended.String()
	case o.Order == contracts.OrderRemove:
		s.Standing = docket.Removed
	case o.Order == contracts.OrderReadmit:
		if now != verify.Suspended {
			return nil, conflict("only a suspended node can be readmitted")
		}
		s.Standing = verify.Probation.String()
	default:
		return nil, contracts.Errorf(contracts.CodeValidation, "order", "%.40q is neither approve, suspend, readmit nor remove", o.Order)
	}
	return s, nil
}

// remark keeps a change of a node's standing.
func (n *node) remark(at int64, s *session.Standing) {
	if len(n.history) == survey.MaxRemarks {
		n.history = n.history[1:]
	}
	n.history = append(n.history, contracts.TrustChange{
		At: contracts.Time{Time: time.UnixMicro(at).UTC()}, Standing: s.Standing, Reason: s.Reason, By: s.By, Proof: s.Proof,
	})
}

// recallEvidence notes, at a start, what a record of the log says of the node that
// had the lease.
func (st *state) recallEvidence(r *session.Record, n contracts.NodeID) {
	if s := r.Standing; s != nil && s.Standing == session.Rotated {
		st.trust.Rename(s.Was, s.Node)
		return
	}
	e := trust.Evidence{At: r.Time(), Node: n}
	if r.Rechecked != nil {
		st.learnRecheck(r.Time(), r.Rechecked)
		return
	}
	if r.Checked != nil {
		st.refuted(r.Time(), r.Checked)
		return
	}
	switch {
	case n == "":
		return
	case r.Ended != nil && r.Ended.Check == 0 && r.Ended.Result.Defined(), r.Held != nil && r.Held.Check == 0:
		e.Kind = trust.Success
	case r.Ended != nil && r.Ended.Check == 0 && r.Ended.By == "":
		e.Kind = evidenceOf(r.Ended.Code)
	case r.Returned != nil && r.Returned.Lost:
		e.Kind = trust.Timeout
	case r.Returned != nil:
		e.Kind = evidenceOf(r.Returned.Code)
	default:
		return
	}
	st.trust.Apply(e)
}

// leaseOf is the lease that a record is about, 0 if none.
func leaseOf(r *session.Record) uint64 {
	switch {
	case r.Ended != nil:
		return r.Ended.Lease
	case r.Returned != nil:
		return r.Returned.Lease
	case r.Held != nil:
		return r.Held.End.Lease
	}
	return 0
}
