package verify

// Node and Operator are handles that Join and NewOperator give out, Unit a
// number of the caller's, used once.
type (
	Node     int32
	Operator int32
	Unit     uint64
)

// Standing is what a node may do.
type Standing uint8

// The standings. A node on probation works like a member, but none of its
// results is used before others have confirmed it.
const (
	Probation Standing = iota
	Member
	Suspended
	Banned
	Trusted
)

var standingNames = [...]string{"probation", "member", "suspended", "banned", "trusted"}

func (s Standing) String() string { return standingNames[s] }

// Works reports whether a node of this standing is given work.
func (s Standing) Works() bool { return s == Probation || s == Member || s == Trusted }

// node is the evidence about one node.
type node struct {
	operator Operator
	standing Standing
	// k is the weight of the checks it survived since it was last caught.
	k float64
	// results counts what it committed, strikeAt where its last strike fell.
	results, strikeAt uint64
	strikes           int
	// checks counts the checks it survived, ever: the clock of finality.
	checks float64
	// open are its results that are not final, oldest first.
	open fifo[openResult]
}

type openResult struct {
	unit Unit
	at   float64 // checks when it was released
}

// fifo is a queue that gives its memory back as it empties.
type fifo[T any] struct {
	items []T
	head  int
}

func (f *fifo[T]) push(x T) { f.items = append(f.items, x) }
func (f *fifo[T]) len() int { return len(f.items) - f.head }
func (f *fifo[T]) first() T { return f.items[f.head] }

func (f *fifo[T]) pop() {
	if f.head++; f.head > 64 && f.head > len(f.items)/2 {
		f.items = append(f.items[:0], f.items[f.head:]...)
		f.head = 0
	}
}

// take empties the queue and returns what was in it.
func (f *fifo[T]) take() []T {
	items := f.items[f.head:]
	f.items, f.head = nil, 0
	return items
}

// NewOperator returns a handle for somebody who runs nodes.
func (c *Core) NewOperator() Operator {
	c.members = append(c.members, nil)
	return Operator(len(c.members) - 1)
}

// Join takes a node of an operator in, on probation, or as trusted: the trusted
// zone is an explicit list, and its nodes are believed.
func (c *Core) Join(op Operator, trusted bool) Node {
	n := node{operator: op}
	if trusted {
		n.standing = Trusted
	}
	c.nodes = append(c.nodes, n)
	id := Node(len(c.nodes) - 1)
	c.members[op] = append(c.members[op], id)
	return id
}

// Standing returns what a node may do.
func (c *Core) Standing(n Node) Standing { return c.nodes[n].standing }

// Credibility is the chance that a node's next result is right, and the weight
// of the checks it rests on.
func (c *Core) Credibility(n Node) (credibility, checks float64) {
	return 1 - c.doubt(n), c.nodes[n].k
}

func (c *Core) doubt(n Node) float64 {
	x := &c.nodes[n]
	switch x.standing {
	case Trusted:
		return 0
	case Suspended, Banned:
		return 1
	}
	return Doubt(c.policy.FMax, x.k)
}

// confirm credits a node with surviving a check of the given weight.
func (c *Core) confirm(n Node, u Unit, weight float64) {
	x := &c.nodes[n]
	if x.standing == Trusted {
		return
	}
	x.k += weight
	x.checks += weight
	c.act(Action{Kind: Confirm, Unit: u, Node: n, Checks: weight})
	if x.standing == Probation && Doubt(c.policy.FMax, x.k) <= c.policy.Theta[Standard] {
		c.stand(n, Member)
	}
	c.ripen(n)
}

// ripen makes final what the node has outlived by enough checks.
func (c *Core) ripen(n Node) {
	m := float64(c.policy.FinalityChecks)
	if m == 0 {
		return
	}
	x := &c.nodes[n]
	for x.open.len() > 0 && x.checks-x.open.first().at >= m {
		u := x.open.first().unit
		x.open.pop()
		g := c.groups.get(u)
		if g == nil {
			continue
		}
		if g.unripe--; g.unripe == 0 && !g.doubted {
			c.final(u, g)
			c.drop(u, g)
		}
	}
}

// convict notes a proved lie or defect: the node's credibility is gone, and what
// it did that nobody checked is done again.
func (c *Core) convict(r result, u Unit) {
	x := &c.nodes[r.node]
	c.act(Action{Kind: Convict, Unit: u, Node: r.node})
	if !x.standing.Works() || x.standing == Trusted {
		return
	}
	if x.strikes > 0 && r.at <= x.strikeAt {
		return // done before the last proof, and found because of it
	}
	if x.results-x.strikeAt > uint64(c.policy.StrikeWindow) {
		x.strikes = 0
	}
	x.strikes++
	x.strikeAt = x.results
	if x.strikes >= c.policy.Strikes {
		c.stand(r.node, Suspended)
	} else {
		c.stand(r.node, Probation)
	}
	c.distrust(r.node)
	if c.policy.GuiltByOperator {
		for _, mate := range c.members[x.operator] {
			if mate != r.node && c.nodes[mate].standing.Works() {
				c.stand(mate, Probation)
				c.distrust(mate)
			}
		}
	}
}

// distrust takes a node's credibility and doubts what it did.
func (c *Core) distrust(n Node) {
	x := &c.nodes[n]
	if x.standing == Trusted {
		return
	}
	x.k = 0
	for _, r := range x.open.take() {
		if g := c.groups.get(r.unit); g != nil {
			g.disown(n)
			c.reopen(r.unit, g)
		}
	}
}

// Equivocated bans a node that signed two results under one lease: its own
// signatures prove it, without any recompute.
func (c *Core) Equivocated(n Node) {
	if c.nodes[n].standing == Banned {
		return
	}
	c.stand(n, Banned)
	c.distrust(n)
}

// Contradicted suspends a node that was seen to sign two results under one lease, of
// which one cannot be shown any more: what it did is doubted as if it were proved, and
// an operator may let it start again.
func (c *Core) Contradicted(n Node) {
	if !c.nodes[n].standing.Works() {
		return
	}
	c.stand(n, Suspended)
	c.distrust(n)
}

// Suspend takes a node out of work by an operator's order, Readmit lets it start
// again on probation.
func (c *Core) Suspend(n Node) {
	if c.nodes[n].standing.Works() {
		c.stand(n, Suspended)
	}
}

// Readmit lets a suspended node start again, without credibility.
func (c *Core) Readmit(n Node) {
	if x := &c.nodes[n]; x.standing == Suspended {
		x.k, x.strikes = 0, 0
		c.stand(n, Probation)
	}
}

// Forget takes a node's credibility without blame: its key, its engine or its
// machine is another one now.
func (c *Core) Forget(n Node) {
	if x := &c.nodes[n]; x.standing == Member {
		x.k = 0
		c.stand(n, Probation)
	}
}

func (c *Core) stand(n Node, s Standing) {
	x := &c.nodes[n]
	if x.standing == s || x.standing == Trusted {
		return
	}
	x.standing = s
	c.act(Action{Kind: Change, Node: n, Standing: s})
}
