package docket

import (
	"cmp"
	"slices"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/verify"
)

// Fold takes the record that is durable at an offset. Records that do not concern
// the docket change nothing.
func (d *Docket) Fold(offset uint64, r *session.Record) {
	switch {
	case r.Held != nil && r.Held.Check == 0:
		d.open(offset, r)
	case r.Held != nil:
		d.answer(r.Held)
	case r.Copied != nil:
		d.copied(r.Copied)
	case r.Ended != nil:
		d.ended(r)
	case r.Superseded != nil:
		d.superseded(r)
	case r.Closed != nil:
		d.closed(r.Session)
	case r.Standing != nil:
		d.stand(r.Standing)
	case r.Marked != nil:
		d.mark(r.Marked)
	}
}

func (d *Docket) open(offset uint64, r *session.Record) {
	h := r.Held
	c := &Case{
		ID: offset, Session: r.Session, Index: h.End.Unit, Lease: h.End.Lease, Unit: h.Unit, Class: verify.Class(h.Class),
		Findings: []Finding{{h.Node, h.End}}, Right: -1,
	}
	d.cases[offset] = c
	d.seat(c)
	if d.byUnit[h.Unit.Cid] == nil {
		d.byUnit[h.Unit.Cid] = c
	}
	what := digest(h.End.Result)
	d.core.Committed(verify.Unit(offset), c.Class, d.node(h.Node).handle, what, d.coins.Coin(offset, what))
	d.follow(c)
}

// answer takes what a copy found.
func (d *Docket) answer(h *session.Held) {
	c := d.cases[h.Check]
	if c == nil {
		return
	}
	was, out := c.Out[h.End.Lease]
	delete(c.Out, h.End.Lease)
	c.Findings = append(c.Findings, Finding{h.Node, h.End})
	u, what := verify.Unit(c.ID), digest(h.End.Result)
	if out && was.Trusted || !out && h.Trusted {
		c.Judge = h.Node
		d.core.Recomputed(u, what)
	} else {
		// No coin: what is checked already draws none.
		d.core.Committed(u, c.Class, d.node(h.Node).handle, what, 1<<64-1)
	}
	d.follow(c)
}

func (d *Docket) copied(p *session.Copied) {
	c := d.cases[p.Check]
	if c == nil {
		return
	}
	if p.Reason == "" {
		d.Give(c, p.Lease, Copy{Node: p.Node, Epoch: p.Epoch, Trusted: p.Trusted, folded: true})
		return
	}
	delete(c.Out, p.Lease)
	c.Lost++
	u := verify.Unit(c.ID)
	switch {
	case p.Hopeless && p.Trusted:
		c.Recompute = false
		d.core.Unresolved(u)
	case p.Hopeless:
		c.Replicas = max(0, c.Replicas-1)
		d.core.Unplaceable(u, len(d.trusted) > 0)
	case p.Trusted:
		c.Recompute = true
	default:
		c.Replicas++
	}
	d.follow(c)
}

func (d *Docket) ended(r *session.Record) {
	e := r.Ended
	if e.Check != 0 {
		if c := d.cases[e.Check]; c != nil {
			c.Given = e.Result
			d.follow(c)
		}
		return
	}
	if c := d.byUnit[e.UnitCID.Cid]; c != nil && e.By != "" && len(c.Users) < MaxUsers {
		c.Users = append(c.Users, User{r.Session, e.Unit, e.Result})
		d.follow(c)
	}
}

func (d *Docket) superseded(r *session.Record) {
	e := &r.Superseded.End
	c := d.cases[e.Check]
	if c == nil {
		return
	}
	if c.Session == r.Session && c.Index == e.Unit {
		c.Given, c.over = e.Result, false
	}
	for i := range c.Users {
		if u := &c.Users[i]; u.Session == r.Session && u.Index == e.Unit {
			u.Given = e.Result
		}
	}
	d.follow(c)
}

// closed abandons what a session that has ended waited for.
func (d *Docket) closed(id contracts.SessionID) {
	list := slices.Clone(d.sessions[id])
	slices.SortFunc(list, func(a, b *Case) int { return cmp.Compare(a.ID, b.ID) })
	for _, c := range list {
		c.over = true
		if !c.Given.Defined() {
			d.core.Abandon(verify.Unit(c.ID))
		}
		d.follow(c)
	}
}

// Approved and Convicted are the package session's.
const (
	Approved  = session.Approved
	Convicted = session.Convicted
)

// Removed is the standing of a node that was ordered away for good.
const Removed = "removed"

