package coordinator

import (
	"context"
	"sync"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/docket"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/trust"
	"github.com/krako-labs/krako/coordinator/verify"
)

// Open is the policy for a pool that anybody may join: KV1.
func Open() verify.Policy { return verify.DefaultPolicy() }

// Closed is the policy for the nodes of people who trust each other: results are
// used at once and not audited, but for units that ask for more. Two operators
// that agree are enough for a quorum.
func Closed() verify.Policy {
	p := verify.DefaultPolicy()
	p.FMax, p.AuditRate = 0.0005, 0
	p.Theta[verify.Standard] = 1
	return p
}

// vetting is what the loop has to do with verification: the docket, what is
// durable and not folded into it yet, and copies that wait for a place.
type vetting struct {
	docket *docket.Docket
	// open is set when results of ordinary units are vetted too.
	open    bool
	wanting []wanted
	// flights are of units whose results are held back, timeouts what they were given
	// to run, by lease.
	flights  map[uint64]*flight
	timeouts map[uint64]int
	// loading are closed sessions that are being read, later cases that wait for one
	// to be sealed.
	loading map[contracts.SessionID]bool
	later   []*docket.Case
	// marking are the checks whose mark is on its way to the log.
	marking map[uint64]bool
	// checks are runs of units' checkers that are wanted or out, by case, lines those
	// that wait for a place, by tenant.
	checks map[uint64]*checkRun
	lines  map[contracts.TenantID]*checkLine

	durable *durableFacts
	// at is the last record that is folded, kept the newest snapshot of the docket, as
	// of keptAt.
	at     eventlog.Offset
	kept   contracts.Link
	keptAt eventlog.Offset
}

// durableFacts are records on their way from the committer to the loop. The
// committer adds, the loop takes them when the append is done.
type durableFacts struct {
	mu      sync.Mutex
	list    []durableFact
	through eventlog.Offset // all that concern the docket up to here have been added
}

type durableFact struct {
	at  eventlog.Offset
	rec session.Record
}

// pass notes that all records up to at have been added.
func (d *durableFacts) pass(at eventlog.Offset) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.through = at
}

// take returns what has been added, and up to which record it is all.
func (d *durableFacts) take() ([]durableFact, eventlog.Offset) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := len(d.list)
	for n > 0 && d.list[n-1].at > d.through {
		n--
	}
	list := d.list[:n:n]
	if d.list = d.list[n:]; len(d.list) == 0 {
		d.list = nil
	}
	return list, d.through
}

func newVetting(cfg *Config) vetting {
	return vetting{
		docket:  docket.New(cfg.Verify, cfg.Secret, cfg.Trusted),
		open:    cfg.Verify.Vets(),
		flights: map[uint64]*flight{}, timeouts: map[uint64]int{}, loading: map[contracts.SessionID]bool{}, marking: map[uint64]bool{}, checks: map[uint64]*checkRun{}, lines: map[contracts.TenantID]*checkLine{}, durable: &durableFacts{},
	}
}

// folded returns the effect that hands a record to the docket once it is durable,
// nil if that does not concern it: a coin must not be drawn before.
func (st *state) folded(r *session.Record) func(eventlog.Offset) {
	if !st.vet.docket.Concerns(r) {
		return nil
	}
	rec, to := *r, st.vet.durable
	return func(at eventlog.Offset) {
		to.mu.Lock()
		defer to.mu.Unlock()
		to.list = append(to.list, durableFact{at, rec})
	}
}

// note appends a fact of verification.
func (st *state) note(r session.Record) error {
	r.At = st.now.UnixMicro()
	return st.commit.add(&r, st.folded(&r))
}

