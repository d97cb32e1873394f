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
	case r.Checked != nil:
		d.checked(r.Checked)
	}
}

func (d *Docket) open(offset uint64, r *session.Record) {
	h := r.Held
	o := &opened{Case: Case{
		ID: offset, Session: r.Session, Index: h.End.Unit, Lease: h.End.Lease, Unit: h.Unit, Class: verify.Class(h.Class), Right: -1, With: h.With,
	}}
	c := &o.Case
	o.first[0] = Finding{h.Node, h.End}
	c.Findings = o.first[:]
	d.cases.Add(c.ID, c)
	d.seat(c)
	if d.About(h.Unit.Cid) == nil {
		d.name(c)
	}
	if !c.With { // or else its checker comes first
		d.admit(c, c.Class)
	}
	d.follow(c)
}

// admit tells the judge of the unit's own result.
func (d *Docket) admit(c *Case, class verify.Class) {
	c.admitted = true
	f := &c.Findings[0]
	what := digest(f.End.Result)
	d.core.Committed(verify.Unit(c.ID), class, d.node(f.Node).handle, what, d.coins.Coin(c.ID, what))
}

// checked takes what the unit's checker said of a result. A refusal convicts nobody:
// whoever can say more is asked, the trusted zone or, where there is none, another
// operator. Silence ends the case.
func (d *Docket) checked(k *session.Checked) {
	c := d.cases.Get(k.Check)
	if c == nil || c.Opinion(k.Of) != nil {
		return
	}
	c.Opinions = append(c.Opinions, Opinion{k.Of, k.Found})
	switch said := k.Found.Verdict(); {
	case !c.admitted && said.Valid && !d.vets && c.Class <= verify.Standard:
		c.Right = 0 // it needed nothing else
	case !c.admitted && said.Valid:
		d.admit(c, c.Class)
	case !c.admitted && said.Refused() && len(d.trusted) > 0:
		d.admit(c, verify.Recomputed)
	case !c.admitted && said.Refused():
		d.admit(c, verify.High)
	case c.admitted && said.Valid && c.Right < 0 && c.Broken != "" && !c.Differs:
		// Nobody can compute which is right. The word of the checker is enough to go by,
		// and too little to convict.
		c.Right, c.Broken = c.found(digest(k.Of)), ""
	}
	d.follow(c)
}

// Refuted returns the nodes whose results the checker refused, for the record of what
// it finds valid, where nobody can compute which is right.
func (c *Case) Refuted() (list []contracts.NodeID) {
	if c.Right >= 0 || c.Broken == "" {
		return nil
	}
	for _, f := range c.Findings {
		if o := c.Opinion(f.End.Result); o != nil && o.Verdict().Refused() {
			list = append(list, f.Node)
		}
	}
	return list
}

// answer takes what a copy found.
func (d *Docket) answer(h *session.Held) {
	c := d.cases.Get(h.Check)
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
	c := d.cases.Get(p.Check)
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
		if c := d.cases.Get(e.Check); c != nil {
			c.Given = e.Result
			d.follow(c)
		}
		return
	}
	if c := d.About(e.UnitCID.Cid); c != nil && e.By != "" && len(c.Users) < MaxUsers {
		c.Users = append(c.Users, User{r.Session, e.Unit, e.Result})
		d.follow(c)
	}
}

func (d *Docket) superseded(r *session.Record) {
	e := &r.Superseded.End
	c := d.cases.Get(e.Check)
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
	b := d.sessions[id]
	if b == nil {
		return
	}
	list := slices.Clone(b.cases)
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
	if !c.shut && !d.core.Knows(verify.Unit(c.ID)) && c.settled() {
		d.drop(c)
		d.List(c)
	}
}

func (d *Docket) act(a verify.Action) {
	switch a.Kind {
	case verify.Confirm:
		return
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
	c := d.cases.Get(uint64(a.Unit))
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
	c.shut = true
	d.cases.Remove(c.ID)
	if c.named {
		d.unname(c)
	}
	b := c.of
	last := b.cases[len(b.cases)-1]
	b.cases[c.place], last.place = last, c.place
	b.cases[len(b.cases)-1] = nil
	if b.cases = b.cases[:len(b.cases)-1]; len(b.cases) == 0 {
		delete(d.sessions, b.id)
		if d.seated == b {
			d.seated = nil
		}
	}
}

// name has a case be the one that is found by its unit.
func (d *Docket) name(c *Case) {
	k := key(c.Unit.Cid)
	c.named, c.next = true, d.byUnit[k]
	d.byUnit[k] = c
}

func (d *Docket) unname(c *Case) {
	k := key(c.Unit.Cid)
	first := d.byUnit[k]
	switch {
	case first != c:
		for first.next != c {
			first = first.next
		}
		first.next = c.next
	case c.next != nil:
		d.byUnit[k] = c.next
	default:
		delete(d.byUnit, k)
	}
	c.named, c.next = false, nil
}

// seat notes a case with its session. The last one takes the place of one that goes:
// a session may have a hundred thousand.
func (d *Docket) seat(c *Case) {
	b := d.seated
	if b == nil || b.id != c.Session {
		if b = d.sessions[c.Session]; b == nil {
			b = &bundle{id: c.Session}
			d.sessions[c.Session] = b
		}
		d.seated = b
	}
	c.of, c.place = b, len(b.cases)
	b.cases = append(b.cases, c)
}
