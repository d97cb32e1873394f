package verify

import (
	"math"
	"slices"

	"github.com/krako-labs/krako/contracts"
)

// NodeState is the evidence about one node in a form that can be written down.
// Its place in a list is its handle.
type NodeState struct {
	Operator Operator `cbor:"op"`
	Standing Standing `cbor:"st"`
	K        float64  `cbor:"k"`
	Results  uint64   `cbor:"n"`
	StrikeAt uint64   `cbor:"sa,omitempty"`
	Strikes  int      `cbor:"s,omitempty"`
	Checks   float64  `cbor:"c"`
	// Open are its results that are not final, oldest first: units, and what Checks
	// was when each was released.
	Open []Unit    `cbor:"o,omitempty"`
	At   []float64 `cbor:"oa,omitempty"`
}

// UnitState is what is known of one unit, in a form that can be written down.
type UnitState struct {
	Unit        Unit          `cbor:"-"`
	Class       Class         `cbor:"c"`
	Asked       int           `cbor:"a,omitempty"`
	Recomputing bool          `cbor:"rc,omitempty"`
	Crossing    bool          `cbor:"x,omitempty"`
	First       []byte        `cbor:"f,omitempty"` // while it is crossing
	Proved      bool          `cbor:"p,omitempty"`
	Released    bool          `cbor:"rl,omitempty"`
	Doubted     bool          `cbor:"db,omitempty"`
	Settled     bool          `cbor:"se,omitempty"`
	Broken      bool          `cbor:"br,omitempty"`
	Final       bool          `cbor:"fi,omitempty"`
	Digest      []byte        `cbor:"d,omitempty"` // once it is released or settled
	Unripe      int           `cbor:"u,omitempty"`
	Results     []ResultState `cbor:"r,omitempty"`
}

// ResultState is what one node committed for a unit.
type ResultState struct {
	Node   Node   `cbor:"n"`
	Digest []byte `cbor:"d"`
	At     uint64 `cbor:"at"`
	// Staked is set while the result is among its node's open ones or was, Disowned
	// once its node was caught after it, Judged once it was compared with the right one.
	Staked   bool `cbor:"sk,omitempty"`
	Disowned bool `cbor:"do,omitempty"`
	Judged   bool `cbor:"jd,omitempty"`
}

// Operators returns how many operators there are.
func (c *Core) Operators() int { return len(c.members) }

// Nodes returns the evidence about every node, by handle. It shares nothing with
// the core. Actions must have been taken.
func (c *Core) Nodes() []NodeState {
	list := make([]NodeState, len(c.nodes))
	for i := range c.nodes {
		x := &c.nodes[i]
		n := NodeState{
			Operator: x.operator, Standing: x.standing, K: x.k, Results: x.results, StrikeAt: x.strikeAt, Strikes: x.strikes, Checks: x.checks,
		}
		for _, o := range x.open.items[x.open.head:] {
			n.Open, n.At = append(n.Open, o.unit), append(n.At, o.at)
		}
		list[i] = n
	}
	return list
}

// UnitState returns what is known of a unit; false if the core does not know it.
func (c *Core) UnitState(u Unit) (UnitState, bool) {
	g := c.groups.get(u)
	if g == nil {
		return UnitState{}, false
	}
	s := UnitState{
		Unit: u, Class: g.class, Asked: int(g.asked), Recomputing: g.recomputing, Released: g.released, Doubted: g.doubted,
		Crossing: g.crossing, Proved: g.proved, Settled: g.settled, Broken: g.broken, Final: g.final, Unripe: int(g.unripe),
	}
	if g.crossing {
		s.First = slices.Clone(g.rest.first[:])
	}
	if g.digest != (Digest{}) {
		s.Digest = slices.Clone(g.digest[:])
	}
	for _, r := range g.results() {
		s.Results = append(s.Results, ResultState{r.node, slices.Clone(r.digest[:]), r.at, r.staked, r.disowned, r.judged})
	}
	return s, true
}