// verifiable refuses a unit that asks for what cannot be done with it.
func (c *Coordinator) verifiable(w *contracts.WorkUnit) error {
	class := verify.ClassOf(w.VerificationMode())
	switch {
	case class <= verify.Standard:
		return nil
	case !w.Type.CPU():
		return contracts.Errorf(contracts.CodeUnsupported, string(w.ID), "verification_mode %s is for units whose outputs can be compared byte for byte, not for %s", w.VerificationMode(), w.Type)
	case !w.IsIdempotent():
		return contracts.Errorf(contracts.CodeUnsupported, string(w.ID), "verification_mode %s runs a unit again, and this one is not idempotent", w.VerificationMode())
	case class == verify.Recomputed && len(c.cfg.Trusted) == 0:
		return contracts.Errorf(contracts.CodeUnsupported, string(w.ID), "verification_mode %s needs a trusted zone, and this coordinator has none", w.VerificationMode())
	}
	return nil
}

// vetted reports whether a unit's result must be vetted, and how strictly. The
// trusted zone is believed.
func (st *state) vetted(n *node, out *lease) (verify.Class, bool) {
	if n.trusted {
		return 0, false
	}
	w := out.live.Plan().Unit(out.Unit)
	if !w.Type.CPU() || !w.IsIdempotent() {
		return 0, false
	}
	class := verify.ClassOf(w.VerificationMode())
	return class, class > verify.Standard || st.vet.open
}

// keepFlight keeps equal units waiting until a result that is held back may be
// used.
func (st *state) keepFlight(out *lease) {
	if out.flight != nil {
		st.vet.flights[out.ID], out.flight = out.flight, nil
	}
	st.vet.timeouts[out.ID] = st.runTimeout(out.live, out.Unit)
}

// landHeld lets them go.
func (st *state) landHeld(lease uint64) {
	if f := st.vet.flights[lease]; f != nil {
		delete(st.vet.flights, lease)
		st.land(f)
	}
}

// mayBuildOn reports whether one more unit may end with a known result: if that is
// not final, it must be found again when it proves wrong.
func (st *state) mayBuildOn(unit cid.Cid) bool {
	if st.vet.docket.Len() == 0 {
		return true
	}
	c := st.vet.docket.About(unit)
	return c == nil || len(c.Users) < docket.MaxUsers
}

