package verify

// Core is the verification state of one fabric. It is owned by one goroutine.
type Core struct {
	policy  Policy
	nodes   []node
	members [][]Node // by operator
	groups  groups
	// actions gather until Take, which swaps them with the ones it gave before.
	actions, given []Action
}

// New returns a core without nodes. The policy must be valid.
func New(p Policy) *Core {
	return &Core{policy: p}
}

// Take returns what has to be done since the last call, in order. The caller
// may read it until the next call of Take.
func (c *Core) Take() []Action {
	a := c.actions
	c.actions, c.given = c.given[:0], a
	return a
}

func (c *Core) act(a Action) { c.actions = append(c.actions, a) }

// Open returns how many units are under verification or not final.
func (c *Core) Open() int { return c.groups.open() }

// May reports whether a node may be given a unit: it works, and no node of its
// operator has committed a result for it. Trusted nodes may always.
func (c *Core) May(u Unit, n Node) bool {
	x := &c.nodes[n]
	if !x.standing.Works() {
		return false
	}
	g := c.groups.get(u)
	if g == nil || x.standing == Trusted {
		return true
	}
	for _, r := range g.results() {
		if c.nodes[r.node].operator == x.operator {
			return false
		}
	}
	return true
}

// Committed takes a node's signed result for a unit, once it is durable. The
// coin is that of the commitment (Coin). A second result of one operator for
// one unit is passed over, and what a suspended node sends is asked for again
// elsewhere.
func (c *Core) Committed(u Unit, class Class, n Node, d Digest, coin uint64) {
	x := &c.nodes[n]
	x.results++
	g := c.groups.get(u)
	if !c.May(u, n) {
		if g == nil || g.asked > 0 {
			c.act(Action{Kind: Replicate, Unit: u})
		}
		return
	}
	if g == nil {
		g = c.groups.add(u, class)
	} else if g.asked > 0 {
		g.asked--
	}
	g.add(result{node: n, digest: d, at: x.results})
	switch {
	case g.broken:
	case g.recomputing:
		// The trusted zone is at it already and will judge this one too.
	case g.settled && d != g.digest && !g.proved:
		c.crossCheck(u, g, g.digest)
	case g.settled:
		c.judge(u, g)
	case g.split():
		c.recompute(u, g)
	case x.standing == Trusted:
		c.settle(u, g, d)
	default:
		c.agree(u, g)
		c.weigh(u, g, coin)
	}
	c.drop(u, g)
}

// agree credits the members of a group whose newest member found the same as
// the others. Agreement is weaker evidence than a recompute: both may lie.
func (c *Core) agree(u Unit, g *group) {
	all := g.results()
	others, last := all[:len(all)-1], all[len(all)-1].node
	if len(others) == 0 {
		return
	}
	weight := 1 - c.policy.FMax
	c.confirm(last, u, weight)
	for _, r := range others {
		c.confirm(r.node, u, weight)
	}
}

// weigh decides what becomes of a group that agrees.
func (c *Core) weigh(u Unit, g *group, coin uint64) {
	if g.class == Recomputed {
		c.recompute(u, g)
		return
	}
	sure := c.groupDoubt(g) <= c.policy.Theta[g.class]
	switch {
	case g.final:
	case g.released && (sure || !g.doubted):
		g.doubted = false
		c.stake(u, g) // a late replica agreed, and stands for the result as well
	case sure:
		c.release(u, g, coin)
	case int(g.n) < c.policy.Replicas[g.class]:
		c.replicate(u, g)
	default:
		c.recompute(u, g)
	}
}

// release lets a result be used and orders its audit.
func (c *Core) release(u Unit, g *group, coin uint64) {
	g.released, g.digest = true, g.results()[0].digest
	c.act(Action{Kind: Release, Unit: u, Digest: g.digest})
	c.stake(u, g)
	switch c.policy.toss(coin, int(g.n)) {
	case byTrusted:
		c.recompute(u, g)
	case byReplica:
		c.replicate(u, g)
	case noAudit:
	}
}

