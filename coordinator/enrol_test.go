package coordinator_test

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/internal/p2p"
)

func identity(t testing.TB) p2p.Identity {
	t.Helper()
	id, err := p2p.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// stranger is a worker that has not joined yet.
func (f *fabric) stranger(id p2p.Identity) *worker {
	w := &worker{t: f.t, id: id, host: newHost(f.t, id)}
	f.t.Cleanup(func() { w.host.Close() })
	return w
}

// with has the worker prove that it has a token.
func (w *worker) with(f *fabric, t contracts.NodeToken) *worker {
	w.t.Helper()
	proof, err := t.Enrol(contracts.NodeID(w.id.ID()), contracts.NodeID(f.host.ID()), cmp.Or(w.hello.Kind, "node"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.hello.Enrol = proof
	return w
}

// was has the worker say that it was known by another key.
func (w *worker) was(old p2p.Identity) *worker {
	w.t.Helper()
	s, err := contracts.SealRotation(old.Private(), contracts.NodeID(w.id.ID()), contracts.Time{Time: time.Now().UTC()})
	if err != nil {
		w.t.Fatal(err)
	}
	w.hello.Rotations = append(w.hello.Rotations, s)
	return w
}

func (f *fabric) token(r contracts.NodeTokenRequest) contracts.NodeToken {
	f.t.Helper()
	made, err := f.NewNodeToken(f.t.Context(), access.Operator(), r)
	if err != nil {
		f.t.Fatal(err)
	}
	t, err := contracts.ParseNodeToken(made.Token)
	if err != nil {
		f.t.Fatal(err)
	}
	return t
}

func (f *fabric) nodeView(id p2p.Identity) contracts.NodeView {
	f.t.Helper()
	list, err := f.Nodes(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	for _, n := range list.Nodes {
		if string(n.NodeID) == id.ID() {
			return n
		}
	}
	f.t.Fatalf("node %s is not known", id)
	return contracts.NodeView{}
}

func (f *fabric) refused(w *worker, code contracts.Code, want string) {
	f.t.Helper()
	err := w.tryJoin(f)
	if contracts.CodeOf(err) != code || !strings.Contains(err.Error(), want) {
		f.t.Errorf("%v, want %s with %q", err, code, want)
	}
}

func approval(c *coordinator.Config) { c.Approval = true }

// A token lets as many in as it says, under its operator; they work at once although
// others wait for approval, and still do after a restart.
func TestATokenLetsNodesIn(t *testing.T) {
	f := startFabric(t, approval)
	token := f.token(contracts.NodeTokenRequest{Operator: "chemistry", Uses: 1})
	id := identity(t)
	w := f.stranger(id).with(f, token)
	w.join(f)
	go w.work()
	f.end(f.submit(graph(unit("a", `{"n":1}`))))
	if v := f.nodeView(id); v.State != "active" || v.Operator != "chemistry" || v.UnitsDone != 1 || !strings.Contains(v.Reason, token.ID) {
		t.Errorf("the node is %+v", v)
	}
	f.refused(f.stranger(identity(t)).with(f, token), contracts.CodeAuth, "used up")

	waits := f.stranger(identity(t))
	waits.join(f)
	if v := f.nodeView(waits.id); v.State != "registered" || v.Operator != "" {
		t.Errorf("a node without a token is %+v", v)
	}
	list, err := f.Operators(t.Context())
	if err != nil || len(list.Operators) != 1 || list.Operators[0].Operator != "chemistry" || string(list.Operators[0].Nodes[0].NodeID) != id.ID() {
		t.Errorf("operators are %+v (%v)", list, err)
	}
	revoked := f.token(contracts.NodeTokenRequest{Operator: "physics"})
	if err := f.RevokeNodeToken(t.Context(), access.Operator(), revoked.ID); err != nil {
		t.Fatal(err)
	}
	f.refused(f.stranger(identity(t)).with(f, revoked), contracts.CodeAuth, "revoked")

	f.stop()
	f.open(approval)
	again := f.stranger(id).with(f, token) // the token is used up, and the node is in
	again.seq.Store(w.seq.Load())
	again.join(f)
	go again.work()
	f.end(f.submit(graph(unit("a", `{"n":2}`))))
	if v := f.nodeView(id); v.State != "active" || v.Operator != "chemistry" || v.UnitsDone != 2 {
		t.Errorf("after a restart the node is %+v", v)
	}
	f.refused(f.stranger(identity(t)).with(f, token), contracts.CodeAuth, "used up")
}

// A new key carries everything over, the old one is refused, and a suspension is not
// escaped by a rotation.
func TestAKeyIsReplaced(t *testing.T) {
	f := startFabric(t, approval)
	old, fresh, thief := identity(t), identity(t), identity(t)
	w := f.stranger(old).with(f, f.token(contracts.NodeTokenRequest{Operator: "chemistry"}))
	w.join(f)
	go w.work()
	f.end(f.submit(graph(unit("a", `{"n":1}`))))
	before, err := f.Trust(t.Context(), contracts.NodeID(old.ID()))
	if err != nil {
		t.Fatal(err)
	}

	forged := f.stranger(thief).was(fresh) // of a key that it has not: the statement is bent
	forged.hello.Rotations[0][80] ^= 1
	f.refused(forged, contracts.CodeAuth, "")
	f.refused(func() *worker {
		w := f.stranger(thief)
		w.hello.Rotations = f.stranger(fresh).was(old).hello.Rotations
		return w
	}(), contracts.CodeAuth, "not to the worker's")

	next := f.stranger(fresh).was(old)
	next.join(f)
	go next.work()
	f.end(f.submit(graph(unit("a", `{"n":2}`))))
	check := func() {
		t.Helper()
		v, gone := f.nodeView(fresh), f.nodeView(old)
		if v.State != "active" || v.Operator != "chemistry" || v.UnitsDone != 2 {
			t.Errorf("under its new key the node is %+v", v)
		}
		if gone.State != "removed" || string(gone.ReplacedBy) != fresh.ID() || gone.UnitsDone != 0 {
			t.Errorf("under its old key the node is %+v", gone)
		}
		after, err := f.Trust(t.Context(), contracts.NodeID(fresh.ID()))
		if err != nil || after.Evidence <= before.Evidence || len(after.History) != len(before.History)+1 {
			t.Errorf("what is known of it was %+v and is %+v (%v)", before, after, err)
		}
		f.refused(f.stranger(old), contracts.CodeAuth, "was replaced by")
		f.refused(f.stranger(thief).was(old), contracts.CodeConflict, "was replaced by")
	}
	check()
	f.stop()
	f.open(approval)
	again := f.stranger(fresh).was(old) // told again
	again.join(f)
	go again.work()
	check()

	if err := f.Order(t.Context(), access.Operator(), contracts.NodeID(fresh.ID()), contracts.NodeOrder{Order: contracts.OrderSuspend}); err != nil {
		t.Fatal(err)
	}
	third := identity(t)
	f.refused(f.stranger(third).was(old).was(fresh), contracts.CodeAuth, "") // old never signed for the third
	escape := f.stranger(third).was(fresh)
	f.refused(escape, contracts.CodeAuth, "suspended")
	if v := f.nodeView(third); v.State != "suspended" || v.Operator != "chemistry" {
		t.Errorf("a suspended node that rotated is %+v", v)
	}
	f.refused(f.stranger(fresh), contracts.CodeAuth, "was replaced by")
	if err := f.Order(t.Context(), access.Operator(), contracts.NodeID(third.ID()), contracts.NodeOrder{Order: contracts.OrderReadmit}); err != nil {
		t.Fatal(err)
	}
	f.comesBack(third)
	if err := f.Order(t.Context(), access.Operator(), contracts.NodeID(third.ID()), contracts.NodeOrder{Order: contracts.OrderRemove, Reason: "sold"}); err != nil {
		t.Fatal(err)
	}
	f.settled()
	f.refused(f.stranger(third), contracts.CodeAuth, "")
	if v := f.nodeView(third); v.State != "removed" || v.Reason != "sold" {
		t.Errorf("a removed node is %+v", v)
	}
	if err := f.Order(t.Context(), access.Operator(), contracts.NodeID(third.ID()), contracts.NodeOrder{Order: contracts.OrderReadmit}); contracts.CodeOf(err) != contracts.CodeConflict {
		t.Errorf("a removed node was readmitted: %v", err)
	}
}

// comesBack has a node that was readmitted come until it is let in: the order is kept
// before it is in force.
func (f *fabric) comesBack(id p2p.Identity) {
	f.t.Helper()
	for began := time.Now(); ; {
		err := f.stranger(id).tryJoin(f)
		if err == nil {
			return
		}
		if time.Since(began) > patience {
			f.t.Fatal(err)
		}
	}
}

// The trusted zone is a list of keys: no token and no rotation leads into it.
// A pool that anybody may join knows so many keys and no more, however they come in. Who
// is known, and the trusted zone, still come.
func TestNodesAreBounded(t *testing.T) {
	var ids []p2p.Identity
	for range 6 {
		ids = append(ids, identity(t))
	}
	f := startFabric(t, func(c *coordinator.Config) {
		c.MaxNodes, c.Trusted = 2, []contracts.NodeID{contracts.NodeID(ids[5].ID())}
	})
	first := f.stranger(ids[0])
	first.join(f)
	refused := func(what string, err error) {
		t.Helper()
		if contracts.CodeOf(err) != contracts.CodeResourceExhausted {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("a key with two former ones", f.stranger(ids[1]).was(ids[2]).tryJoin(f))
	second := f.stranger(ids[1])
	second.join(f)
	refused("one more", f.stranger(ids[2]).tryJoin(f))
	second.leave()
	refused("a former key of one that is known", f.stranger(ids[1]).was(ids[3]).tryJoin(f))
	refused("an order about one that was never seen", f.Order(t.Context(), access.Operator(), contracts.NodeID(ids[4].ID()), contracts.NodeOrder{Order: contracts.OrderApprove}))
	f.stranger(ids[1]).join(f)
	f.stranger(ids[5]).join(f)
	if list, err := f.Nodes(t.Context()); err != nil || len(list.Nodes) != 3 {
		t.Errorf("%d nodes are known (%v): %+v", len(list.Nodes), err, list)
	}
}

func TestNoRotationLeadsIntoTheTrustedZone(t *testing.T) {
	trusted, member, outside := identity(t), identity(t), identity(t)
	zone := func(c *coordinator.Config) {
		c.Trusted = []contracts.NodeID{contracts.NodeID(trusted.ID()), contracts.NodeID(member.ID())}
	}
	f := startFabric(t, zone)
	f.refused(f.stranger(outside).was(trusted), contracts.CodeAuth, "trusted zone")
	f.refused(f.stranger(trusted).was(outside), contracts.CodeAuth, "trusted zone")
	f.stranger(outside).with(f, f.token(contracts.NodeTokenRequest{Operator: "chemistry"})).join(f)
	if v := f.nodeView(outside); v.Trusted || v.Operator != "chemistry" {
		t.Errorf("a token led into the zone: %+v", v)
	}
	f.stranger(member).was(trusted).join(f) // both are in the list
	if v := f.nodeView(member); !v.Trusted || v.State != "active" {
		t.Errorf("a node of the zone with a new key is %+v", v)
	}
}

// What a node did before has an operator: itself. Nobody takes that over.
func TestWhoAnswersForANodeDoesNotChange(t *testing.T) {
	f := startFabric(t)
	w := f.stranger(identity(t)).with(f, f.token(contracts.NodeTokenRequest{Operator: "chemistry"}))
	w.join(f)
	f.refused(f.stranger(w.id).with(f, f.token(contracts.NodeTokenRequest{Operator: "physics"})), contracts.CodeConflict, "operator chemistry answers for it")
	err := f.Order(t.Context(), access.Operator(), contracts.NodeID(w.id.ID()), contracts.NodeOrder{Order: contracts.OrderApprove, Operator: "physics"})
	if contracts.CodeOf(err) != contracts.CodeConflict {
		t.Errorf("an order changed the operator: %v", err)
	}
}

// settled returns when the loop has taken in what was durable before.
func (f *fabric) settled() {
	f.t.Helper()
	for range 2 {
		if _, err := f.Health(f.t.Context()); err != nil {
			f.t.Fatal(err)
		}
	}
}
