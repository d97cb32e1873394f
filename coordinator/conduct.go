package coordinator

import (
	"context"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/verify"
)

// maxHistory bounds the changes of standing that are kept of a node.
const maxHistory = 64

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
		NodeID: n.id, Operator: r.Operator, Standing: r.Standing.String(), State: stateOf(r.Standing, r.Convictions),
		Credibility: r.Credibility, Checks: r.Checks, Convictions: r.Convictions, History: []contracts.TrustChange{},
	}
	for _, s := range n.history {
		v.History = append(v.History, s)
		if s.Proof != nil {
			v.Proof = s.Proof
		}
	}
	return v
}

// stateOf is the state of a node that is let in: quarantined while nothing it does
// is used unconfirmed because it was proved wrong.
func stateOf(s verify.Standing, convictions int) string {
	switch {
	case s == verify.Suspended:
		return "suspended"
	case s == verify.Banned:
		return "removed"
	case s == verify.Probation && convictions > 0:
		return "quarantined"
	}
	return "active"
}

// remark keeps a change of a node's standing.
func (n *node) remark(at int64, s *session.Standing) {
	if len(n.history) == maxHistory {
		n.history = n.history[1:]
	}
	n.history = append(n.history, contracts.TrustChange{
		At: contracts.Time{Time: time.UnixMicro(at).UTC()}, Standing: s.Standing, Reason: s.Reason, By: s.By, Proof: s.Proof,
	})
}
