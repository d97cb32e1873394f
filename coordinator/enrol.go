package coordinator

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"maps"
	"slices"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/coordinator/docket"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/survey"
	"github.com/krako-labs/krako/internal/p2p"
)

// NewNodeToken makes a token that lets nodes and pods in and returns when it is
// durable. Only its answer tells the secret.
func (c *Coordinator) NewNodeToken(ctx context.Context, by access.Caller, r contracts.NodeTokenRequest) (contracts.NodeTokenCreated, error) {
	var (
		id   [contracts.NodeTokenIDBytes]byte
		seed [ed25519.SeedSize]byte
	)
	rand.Read(id[:])
	rand.Read(seed[:])
	token := contracts.NewNodeToken(id, seed)
	err := c.decide(ctx, func(st *state) ([]access.Fact, error) {
		f, err := st.book.NewNodeToken(st.now, by, r, token.ID, token.Hash())
		return []access.Fact{f}, err
	})
	if err != nil {
		return contracts.NodeTokenCreated{}, err
	}
	return contracts.NodeTokenCreated{NodeTokenView: c.book.Load().NodeTokenView(token.ID), Token: token.Reveal()}, nil
}

// RevokeNodeToken ends a token. From when it returns on, nobody is let in with it.
func (c *Coordinator) RevokeNodeToken(ctx context.Context, by access.Caller, id string) error {
	return c.decide(ctx, func(st *state) ([]access.Fact, error) {
		f, ok, err := st.book.RevokeNodeToken(st.now, by, id)
		if err != nil || !ok {
			return nil, err
		}
		return []access.Fact{f}, nil
	})
}

// NodeTokens lists the tokens for nodes, oldest first.
func (c *Coordinator) NodeTokens(ctx context.Context, by access.Caller) (l contracts.NodeTokenList, err error) {
	failure := c.do(ctx, func(st *state) { l, err = st.book.NodeTokens(by) })
	return l, cmp.Or(failure, err)
}

// Operators lists who runs nodes and pods, by name. Nodes that nobody but themselves
// answers for are not in it.
func (c *Coordinator) Operators(ctx context.Context) (contracts.OperatorList, error) {
	list := contracts.OperatorList{Operators: []contracts.OperatorView{}}
	err := c.do(ctx, func(st *state) {
		of := map[string][]contracts.OperatorNode{}
		for _, id := range slices.Sorted(maps.Keys(st.nodes)) {
			n := st.nodes[id]
			if operator := st.operatorOf(id); operator != "" {
				r := st.vet.docket.Node(id)
				of[operator] = append(of[operator], contracts.OperatorNode{NodeID: id, Kind: st.kindOf(id), State: st.stateOf(n, &r), Connected: n.worker != nil})
			}
		}
		for _, name := range slices.Sorted(maps.Keys(of)) {
			list.Operators = append(list.Operators, contracts.OperatorView{Operator: name, Nodes: of[name]})
		}
	})
	return list, err
}

// identify carries out what a worker presents when it comes, and refuses it if it may
// not work. What it presented is durable when it returns.
func (c *Coordinator) identify(ctx context.Context, id contracts.NodeID, h *p2p.Hello) error {
	var failure error
	durable := make(chan struct{})
	err := c.do(ctx, func(st *state) {
		fresh, err := st.present(id, h)
		if err == nil && st.node(id).barred {
			err = barred(id)
		}
		failure = err
		if !fresh {
			close(durable)
			return
		}
		known := st.book.Clone()
		st.commit.then(func() { c.book.Store(known); close(durable) })
	})
	if err == nil {
		err = c.awaitDurable(ctx, durable) // a refusal that follows from a fact needs the fact, too
	}
	return cmp.Or(err, failure)
}

// present judges a worker's former keys and its proof of enrolment. fresh is true if
// anything was recorded, also where the worker is refused for what comes after it.
func (st *state) present(id contracts.NodeID, h *p2p.Hello) (fresh bool, err error) {
	if err := st.roomFor(id); err != nil {
		return false, err
	}
	for i, statement := range h.Rotations {
		r, err := contracts.OpenRotation(statement)
		if err != nil {
			return fresh, err
		}
		next := id
		if i+1 < len(h.Rotations) {
			n, err := contracts.OpenRotation(h.Rotations[i+1])
			if err != nil {
				return fresh, err
			}
			next = n.Old
		}
		if r.New != next {
			return fresh, contracts.Errorf(contracts.CodeAuth, string(id), "the rotation is of key %s to %s, not to the worker's", r.Old, r.New)
		}
		done, err := st.rotate(r, statement, h.Kind)
		fresh = fresh || done
		if err != nil {
			return fresh, err
		}
	}
	if by, gone := st.book.Replaced(id); gone {
		return fresh, contracts.Errorf(contracts.CodeAuth, string(id), "this key was replaced by %s and is refused from then on", by)
	}
	if len(h.Enrol) == 0 {
		return fresh, nil
	}
	done, err := st.enrol(id, h)
	return fresh || done, err
}

