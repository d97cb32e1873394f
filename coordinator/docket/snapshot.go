package docket

import (
	"maps"
	"slices"
	"strings"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/verify"
)

// version is the form of an encoded snapshot. Another one is refused; the docket is
// then folded from the first record about verification.
const version = 1

// pageBytes is about how long a page of a snapshot is. Cases stand in pages by when
// they were opened, so that pages of which nothing changed are the same blocks in
// the next snapshot.
const pageBytes = 256 << 10

// Snapshot is a docket as of a record, detached from it: it can be encoded while the
// docket goes on.
type Snapshot struct {
	at        uint64
	operators []string // by handle
	approved  []wireApproval
	names     []wireName
	nodes     []wireNode
	cases     []wireCase
	marked    []contracts.Link
	differ    []Difference
}

type wireRoot struct {
	V         int              `cbor:"v"`
	Cluster   string           `cbor:"cluster"`
	At        uint64           `cbor:"at"`
	Operators []string         `cbor:"ops,omitempty"`
	Approved  []wireApproval   `cbor:"appr,omitempty"`
	Names     []wireName       `cbor:"names,omitempty"`
	Pages     []contracts.Link `cbor:"pages,omitempty"`
	Marked    []contracts.Link `cbor:"mk,omitempty"`
	Differ    []Difference     `cbor:"df,omitempty"`
}

// wirePage holds the next nodes, or the next cases.
type wirePage struct {
	Nodes []wireNode `cbor:"n,omitempty"`
	Cases []wireCase `cbor:"c,omitempty"`
}

// wireName is a former name of a node.
type wireName struct {
	Was contracts.NodeID `cbor:"was"`
	Now contracts.NodeID `cbor:"now"`
}

type wireApproval struct {
	Node     contracts.NodeID `cbor:"n"`
	Operator string           `cbor:"op,omitempty"`
}

type wireNode struct {
	Node        contracts.NodeID `cbor:"id"`
	Convictions int              `cbor:"cv,omitempty"`
	Proofs      int              `cbor:"ct,omitempty"` // of the convictions, those of which the log tells
	Told        string           `cbor:"t"`
	Removed     bool             `cbor:"rm,omitempty"`
	State       verify.NodeState `cbor:"x"`
}

type wireCase struct {
	ID        uint64              `cbor:"id"`
	Session   contracts.SessionID `cbor:"s"`
	Index     int                 `cbor:"i"`
	Lease     uint64              `cbor:"l"`
	Unit      contracts.Link      `cbor:"u"`
	Class     verify.Class        `cbor:"c"`
	Findings  []wireFinding       `cbor:"f"`
	Out       []wireCopy          `cbor:"o,omitempty"`
	Replicas  int                 `cbor:"rp,omitempty"`
	Lost      int                 `cbor:"lo,omitempty"`
	Recompute bool                `cbor:"rc,omitempty"`
	Cross     bool                `cbor:"x,omitempty"`
	Differs   bool                `cbor:"df,omitempty"`
	Judge     contracts.NodeID    `cbor:"jn,omitempty"`
	Right     int                 `cbor:"ri"`
	Broken    string              `cbor:"br,omitempty"`
	Given     contracts.Link      `cbor:"g,omitempty"`
	Users     []wireUser          `cbor:"us,omitempty"`
	Over      bool                `cbor:"ov,omitempty"`
	With      bool                `cbor:"w,omitempty"`
	Opinions  []wireOpinion       `cbor:"op,omitempty"`
	Admitted  bool                `cbor:"ad,omitempty"` // of a case with a checker
	// Named is set for the case that is looked up by its unit.
	Named bool `cbor:"nm,omitempty"`
	// Judged is what the judge knows of it, nil once it has forgotten it.
	Judged *verify.UnitState `cbor:"j,omitempty"`
}

type wireFinding struct {
	Node contracts.NodeID `cbor:"n"`
	End  session.Ended    `cbor:"e"`
}

type wireOpinion struct {
	Of    contracts.Link `cbor:"of"`
	Check session.Check  `cbor:"f"`
}

type wireCopy struct {
	Lease   uint64           `cbor:"l"`
	Node    contracts.NodeID `cbor:"n"`
	Epoch   uint64           `cbor:"ep"`
	Trusted bool             `cbor:"t,omitempty"`
}

type wireUser struct {
	Session contracts.SessionID `cbor:"s"`
	Index   int                 `cbor:"i"`
	Given   contracts.Link      `cbor:"g"`
}