// Restore makes the core that has been told of nodes and units before. The policy
// must be valid, and holds from now on: what was judged stays judged. The error is
// VALIDATION_ERROR for a state that no core can be in.
func Restore(p Policy, operators int, nodes []NodeState, units []UnitState) (*Core, error) {
	c := New(p)
	if operators < 0 || operators > len(nodes) {
		return nil, unsound("%d operators of %d nodes", operators, len(nodes))
	}
	c.members = make([][]Node, operators)
	for i, n := range nodes {
		switch {
		case n.Operator < 0 || int(n.Operator) >= operators:
			return nil, unsound("node %d is of operator %d, there are %d", i, n.Operator, operators)
		case int(n.Standing) >= len(standingNames):
			return nil, unsound("node %d has standing %d", i, n.Standing)
		case len(n.Open) != len(n.At):
			return nil, unsound("node %d has %d open results and %d times", i, len(n.Open), len(n.At))
		case !weight(n.K) || !weight(n.Checks):
			return nil, unsound("node %d has checks of weight %g and %g", i, n.K, n.Checks)
		}
		x := node{operator: n.Operator, standing: n.Standing, k: n.K, results: n.Results, strikeAt: n.StrikeAt, strikes: n.Strikes, checks: n.Checks}
		for k, u := range n.Open {
			x.open.push(openResult{u, n.At[k]})
		}
		c.nodes = append(c.nodes, x)
		c.members[n.Operator] = append(c.members[n.Operator], Node(i))
	}
	for i := range units {
		if err := c.restoreUnit(&units[i]); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Core) restoreUnit(s *UnitState) error {
	switch {
	case s.Class >= classes:
		return unsound("unit %d is of class %d", s.Unit, s.Class)
	case c.groups.get(s.Unit) != nil:
		return unsound("unit %d is there twice", s.Unit)
	case s.Asked < 0 || s.Unripe < 0 || len(s.Results) == 0:
		return unsound("unit %d has %d results, %d asked, %d not ripe", s.Unit, len(s.Results), s.Asked, s.Unripe)
	}
	g := c.groups.add(s.Unit, s.Class)
	g.asked, g.recomputing, g.released, g.doubted = int32(s.Asked), s.Recomputing, s.Released, s.Doubted
	g.settled, g.broken, g.final, g.unripe = s.Settled, s.Broken, s.Final, int32(s.Unripe)
	g.crossing, g.proved = s.Crossing, s.Proved
	if s.Crossing {
		d, err := digestFrom(s.Unit, s.First)
		if err != nil {
			return err
		}
		g.more().first = d
	}
	if len(s.Digest) > 0 {
		d, err := digestFrom(s.Unit, s.Digest)
		if err != nil {
			return err
		}
		g.digest = d
	}
	for _, r := range s.Results {
		d, err := digestFrom(s.Unit, r.Digest)
		if err != nil {
			return err
		}
		if r.Node < 0 || int(r.Node) >= len(c.nodes) {
			return unsound("unit %d has a result of node %d, there are %d", s.Unit, r.Node, len(c.nodes))
		}
		g.add(result{node: r.Node, digest: d, at: r.At, staked: r.Staked, disowned: r.Disowned, judged: r.Judged})
	}
	return nil
}

// weight reports whether a sum of weights can be one.
func weight(w float64) bool { return w >= 0 && !math.IsInf(w, 0) }

func digestFrom(u Unit, b []byte) (d Digest, err error) {
	if len(b) != len(d) {
		return d, unsound("unit %d has a digest of %d bytes", u, len(b))
	}
	return Digest(b), nil
}

func unsound(format string, args ...any) error {
	return contracts.Errorf(contracts.CodeValidation, "state of verification", format, args...)
}

// Entrust takes a node into the trusted zone or out of it, when the list of the
// zone is another one than it was. Out of it a node starts on probation.
func (c *Core) Entrust(n Node, trusted bool) {
	x := &c.nodes[n]
	switch {
	case trusted:
		x.standing = Trusted
	case x.standing == Trusted:
		x.standing, x.k = Probation, 0
	}
}

// MayNew is May for a node that has not joined yet and would join an operator;
// known is false for an operator that is not here either.
func (c *Core) MayNew(u Unit, op Operator, known, trusted bool) bool {
	g := c.groups.get(u)
	if g == nil || trusted || !known {
		return true
	}
	return !slices.ContainsFunc(g.results(), func(r result) bool { return c.nodes[r.node].operator == op })
}
