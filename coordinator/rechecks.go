package coordinator

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/placement"
	"github.com/krako-labs/krako/coordinator/referee"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/trust"
	"github.com/krako-labs/krako/coordinator/verify"
	"github.com/krako-labs/krako/internal/p2p"
)

// recheck is a model call that another pod of the same class is to answer too, or
// whose answer a pod of the trusted zone is to score. It decides nothing about the
// session, which has had its answer: what comes of it is evidence about the pod. It is
// kept in memory only, so that a restart drops it.
type recheck struct {
	session contracts.SessionID
	unit    contracts.UnitID
	call    contracts.Link
	node    contracts.NodeID
	result  contracts.Link
	answer  referee.Answer
	need    placement.Need
	tier    contracts.ModelTier
	tenant  string
	allow   p2p.Allowance
	timeout int
	since   time.Time
	// said is what is to be scored, nil if the call is to be answered again.
	said *p2p.Said
}

// rechecks are those that are to be made.
type rechecks struct {
	drawn   drawnRechecks
	waiting []*recheck
	again   time.Time // when those that found no pod are looked at again
}

// drawnRechecks are on their way from the committer, which draws the coins, to the
// loop.
type drawnRechecks struct {
	mu   sync.Mutex
	list []*recheck
}

func (d *drawnRechecks) add(k *recheck) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = append(d.list, k)
}

func (d *drawnRechecks) take() []*recheck {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := d.list
	d.list = nil
	return list
}

// Bounds on what waits: how many, how long, and how often a pod is looked for.
const (
	maxRechecks   = 64
	recheckWithin = 5 * time.Minute
	recheckEvery  = 250 * time.Millisecond
	// spare is how many tokens more a second answer may take than the first did: it
	// is held to its own bound, which has to fit.
	spare = 1 << 20
)

// recheckShare is how many answers are checked: as many as results of CPU units are
// audited. Where the owners of all pods trust each other that is none.
func (c *Config) recheckShare() float64 { return c.Verify.AuditRate }

// also calls run when the record that was added last is durable.
func (c *committer) also(run func(eventlog.Offset)) {
	c.next.after = append(c.next.after, effect{len(c.next.records) - 1, run})
}

// draw lets a coin decide whether an answer that was just recorded is checked. The
// coin is fixed by where the record stands in the log: nobody knows before.
func (st *state) draw(n *node, out *lease, a *arrival) {
	share := st.c.cfg.recheckShare()
	if a.use == nil || share == 0 || n.trusted {
		return
	}
	if k := st.newRecheck(n, out, a); k.answer.Checkable() {
		st.toss(k, share, 0)
	}
}

// drawScore lets a coin of its own decide whether an answer is scored, of which a pod
// has said so much while it made it.
func (st *state) drawScore(n *node, out *lease, a *arrival, s *speech) {
	share := st.c.cfg.ScoreShare
	if a.use == nil || share == 0 || n.trusted || s == nil || s.broken || s.before > 0 {
		return
	}
	said := referee.Said{Answer: answerOf(a), Tokens: s.tokens}
	if json.Unmarshal(a.output, &said.Text) != nil || len(said.Text) > p2p.MaxText || !said.Scorable(out.live.Plan().Unit(out.Unit)) {
		return
	}
	k := st.newRecheck(n, out, a)
	k.need.Tags = nil // whom the unit was meant for is not who judges it
	k.said = &p2p.Said{Weights: referee.Weights(a.use.Class), Text: said.Text, Tokens: said.Tokens}
	st.toss(k, share, 1)
}

func (st *state) newRecheck(n *node, out *lease, a *arrival) *recheck {
	k := &recheck{
		session: out.live.ID, unit: out.live.Plan().Unit(out.Unit).ID, call: a.result.Unit, node: n.id, result: a.item.ResultCID,
		answer: answerOf(a), need: st.need(out.live, out.Unit), tier: out.live.Plan().Unit(out.Unit).Model.Tier,
		tenant: opaque(st.c.salt(out.live.Accepted.Tenant), "tenant"), allow: p2p.Allowance{Tokens: a.use.TokensIn + a.use.TokensOut + spare, Calls: 2},
		timeout: st.runTimeout(out.live, out.Unit), since: st.now,
	}
	k.need.Blocks, k.need.Avoid, k.need.Never = nil, nil, []contracts.NodeID{n.id}
	return k
}