// Snapshot returns the docket as the fold of all records up to at, which is what it
// must be. Copies that were given out and are not folded yet are not in it. It
// copies what changes, about a microsecond a case, and encodes nothing.
func (d *Docket) Snapshot(at uint64) *Snapshot {
	s := &Snapshot{at: at, operators: make([]string, d.core.Operators())}
	for name, op := range d.operators {
		s.operators[op] = name
	}
	for _, n := range slices.Sorted(maps.Keys(d.approved)) {
		s.approved = append(s.approved, wireApproval{n, d.approved[n]})
	}
	for i, state := range d.core.Nodes() {
		id := d.byHandle[i]
		x := d.nodes[id]
		s.nodes = append(s.nodes, wireNode{id, x.convictions, x.convictionsTold, x.told, x.removed, state})
	}
	for _, id := range slices.Sorted(maps.Keys(d.nodes)) {
		if now := d.byHandle[d.nodes[id].handle]; now != id {
			s.names = append(s.names, wireName{id, now})
		}
	}
	for module := range d.marked {
		s.marked = append(s.marked, contracts.Link{Cid: module})
	}
	slices.SortFunc(s.marked, func(a, b contracts.Link) int { return strings.Compare(a.KeyString(), b.KeyString()) })
	s.differ = slices.Clone(d.differ)
	s.cases = make([]wireCase, 0, d.cases.Len())
	for c := range d.cases.All {
		s.cases = append(s.cases, d.wire(c))
	}
	return s
}

func (d *Docket) wire(c *Case) wireCase {
	w := wireCase{
		ID: c.ID, Session: c.Session, Index: c.Index, Lease: c.Lease, Unit: c.Unit, Class: c.Class, Findings: make([]wireFinding, len(c.Findings)),
		Replicas: c.Replicas, Lost: c.Lost, Recompute: c.Recompute, Cross: c.Cross, Differs: c.Differs, Judge: c.Judge, Right: c.Right, Broken: c.Broken, Given: c.Given, Over: c.over,
		Named: c.named, With: c.With, Admitted: c.With && c.admitted,
	}
	for _, o := range c.Opinions {
		w.Opinions = append(w.Opinions, wireOpinion{o.Of, o.Check})
	}
	for i, f := range c.Findings {
		w.Findings[i] = wireFinding(f)
	}
	for _, lease := range slices.Sorted(maps.Keys(c.Out)) {
		o := c.Out[lease]
		switch {
		case o.folded:
			w.Out = append(w.Out, wireCopy{lease, o.Node, o.Epoch, o.Trusted})
		case o.Trusted:
			w.Recompute = true
		default:
			w.Replicas++
		}
	}
	for _, u := range c.Users {
		w.Users = append(w.Users, wireUser(u))
	}
	if u, ok := d.core.UnitState(verify.Unit(c.ID)); ok {
		w.Judged = &u
	}
	return w
}

// At is the last record that is in the snapshot.
func (s *Snapshot) At() uint64 { return s.at }

// Encode writes the snapshot of a cluster's log down as blocks of strict DAG-CBOR:
// pages, and the root that links to them, which is the last.
func (s *Snapshot) Encode(cluster string) (blocks [][]byte, err error) {
	root := wireRoot{V: version, Cluster: cluster, At: s.at, Operators: s.operators, Approved: s.approved, Names: s.names, Marked: s.marked, Differ: s.differ}
	var page wirePage
	size := 0
	turn := func() {
		if size == 0 || err != nil {
			return
		}
		var b []byte
		if b, err = dagcbor.Marshal(page); err == nil {
			root.Pages = append(root.Pages, contracts.Link{Cid: dagcbor.CID(b)})
			blocks = append(blocks, b)
		}
		page, size = wirePage{}, 0
	}
	for _, n := range s.nodes {
		page.Nodes = append(page.Nodes, n)
		if size += 192 + 14*len(n.State.Open); size >= pageBytes {
			turn()
		}
	}
	turn()
	for _, c := range s.cases {
		// A page begins where the number of the case says, not where the last one was
		// full, so that a case that goes does not move all that stand behind it.
		if len(page.Cases) > 0 && c.ID/pageSpan != page.Cases[0].ID/pageSpan {
			turn()
		}
		page.Cases = append(page.Cases, c)
		if size += 256 + 512*len(c.Findings) + 128*len(c.Users); size >= pageBytes {
			turn()
		}
	}
	turn()
	if err != nil {
		return nil, err
	}
	b, err := dagcbor.Marshal(root)
	if err != nil {
		return nil, err
	}
	return append(blocks, b), nil
}

// pageSpan is how many records of the log the cases of a page come from, at most.
const pageSpan = 4096

