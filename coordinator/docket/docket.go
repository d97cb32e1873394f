package docket

import (
	"slices"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/paged"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/verify"
)

// Docket is all cases. It is owned by one goroutine.
type Docket struct {
	core    *verify.Core
	doubt   float64 // in somebody of whom nothing is known
	vets    bool    // results of ordinary units are vetted
	coins   *verify.Coins
	trusted map[contracts.NodeID]bool

	nodes     map[contracts.NodeID]*standing
	byHandle  []contracts.NodeID
	operators map[string]verify.Operator
	// approved are the nodes that were let in by order, with who answers for them.
	approved map[contracts.NodeID]string
	cases    paged.Table[Case]
	byUnit   map[uint64]*Case // those that are found by their unit, by a key of its address
	sessions map[contracts.SessionID]*bundle
	// seated is the session whose case was opened last; the next one is mostly of it too.
	seated *bundle

	// marked are the modules that gave different results on two engines, differ the
	// units that showed it and whose module is not marked yet, by case.
	marked map[cid.Cid]bool
	differ []Difference

	changed []*Case
	moved   []Move
	ripe    []*Case // whose results became final in this fold
}

// standing is what is known of a node.
type standing struct {
	handle   verify.Node
	operator string
	// removed is set once it was ordered away for good.
	removed bool
	// convictions counts proofs against it, convictionsTold those of which the log
	// tells; told is the standing that the log has last.
	convictions, convictionsTold int
	told                         string
}

// Move is a node whose standing is another one than the log says, or that was
// convicted.
type Move struct {
	Node      contracts.NodeID
	Convicted bool
	Standing  verify.Standing
	Reason    string
	Check     uint64
	// Told is set when the log says so already.
	Told bool
}

// New returns an empty docket. The policy must be valid; secret keys the coin;
// trusted are the nodes of the trusted zone.
func New(p verify.Policy, secret []byte, trusted []contracts.NodeID) *Docket {
	d := &Docket{
		core: verify.New(p), doubt: p.FMax, vets: p.Vets(), coins: verify.NewCoins(secret), trusted: map[contracts.NodeID]bool{}, nodes: map[contracts.NodeID]*standing{},
		operators: map[string]verify.Operator{}, approved: map[contracts.NodeID]string{}, marked: map[cid.Cid]bool{}, byUnit: map[uint64]*Case{}, sessions: map[contracts.SessionID]*bundle{},
	}
	for _, n := range trusted {
		d.trusted[n] = true
	}
	return d
}

// Len returns how many cases there are.
func (d *Docket) Len() int { return d.cases.Len() }

// Blank reports whether nothing was ever held back, nor any node judged or let in.
func (d *Docket) Blank() bool { return len(d.nodes) == 0 && len(d.approved) == 0 }

// Of returns the case with the given name, nil if it is closed.
func (d *Docket) Of(id uint64) *Case { return d.cases.Get(id) }

// About returns the case about a computation, nil if there is none.
func (d *Docket) About(unit cid.Cid) *Case {
	c := d.byUnit[key(unit)]
	for c != nil && c.Unit.Cid != unit {
		c = c.next
	}
	return c
}

// key is the last eight bytes of an address. Two units can be made to have the same
// one, at some cost, and are told apart then.
func key(unit cid.Cid) (k uint64) {
	s := unit.KeyString()
	for i := max(0, len(s)-8); i < len(s); i++ {
		k = k<<8 | uint64(s[i])
	}
	return k
}

// Concerns reports whether a record must be folded.
func (d *Docket) Concerns(r *session.Record) bool {
	switch {
	case r.Ended != nil:
		return r.Ended.Check != 0 || r.Ended.By != "" && d.cases.Len() > 0
	case r.Closed != nil:
		return d.sessions[r.Session] != nil
	}
	return r.Marked != nil || r.Checked != nil || r.Held != nil || r.Superseded != nil || r.Copied != nil || r.Standing != nil
}

// May reports whether a node may be given a copy. It takes nobody in: who is asked
// about depends on who is connected, and a docket on the log alone.
func (d *Docket) May(c *Case, n contracts.NodeID) bool {
	operator := d.operatorOf(n)
	for _, o := range c.Out {
		if o.Node == n || d.operatorOf(o.Node) == operator {
			return false
		}
	}
	if x := d.nodes[n]; x != nil {
		return d.core.May(verify.Unit(c.ID), x.handle)
	}
	op, known := d.operators[operator]
	return d.core.MayNew(verify.Unit(c.ID), op, known, d.trusted[n])
}

// MayCheck reports whether a node may run the unit's checker on a finding of a case:
// one of the trusted zone, or where there is none anybody who works and whose operator
// has not answered for the unit.
func (d *Docket) MayCheck(c *Case, n contracts.NodeID) bool {
	if d.trusted[n] || len(d.trusted) > 0 {
		return d.trusted[n]
	}
	operator := d.operatorOf(n)
	return d.Works(n) && !slices.ContainsFunc(c.Findings, func(f Finding) bool { return d.operatorOf(f.Node) == operator })
}