// pursue folds what has become durable and does what follows.
func (st *state) pursue(ctx context.Context) error {
	facts, through := st.vet.durable.take()
	for _, f := range facts {
		st.learnOf(uint64(f.at), &f.rec)
	}
	st.vet.at = through
	for _, m := range st.vet.docket.Moved() {
		if err := st.stand(m); err != nil {
			return err
		}
	}
	if err := st.mark(ctx); err != nil {
		return err
	}
	for _, c := range st.vet.later {
		st.vet.docket.List(c)
	}
	st.vet.later = st.vet.later[:0]
	for _, c := range st.vet.docket.Changed() {
		if err := st.attend(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// learnOf folds a durable record into the docket, and into the histories of nodes.
func (st *state) learnOf(at uint64, r *session.Record) {
	st.vet.docket.Fold(at, r)
	if r.Marked != nil {
		delete(st.vet.marking, r.Marked.Check)
	}
	if k := r.Checked; k != nil {
		delete(st.vet.checks, k.Check)
		st.refuted(r.Time(), k)
		for _, n := range k.Refutes {
			st.rank(st.node(n))
		}
	}
	if s := r.Standing; s != nil {
		n := st.node(s.Node)
		if s.Standing == docket.Rotated {
			st.rotated(r.At, s)
		}
		st.heed(n, r.At, s)
		if s.Standing == docket.Approved {
			st.letIn(n, s.Operator)
		}
	}
}

// heed takes a change of a node's standing into what is known of its conduct.
func (st *state) heed(n *node, at int64, s *session.Standing) {
	n.remark(at, s)
	switch s.Standing {
	case docket.Approved, docket.Rotated, docket.Convicted:
	case verify.Suspended.String(), verify.Banned.String(), docket.Removed:
		st.evidence(n.id, trust.Barred)
	default:
		st.evidence(n.id, trust.Admitted)
	}
}

// letIn lets a node work that waited for an order; operator answers for it, if
// anybody does.
func (st *state) letIn(n *node, operator string) {
	n.awaits = false
	if operator != "" {
		n.info.Operator = operator
		st.trust.Apply(trust.Evidence{At: st.now, Node: st.book.Successor(n.id), Kind: trust.Identified, Operator: operator})
	}
	st.rank(n)
}

// mark notes the modules that gave different results on two engines. One whose
// invocation cannot be read any more is asked for again with the next difference.
func (st *state) mark(ctx context.Context) error {
	for _, x := range st.vet.docket.Differences() {
		if st.vet.marking[x.Check] {
			continue
		}
		_, needs, err := st.c.invocation(ctx, x.Unit.Cid)
		if err != nil {
			st.c.log.Warn("invocation of a module that differs is not readable", "check", x.Check, "error", err)
			continue
		}
		st.vet.marking[x.Check] = true
		st.c.log.Warn("module gives different results on two engines", "module", needs[0], "unit", x.Unit)
		if err := st.note(session.Record{Marked: &session.Marked{Module: contracts.Link{Cid: needs[0]}, Unit: x.Unit, Check: x.Check}}); err != nil {
			return err
		}
	}
	return nil
}

// reopenCases takes the docket up at a start: from its snapshot and the records
// behind that, or from the first record about verification if there is none.
func (st *state) reopenCases(ctx context.Context, first eventlog.Offset, snapshot contracts.Link) error {
	st.vet.at = st.c.parts.Log.Last()
	st.vet.durable.pass(st.vet.at)
	if first == 0 {
		return nil
	}
	from := max(first, st.restoreDocket(ctx, snapshot)+1)
	d := st.vet.docket
	err := st.c.parts.Log.Read(ctx, from, func(rec eventlog.Record) error {
		if _, fact := session.Peek(rec.Data); fact == session.FactDispatched || fact == session.FactReturned || fact == session.FactBatch {
			return nil
		}
		r, err := session.DecodeRecord(rec.Data)
		if err != nil {
			return nil // the survey has judged the log
		}
		if d.Concerns(&r) { // of standings the survey tells the rest
			d.Fold(uint64(rec.Offset), &r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for id := range st.nodes {
		st.nodes[id].barred = !d.Works(id)
	}
	for _, m := range d.Untold() {
		if err := st.stand(m); err != nil {
			return err
		}
	}
	d.All()
	d.Each(func(c *docket.Case) { st.rehold(ctx, c) })
	return nil
}

// stand records that a node's standing changed, and acts on it.
func (st *state) stand(m docket.Move) error {
	n := st.node(m.Node)
	if m.Convicted {
		st.c.log.Warn("node is convicted", "node", m.Node, "check", m.Check)
		return st.note(session.Record{Standing: &session.Standing{Node: m.Node, Standing: docket.Convicted, Reason: m.Reason, Check: m.Check}})
	}
	n.barred = !m.Standing.Works()
	reason := m.Reason
	if m.Told {
		reason = "the log says so" // an order or a proof, with its own reason
	}
	st.c.log.Warn("node's standing changed", "node", m.Node, "standing", m.Standing.String(), "reason", reason)
	if !m.Told {
		known := st.vet.docket.Node(m.Node)
		if err := st.note(session.Record{Standing: &session.Standing{
			Node: m.Node, Standing: m.Standing.String(), Reason: m.Reason, Check: m.Check, Credibility: known.Credibility, Checks: known.Checks, Kind: st.kindOf(m.Node),
		}}); err != nil {
			return err
		}
	}
	st.rank(n)
	if !n.barred {
		return nil
	}
	for _, out := range n.leases {
		if err := st.lose(out, "node is "+m.Standing.String()); err != nil {
			return err
		}
	}
	if n.worker != nil {
		go n.worker.stream.Close(barred(m.Node))
	}
	return nil
}

func barred(n contracts.NodeID) error {
	return contracts.Errorf(contracts.CodeAuth, string(n), "node is suspended or banned: its results were proved wrong, or the operator ordered it")
}

// wanted is a case that waits for somebody to run a copy.
type wanted struct {
	c *docket.Case
	// What a node is given, once it was read: a copy may wait for many turns.
	block []byte
	needs []cid.Cid
}

// wants reports whether a copy is wanted still.
func (w *wanted) wants() bool { return !w.c.Shut() && (w.c.Replicas > 0 || w.c.Recompute) }