// Restore makes the docket that a snapshot of a cluster's log was made of: root is
// its last block, page returns the others. Policy, secret and trusted zone are New's;
// where they differ from what they were they hold from now on. The error is
// VERSION_MISMATCH for another form, CONFLICT for another cluster's, VALIDATION_ERROR
// for what is no snapshot, or page's.
func Restore(cluster string, root []byte, page func(cid.Cid) ([]byte, error), p verify.Policy, secret []byte, trusted []contracts.NodeID) (*Docket, uint64, error) {
	var w wireRoot
	if err := dagcbor.Unmarshal(root, &w); err != nil {
		return nil, 0, unsound("%w", err)
	}
	switch {
	case w.V != version:
		return nil, 0, contracts.Errorf(contracts.CodeVersionMismatch, "docket", "is of form %d, want %d", w.V, version)
	case w.Cluster != cluster:
		return nil, 0, contracts.Errorf(contracts.CodeConflict, "docket", "is of log %q, not %q", w.Cluster, cluster)
	}
	d := New(p, secret, trusted)
	var (
		nodes []verify.NodeState
		units []verify.UnitState
	)
	for _, link := range w.Pages {
		b, err := page(link.Cid)
		if err != nil {
			return nil, 0, err
		}
		var pg wirePage
		if err := dagcbor.Unmarshal(b, &pg); err != nil {
			return nil, 0, unsound("%w", err)
		}
		for i := range pg.Nodes {
			n := &pg.Nodes[i]
			if n.State.Operator < 0 || int(n.State.Operator) >= len(w.Operators) || d.nodes[n.Node] != nil {
				return nil, 0, unsound("node %s is there twice or of no operator", n.Node)
			}
			d.nodes[n.Node] = &standing{handle: verify.Node(len(d.byHandle)), operator: w.Operators[n.State.Operator], convictions: n.Convictions, convictionsTold: n.Proofs, told: n.Told, removed: n.Removed}
			d.byHandle, nodes = append(d.byHandle, n.Node), append(nodes, n.State)
		}
		for i := range pg.Cases {
			c := &pg.Cases[i]
			if err := d.take(c); err != nil {
				return nil, 0, err
			}
			if c.Judged != nil {
				c.Judged.Unit = verify.Unit(c.ID)
				units = append(units, *c.Judged)
			}
		}
	}
	for _, n := range w.Names {
		if d.nodes[n.Now] == nil || d.nodes[n.Was] != nil {
			return nil, 0, unsound("%s is no former name of %s", n.Was, n.Now)
		}
		d.nodes[n.Was] = d.nodes[n.Now]
	}
	for i, name := range w.Operators {
		d.operators[name] = verify.Operator(i)
	}
	for _, a := range w.Approved {
		d.approved[a.Node] = a.Operator
	}
	for _, m := range w.Marked {
		d.marked[m.Cid] = true
	}
	d.differ = w.Differ
	core, err := verify.Restore(p, len(w.Operators), nodes, units)
	if err != nil {
		return nil, 0, err
	}
	d.core = core
	for i, n := range d.byHandle {
		core.Entrust(verify.Node(i), d.trusted[n])
	}
	return d, w.At, nil
}

// take takes a case of a snapshot in. Cases come in their order.
func (d *Docket) take(w *wireCase) error {
	if d.cases.Get(w.ID) != nil || w.Right < -1 || w.Right >= len(w.Findings) || len(w.Findings) == 0 || len(w.Users) > MaxUsers {
		return unsound("case %d is there twice or makes no sense", w.ID)
	}
	c := &Case{
		ID: w.ID, Session: w.Session, Index: w.Index, Lease: w.Lease, Unit: w.Unit, Class: w.Class, Replicas: w.Replicas, Lost: w.Lost,
		Recompute: w.Recompute, Cross: w.Cross, Differs: w.Differs, Judge: w.Judge, Right: w.Right, Broken: w.Broken, Given: w.Given, over: w.Over,
		With: w.With, admitted: w.Admitted || !w.With,
	}
	for _, o := range w.Opinions {
		c.Opinions = append(c.Opinions, Opinion{o.Of, o.Check})
	}
	for _, f := range w.Findings {
		c.Findings = append(c.Findings, Finding(f))
	}
	for _, o := range w.Out {
		if c.Out == nil {
			c.Out = map[uint64]Copy{}
		}
		c.Out[o.Lease] = Copy{Node: o.Node, Epoch: o.Epoch, Trusted: o.Trusted, folded: true}
	}
	for _, u := range w.Users {
		c.Users = append(c.Users, User(u))
	}
	d.cases.Add(c.ID, c)
	d.seat(c)
	if w.Named && d.About(c.Unit.Cid) == nil {
		d.name(c)
	}
	return nil
}

func unsound(format string, args ...any) error {
	return contracts.Errorf(contracts.CodeValidation, "docket", format, args...)
}