// roomFor is nil, or RESOURCE_EXHAUSTED when some of the keys were never seen and no more
// are taken in. The trusted zone, which is a list, always has room.
func (st *state) roomFor(keys ...contracts.NodeID) error {
	unseen := 0
	for _, id := range keys {
		if st.nodes[id] == nil && !slices.Contains(st.c.cfg.Trusted, id) {
			unseen++
		}
	}
	if unseen > 0 && len(st.nodes)+unseen > st.c.cfg.MaxNodes {
		return contracts.Errorf(contracts.CodeResourceExhausted, string(keys[0]), "%d nodes and pods were seen here, the most that are known; the coordinator's operator raises --max-nodes", len(st.nodes))
	}
	return nil
}

// rotate records that a worker is known by another key, unless that is known.
func (st *state) rotate(r *contracts.Rotation, statement []byte, kind string) (bool, error) {
	f, fresh, err := st.book.Rotate(st.now, statement)
	if err != nil || !fresh {
		return false, err
	}
	if err := st.roomFor(r.Old, r.New); err != nil {
		return false, err
	}
	was, now := st.node(r.Old), st.node(r.New)
	switch {
	case was.trusted != now.trusted:
		return false, contracts.Errorf(contracts.CodeAuth, string(r.New), "key %s is of the trusted zone and key %s is not: the zone is a list of keys that the coordinator is started with",
			pick(was.trusted, r.Old, r.New), pick(was.trusted, r.New, r.Old))
	case now.done > 0 || st.vet.docket.Known(r.New):
		return false, contracts.Errorf(contracts.CodeConflict, string(r.New), "the new key has a record of its own, and two records do not become one")
	}
	if err := st.learn(f, nil); err != nil {
		return false, err
	}
	now.barred, now.awaits = was.barred, was.awaits
	st.trust.Rename(r.Old, r.New) // evidence goes to the new key from here on
	return true, st.note(session.Record{Standing: &session.Standing{
		Node: r.New, Was: r.Old, Standing: docket.Rotated, Reason: "its key was replaced", Kind: kind, Operator: st.operatorOf(r.New),
	}})
}

func pick(first bool, a, b contracts.NodeID) contracts.NodeID {
	if first {
		return a
	}
	return b
}

// rotated moves what is known of a node to the key that it has now. It is called
// once the rotation is durable, and for each of the log at a start.
func (st *state) rotated(at int64, s *session.Standing) {
	was, n := st.node(s.Was), st.node(s.Node)
	n.history, was.history = append(was.history, n.history...), nil
	n.history = n.history[max(0, len(n.history)-survey.MaxRemarks):]
	n.done, was.done = n.done+was.done, 0
	n.awaits = was.awaits
	was.remark(at, &session.Standing{Standing: docket.Rotated, Reason: "its key was replaced by " + string(s.Node)})
	for _, out := range was.leases {
		st.must(st.lose(out, "the key of its node was replaced"))
	}
	if was.worker != nil {
		go was.worker.stream.Close(contracts.Errorf(contracts.CodeAuth, string(s.Was), "this key was replaced by %s", s.Node))
	}
	st.rank(was)
	st.rank(n)
}

// enrol lets a worker in with the token whose possession it proves.
func (st *state) enrol(id contracts.NodeID, h *p2p.Hello) (bool, error) {
	f, fresh, err := st.book.Enrol(st.now, id, contracts.NodeID(st.c.parts.Network.ID()), h.Kind, h.Enrol)
	if err != nil {
		return false, err
	}
	operator := f.Enrolled.Operator
	if fresh {
		if err := st.mayAnswerFor(id, operator); err != nil {
			return false, err
		}
		if err := st.learn(f, nil); err != nil {
			return false, err
		}
	} else if slices.ContainsFunc(st.book.Names(id), func(n contracts.NodeID) bool { _, in := st.vet.docket.Approved(n); return in }) {
		return false, nil
	}
	return true, st.note(session.Record{Standing: &session.Standing{
		Node: id, Standing: docket.Approved, Operator: operator, Reason: "let in with token kn_" + f.Enrolled.Token, Kind: h.Kind,
	}})
}

// mayAnswerFor reports why an operator cannot answer for a node from now on; "" is
// the node itself.
func (st *state) mayAnswerFor(id contracts.NodeID, operator string) error {
	if operator == "" {
		return nil
	}
	if err := contracts.CheckOperator(operator); err != nil {
		return err
	}
	of := st.operatorOf(id)
	switch {
	case of == operator:
		return nil
	case of != "":
		return contracts.Errorf(contracts.CodeConflict, string(id), "operator %s answers for it, and who does cannot change; start it with a new key", of)
	case st.vet.docket.Known(id):
		return contracts.Errorf(contracts.CodeConflict, string(id), "who answers for it cannot change once its results were judged; start it with a new key")
	}
	return nil
}

// operatorOf is who answers for a node, "" if nobody but itself does.
func (st *state) operatorOf(id contracts.NodeID) string {
	id = st.book.Successor(id)
	if operator := st.book.EnrolledBy(id); operator != "" {
		return operator
	}
	operator, _ := st.vet.docket.Approved(id)
	return operator
}

// kindOf is what a node is, as far as is known.
func (st *state) kindOf(id contracts.NodeID) string {
	if n := st.nodes[id]; n != nil {
		return cmp.Or(n.info.Kind, "node")
	}
	return "node"
}