// toss has a check made if a coin says so. Coins of different sides of one answer are
// independent of each other.
func (st *state) toss(k *recheck, share float64, side byte) {
	secret, to := st.c.cfg.Secret, &st.rechecks.drawn
	var commitment verify.Digest
	copy(commitment[:], k.result.Hash()[2:])
	commitment[0] ^= side
	st.commit.also(func(at eventlog.Offset) {
		if referee.Drawn(verify.Coin(secret, uint64(at), commitment), share) {
			to.add(k)
		}
	})
}

func answerOf(a *arrival) referee.Answer {
	out := referee.Answer{Outcome: a.result.Outcome, Use: *a.use}
	if a.result.Output != nil {
		out.Output = a.result.Output.Cid
	}
	return out
}

// takeRechecks moves what was drawn to what waits. Beyond the bound the oldest are
// dropped: a check that is not made is evidence of nothing.
func (st *state) takeRechecks() {
	st.rechecks.waiting = append(st.rechecks.waiting, st.rechecks.drawn.take()...)
	if over := len(st.rechecks.waiting) - maxRechecks; over > 0 {
		st.rechecks.waiting = slices.Delete(st.rechecks.waiting, 0, over)
	}
}

// placeRechecks gives calls that are to be checked to pods that have nothing else to
// do: it comes after everything that somebody waits for.
func (st *state) placeRechecks(ctx context.Context, r round) {
	if len(st.rechecks.waiting) == 0 || st.now.Before(st.rechecks.again) {
		return
	}
	kept := st.rechecks.waiting[:0]
	for _, k := range st.rechecks.waiting {
		switch {
		case st.placeRecheck(ctx, r, k):
		case st.now.Sub(k.since) < recheckWithin:
			kept = append(kept, k)
		}
	}
	clear(st.rechecks.waiting[len(kept):])
	st.rechecks.waiting, st.rechecks.again = kept, st.now.Add(recheckEvery)
}

// placeRecheck reports whether a call was given to a pod, or never will be. Nothing
// in what the pod gets tells that it is a check.
func (st *state) placeRecheck(ctx context.Context, r round, k *recheck) bool {
	to := st.refereeOf(k)
	if to == nil {
		return false
	}
	block, err := st.c.parts.Blocks.Get(ctx, k.call.Cid)
	if err != nil {
		st.c.log.Warn("call cannot be checked", "unit", k.unit, "session", k.session, "error", err)
		return true
	}
	st.nextLease++
	ref := session.Lease{ID: st.epoch<<40 | st.nextLease, Epoch: st.epoch, Node: to.node.id, Unit: -1}
	st.hold(ref, nil, nil).again = k
	st.index.Adjust(ref.Node, func(n *placement.Node) { n.Free, n.Held = n.Free-1, n.Held+1; n.Load = to.node.burden(n.Held) })
	r[to] = append(r[to], p2p.Unit{
		Lease: ref.ID, Epoch: ref.Epoch, Attempt: 1, RunTimeoutMS: k.timeout, Invocation: block,
		Tenant: k.tenant, Session: opaque(st.c.salt(""), fmt.Sprint("check ", ref.ID)), Last: true,
		Allow: &k.allow, Score: k.said,
	})
	return true
}

// refereeOf is the pod that is to check an answer. One that answers again is of the
// same class, of another operator, and of the trusted zone if there is one such; one
// that scores is of the trusted zone, for nothing that it says can be proved, and has
// the same weights.
func (st *state) refereeOf(k *recheck) *worker {
	if k.said != nil {
		return st.scorerOf(k)
	}
	var best *worker
	theirs := st.trust.Score(k.node).Operator
	for _, c := range st.index.Explain(&k.need) {
		n := st.nodes[c.Node]
		if c.Verdict != placement.Eligible || theirs != "" && st.trust.Score(c.Node).Operator == theirs {
			continue
		}
		same := slices.ContainsFunc(n.worker.hello.Models, func(m p2p.Model) bool {
			return m.Class == k.answer.Use.Class && m.Name == k.answer.Use.Model && m.Tier == k.tier && m.Operation == k.need.Model.Operation
		})
		if same && (best == nil || n.trusted && !best.node.trusted) {
			best = n.worker
		}
	}
	return best
}

func (st *state) scorerOf(k *recheck) *worker {
	for _, c := range st.index.Explain(&k.need) {
		n := st.nodes[c.Node]
		if c.Verdict != placement.Eligible || !n.trusted || !slices.Contains(n.worker.hello.Profiles, p2p.ScoreProfile(contracts.ProfileLLM1)) {
			continue
		}
		if slices.ContainsFunc(n.worker.hello.Models, func(m p2p.Model) bool {
			return referee.Weights(m.Class) == k.said.Weights && m.Operation == contracts.Generate
		}) {
			return n.worker
		}
	}
	return nil
}