// Recomputed takes what the trusted zone found for a unit. Where that contradicts
// nobody, it settles. Where it does, the unit is computed once more on the other
// engine, and only what both engines found convicts anybody.
func (c *Core) Recomputed(u Unit, d Digest) {
	g := c.groups.get(u)
	if g == nil || !g.recomputing {
		return
	}
	g.recomputing = false
	switch {
	case g.crossing && d != g.rest.first:
		g.crossing = false
		g.settled, g.broken = true, true
		c.act(Action{Kind: NonDeterministic, Unit: u})
	case g.crossing:
		g.crossing, g.proved = false, true
		c.settle(u, g, d)
	case g.contradicts(d):
		c.crossCheck(u, g, d)
	default:
		c.settle(u, g, d)
	}
	c.drop(u, g)
}

// crossCheck asks for the unit's result on the other engine: somebody found
// another one than the first engine.
func (c *Core) crossCheck(u Unit, g *group, first Digest) {
	g.more().first, g.crossing, g.recomputing = first, true, true
	c.act(Action{Kind: CrossCheck, Unit: u})
}

// settle closes a unit whose right result is known.
func (c *Core) settle(u Unit, g *group, right Digest) {
	old, was := g.digest, g.released
	g.settled, g.released, g.doubted, g.digest = true, true, false, right
	switch {
	case !was:
		c.act(Action{Kind: Release, Unit: u, Digest: right})
	case old != right:
		c.act(Action{Kind: Supersede, Unit: u, Digest: right, Old: old})
	}
	c.final(u, g)
	c.judge(u, g)
}

// judge compares the results that nobody has judged with the right one. One that
// differs convicts only if two engines found the right one.
func (c *Core) judge(u Unit, g *group) {
	for i := range g.n {
		r := &g.results()[i]
		switch {
		case r.judged:
			continue
		case r.digest == g.digest:
			c.confirm(r.node, u, 1)
		case g.proved:
			c.convict(*r, u)
		}
		r.judged = true
	}
}

// reopen doubts a result whose node was caught, and asks for it again.
func (c *Core) reopen(u Unit, g *group) {
	if g.settled || g.final || g.doubted {
		return
	}
	g.doubted = true
	if g.asked == 0 && !g.recomputing {
		c.replicate(u, g)
	}
}

// Unplaceable says that no node is left that May allows for a replica. The
// trusted zone decides then, or, where there is none, nobody can.
func (c *Core) Unplaceable(u Unit, trustedZone bool) {
	g := c.groups.get(u)
	if g == nil || g.asked == 0 {
		return
	}
	g.asked--
	switch {
	case g.recomputing || g.settled:
	case trustedZone:
		c.recompute(u, g)
	case !g.released:
		g.settled, g.broken = true, true
		c.act(Action{Kind: NoQuorum, Unit: u})
	case g.doubted:
		c.groups.remove(u) // what is out stays out, and never becomes final: nobody can say better
		return
	}
	c.drop(u, g)
}

// Unresolved says that the trusted zone cannot recompute a unit, or not on another
// engine. What the one engine found counts then and convicts nobody. Without it what
// was released stays released; what was not has no result, since nobody may judge it.
func (c *Core) Unresolved(u Unit) {
	g := c.groups.get(u)
	if g == nil || !g.recomputing {
		return
	}
	crossing := g.crossing
	g.recomputing, g.crossing = false, false
	switch {
	case g.settled:
	case crossing:
		c.settle(u, g, g.rest.first) // the word of one engine is enough to go by, and too little to convict
	case !g.released:
		g.settled, g.broken = true, true
		c.act(Action{Kind: NoQuorum, Unit: u})
	case g.asked == 0:
		c.groups.remove(u) // it never becomes final: nobody can say better
		return
	}
	c.drop(u, g)
}

// Knows reports whether a unit is under verification or not final.
func (c *Core) Knows(u Unit) bool { return c.groups.get(u) != nil }

// Abandon forgets a unit whose session has ended without its result.
func (c *Core) Abandon(u Unit) {
	if g := c.groups.get(u); g != nil && !g.released {
		c.groups.remove(u)
	}
}