// Rotated is the standing of a node that is known by another key from now on.
const Rotated = session.Rotated

// stand carries out an order or a proof; other records only tell.
func (d *Docket) stand(s *session.Standing) {
	switch s.Standing {
	case Approved:
		d.approved[s.Node] = s.Operator
		return
	case Rotated:
		d.rename(s.Was, s.Node)
		return
	}
	x := d.node(s.Node)
	if s.Standing == Convicted {
		x.convictionsTold++
		return
	}
	x.told = s.Standing
	switch {
	case s.Proof != nil:
		d.core.Equivocated(x.handle)
		x.convictions++
		x.convictionsTold++
	case s.By == "":
		return
	case s.By == session.Witness:
		d.core.Contradicted(x.handle)
	case s.Standing == verify.Suspended.String():
		d.core.Suspend(x.handle)
	case s.Standing == Removed:
		x.removed = true
		x.told = verify.Suspended.String()
		d.core.Suspend(x.handle)
	case s.Standing == verify.Probation.String():
		d.core.Readmit(x.handle)
	}
	d.follow(nil)
}

// rename has a node known by another key too. Both names stand for one record: what
// was found under the old one goes on to count for and against the new one.
func (d *Docket) rename(was, now contracts.NodeID) {
	if operator, ok := d.approved[was]; ok {
		d.approved[now] = operator
	}
	if x := d.nodes[was]; x != nil {
		d.nodes[now] = x
		d.byHandle[x.handle] = now
	}
}

// mark notes that a module does not give the same result everywhere.
func (d *Docket) mark(m *session.Marked) {
	d.marked[m.Module.Cid] = true
	d.differ = slices.DeleteFunc(d.differ, func(x Difference) bool { return x.Check == m.Check })
}

// follow notes what the core wants, and closes a case that nobody waits for.
func (d *Docket) follow(c *Case) {
	for _, a := range d.core.Take() {
		d.act(a)
	}
	for _, o := range d.ripe {
		if o != c {
			d.close(o)
		}
	}
	clear(d.ripe)
	d.ripe = d.ripe[:0]
	if c != nil {
		d.close(c)
		d.List(c)
	}
}

// close drops a case for which nobody waits: what its node did elsewhere can be what
// made its result final.
func (d *Docket) close(c *Case) {
	if d.cases[c.ID] == c && !d.core.Knows(verify.Unit(c.ID)) && c.settled() {
		d.drop(c)
		d.List(c)
	}
}

func (d *Docket) act(a verify.Action) {
	c := d.cases[uint64(a.Unit)]
	switch a.Kind {
	case verify.Change:
		n := d.byHandle[a.Node]
		d.moved = append(d.moved, Move{Node: n, Standing: a.Standing, Reason: reasonOf(a.Standing), Check: uint64(a.Unit), Told: d.nodes[n].told == a.Standing.String()})
		return
	case verify.Convict:
		n := d.byHandle[a.Node]
		d.nodes[n].convictions++
		d.moved = append(d.moved, Move{Node: n, Convicted: true, Reason: wrongAgain, Check: uint64(a.Unit)})
		return
	}
	if c == nil {
		return
	}
	switch a.Kind {
	case verify.Release, verify.Supersede:
		c.Right = c.found(a.Digest)
	case verify.Replicate:
		c.Replicas++
	case verify.Recompute:
		c.Recompute = true
	case verify.Final:
		d.ripe = append(d.ripe, c)
		return
	case verify.CrossCheck:
		c.Recompute, c.Cross = true, true
	case verify.NonDeterministic:
		c.Broken, c.Differs = "its module gives different results on two engines", true
		d.differ = append(d.differ, Difference{c.ID, c.Unit})
	case verify.NoQuorum:
		c.Broken = "nobody is left who could confirm the result"
	default:
		return
	}
	d.List(c)
}

func (d *Docket) drop(c *Case) {
	delete(d.cases, c.ID)
	if d.byUnit[c.Unit.Cid] == c {
		delete(d.byUnit, c.Unit.Cid)
	}
	list := d.sessions[c.Session]
	last := list[len(list)-1]
	list[c.place], last.place = last, c.place
	list[len(list)-1] = nil
	if list = list[:len(list)-1]; len(list) == 0 {
		delete(d.sessions, c.Session)
	} else {
		d.sessions[c.Session] = list
	}
}

// seat notes a case with its session. The last one takes the place of one that goes:
// a session may have a hundred thousand.
func (d *Docket) seat(c *Case) {
	c.place = len(d.sessions[c.Session])
	d.sessions[c.Session] = append(d.sessions[c.Session], c)
}