// scored takes what a pod of the trusted zone finds of an answer and records it.
func (st *state) scored(w *worker, m *p2p.Scored) error {
	out, ok := w.node.leases[m.Lease]
	if !ok || out.again == nil || out.again.said == nil {
		return nil // it was taken back, or nobody has asked
	}
	st.release(out.ID)
	st.finished(w.node)
	k := out.again
	if !m.Sound {
		return st.recheckLost(out, "nothing can be said of the answer")
	}
	f := session.Rechecked{
		Kind: session.Scored, Session: k.session, Unit: k.unit, Call: k.call, Class: k.answer.Use.Class, Verdict: string(referee.Plausible),
		Node: k.node, Result: k.result, By: w.node.id, Trusted: true,
		Note: fmt.Sprintf("of %d tokens %d are clearly not what the model says; deviation %.2f", m.Positions, m.Misses, m.Deviation),
	}
	if !m.Plausible {
		f.Verdict = string(referee.Implausible)
		st.c.log.Warn("an answer is implausible", "unit", k.unit, "session", k.session, "node", k.node, "by", f.By, "class", f.Class, "found", f.Note)
	}
	if err := st.note(session.Record{Rechecked: &f}); err != nil {
		return err
	}
	st.learnRecheck(st.now, &f)
	return nil
}

// rechecked takes what a second pod answered and records what that says.
func (st *state) rechecked(n *node, out *lease, envelope cid.Cid, a *arrival) error {
	st.release(out.ID)
	k := out.again
	if !a.current || a.use == nil || k.said != nil || !a.result.Unit.Equals(k.call.Cid) {
		st.c.log.Warn("check came to nothing", "unit", k.unit, "session", k.session, "node", n.id)
		return nil
	}
	n.signed.add(a, envelope)
	n.done++
	st.finished(n)
	second := answerOf(a)
	verdict := referee.Compare(&k.answer, &second)
	if verdict == referee.Void {
		return nil
	}
	f := session.Rechecked{
		Session: k.session, Unit: k.unit, Call: k.call, Class: k.answer.Use.Class, Verdict: string(verdict),
		Node: k.node, Result: k.result, By: n.id, Other: a.item.ResultCID, Trusted: n.trusted,
	}
	if verdict == referee.Different {
		st.c.log.Warn("two pods of one class answer one call differently", "unit", k.unit, "session", k.session, "node", k.node, "by", n.id, "class", f.Class)
	}
	if err := st.note(session.Record{Rechecked: &f}); err != nil {
		return err
	}
	st.learnRecheck(st.now, &f)
	return nil
}

// learnRecheck weighs a check. Which of two pods of strangers was wrong a comparison
// does not say: it counts against both. The trusted zone is believed.
func (st *state) learnRecheck(at time.Time, f *session.Rechecked) {
	kind := trust.Success
	if f.Verdict != string(referee.Same) && f.Verdict != string(referee.Plausible) {
		kind = trust.Failure
	}
	st.node(st.book.Successor(f.Node)).checks.count(f.Verdict)
	if !f.Trusted {
		st.node(st.book.Successor(f.By)).checks.count(f.Verdict)
	}
	st.trust.Apply(trust.Evidence{At: at, Node: st.book.Successor(f.Node), Kind: kind})
	if !f.Trusted {
		st.trust.Apply(trust.Evidence{At: at, Node: st.book.Successor(f.By), Kind: kind})
	}
	st.rank(st.node(f.Node))
	st.rank(st.node(f.By))
}

// modelChecks counts verdicts.
type modelChecks contracts.ModelChecks

func (c *modelChecks) count(verdict string) {
	switch referee.Verdict(verdict) {
	case referee.Same:
		c.Same++
	case referee.Different:
		c.Different++
	case referee.Plausible:
		c.Plausible++
	case referee.Implausible:
		c.Implausible++
	}
}

// view is nil where nothing was counted.
func (c *modelChecks) view() *contracts.ModelChecks {
	if *c == (modelChecks{}) {
		return nil
	}
	v := contracts.ModelChecks(*c)
	return &v
}

// recheckLost forgets a check that came to nothing.
func (st *state) recheckLost(out *lease, reason string) error {
	st.c.log.Debug("check came to nothing", "unit", out.again.unit, "session", out.again.session, "node", out.Node, "reason", reason)
	return nil
}