// operatorOf returns who answers for a node, or would if it were taken in now. One
// that nobody speaks for is an operator by itself.
func (d *Docket) operatorOf(n contracts.NodeID) string {
	if x := d.nodes[n]; x != nil {
		return x.operator
	}
	if operator := d.approved[n]; operator != "" {
		return operator
	}
	return string(n)
}

// Works reports whether a node is given work.
func (d *Docket) Works(n contracts.NodeID) bool {
	x := d.nodes[n]
	return x == nil || d.core.Standing(x.handle).Works()
}

// Record is what is known of a node's integrity.
type Record struct {
	Standing    verify.Standing
	Operator    string
	Credibility float64
	Checks      float64
	Convictions int
	// Removed is set once it was ordered away for good.
	Removed bool
}

// Node returns what is known of a node.
func (d *Docket) Node(n contracts.NodeID) Record {
	x := d.nodes[n]
	if x == nil {
		operator := d.approved[n]
		r := Record{Standing: verify.Probation, Operator: operator, Credibility: 1 - d.doubt}
		if d.trusted[n] {
			r.Standing, r.Credibility = verify.Trusted, 1
		}
		return r
	}
	r := Record{Standing: d.core.Standing(x.handle), Operator: x.operator, Convictions: x.convictions, Removed: x.removed}
	r.Credibility, r.Checks = d.core.Credibility(x.handle)
	return r
}

// node returns a node, taken in if it is new.
func (d *Docket) node(n contracts.NodeID) *standing {
	if x := d.nodes[n]; x != nil {
		return x
	}
	return d.join(n, d.operatorOf(n))
}

// Approved reports whether a node was let in by order, and who answers for it.
func (d *Docket) Approved(n contracts.NodeID) (operator string, ok bool) {
	operator, ok = d.approved[n]
	return operator, ok
}

// Known reports whether a node has a standing already; who answers for it can be
// said no more then.
func (d *Docket) Known(n contracts.NodeID) bool { return d.nodes[n] != nil }

// join takes a node in.
func (d *Docket) join(n contracts.NodeID, operator string) *standing {
	op, ok := d.operators[operator]
	if !ok {
		op = d.core.NewOperator()
		d.operators[operator] = op
	}
	x := &standing{handle: d.core.Join(op, d.trusted[n]), operator: operator}
	x.told = d.core.Standing(x.handle).String()
	d.nodes[n] = x
	d.byHandle = append(d.byHandle, n)
	return x
}

// Changed returns the cases about which there is something to do, once.
func (d *Docket) Changed() []*Case {
	list := d.changed
	d.changed = nil
	for _, c := range list {
		c.listed = false
	}
	return list
}

// Moved returns the nodes whose standing changed, once.
func (d *Docket) Moved() []Move {
	m := d.moved
	d.moved = nil
	return m
}

// Untold returns, after a rebuild, the nodes of whose standing the log does not
// tell yet.
func (d *Docket) Untold() []Move {
	d.moved = nil
	var list []Move
	for _, n := range d.byHandle {
		x := d.nodes[n]
		for range x.convictions - x.convictionsTold {
			list = append(list, Move{Node: n, Convicted: true, Reason: wrongAgain})
		}
		if s := d.core.Standing(x.handle); s.String() != x.told {
			list = append(list, Move{Node: n, Standing: s, Reason: reasonOf(s)})
		}
	}
	return list
}

// wrongAgain says what a conviction is.
const wrongAgain = "its result is not what two engines of the trusted zone computed"

// reasonOf says why the judge changes a standing.
func reasonOf(s verify.Standing) string {
	switch s {
	case verify.Member:
		return "it survived enough checks"
	case verify.Suspended:
		return "its results were proved wrong again"
	case verify.Probation:
		return "a result of it, or of its operator, was proved wrong"
	}
	return "verification"
}

// Difference is a computation that gave different results on two engines.
type Difference struct {
	Check uint64         `cbor:"ck"`
	Unit  contracts.Link `cbor:"u"`
}

// Differences returns the computations that gave different results on two engines
// and whose modules the log does not mark yet.
func (d *Docket) Differences() []Difference { return d.differ }

// Marked reports whether a module gave different results on two engines: what it
// finds on a machine that nobody trusts cannot be checked.
func (d *Docket) Marked(module cid.Cid) bool { return len(d.marked) > 0 && d.marked[module] }

// List has the case looked at again.
func (d *Docket) List(c *Case) {
	if !c.listed {
		c.listed = true
		d.changed = append(d.changed, c)
	}
}

// All lists every case, in the order in which they were opened.
func (d *Docket) All() {
	for c := range d.cases.All {
		d.List(c)
	}
}

// Each calls fn with every case, in the order in which they were opened.
func (d *Docket) Each(fn func(*Case)) {
	for c := range d.cases.All {
		fn(c)
	}
}

// Give notes that a copy is out, before its record is durable. The fold of that does
// the same, once.
func (d *Docket) Give(c *Case, lease uint64, o Copy) {
	was, ok := c.Out[lease]
	if c.Out == nil {
		c.Out = map[uint64]Copy{}
	}
	o.folded = o.folded || was.folded
	if c.Out[lease] = o; ok {
		return
	}
	if o.Trusted {
		c.Recompute = false
	} else {
		c.Replicas = max(0, c.Replicas-1)
	}
}
