package verify

import "slices"

// group is what is known of one unit. There are many, and most have one result that
// nobody contradicts. It is never copied.
type group struct {
	// A first result stands in one, all of them in rest once there are more.
	one  [1]result
	rest *rest
	// digest is the result's once it is released.
	digest Digest
	// n counts the results, asked the replicas that are out, unripe the members that
	// have not outlived the result yet (stake).
	n, asked, unripe int32

	class Class
	// recomputing is set while the trusted zone is asked, crossing if it is for what
	// its other engine makes of what the one made first.
	recomputing, crossing bool
	// released is set once digest may be used, doubted while a node that stands
	// for it has been caught since.
	released, doubted bool
	// settled is set once digest is known to be right, proved if two engines agree on
	// it; broken when there is no right one; final when nothing will be looked at again.
	settled, proved, broken, final bool
}

// rest is what few groups have.
type rest struct {
	results []result
	first   Digest // while it is crossing
}

type result struct {
	node   Node
	digest Digest
	// staked is set once the result is among its node's open ones, disowned once its
	// node was caught after it gave it, judged once it was compared with the right one.
	staked, disowned, judged bool
	// at is the result's number among its node's.
	at uint64
}

// results returns the group's results in the order of their commitment.
func (g *group) results() []result {
	if g.n > 1 {
		return g.rest.results
	}
	return g.one[:g.n]
}

// more returns where the rest stands.
func (g *group) more() *rest {
	if g.rest == nil {
		g.rest = &rest{}
	}
	return g.rest
}

func (g *group) add(r result) {
	switch g.n {
	case 0:
		g.one[0] = r
	case 1:
		g.more().results = []result{g.one[0], r}
	default:
		g.rest.results = append(g.rest.results, r)
	}
	g.n++
}

// contradicts reports whether a member found something else.
func (g *group) contradicts(d Digest) bool {
	return slices.ContainsFunc(g.results(), func(r result) bool { return r.digest != d })
}

// split reports whether the members of a group disagree.
func (g *group) split() bool {
	all := g.results()
	return slices.ContainsFunc(all[1:], func(r result) bool { return r.digest != all[0].digest })
}

func (c *Core) groupDoubt(g *group) float64 {
	wrong, right := 1.0, 1.0
	for _, r := range g.results() {
		p := c.doubt(r.node)
		if p == 1 || r.disowned {
			p = c.policy.FMax // a caught node's word is a stranger's
		}
		wrong *= p
		right *= 1 - p
	}
	return wrong / (wrong + right)
}

func (c *Core) replicate(u Unit, g *group) {
	g.asked++
	c.act(Action{Kind: Replicate, Unit: u})
}

func (c *Core) recompute(u Unit, g *group) {
	if !g.recomputing {
		g.recomputing = true
		c.act(Action{Kind: Recompute, Unit: u})
	}
}

// stake has a released result wait until every member that stands for it has
// outlived it. That two agree does not make it final: members of a ring agree,
// and are caught later, one by one.
func (c *Core) stake(u Unit, g *group) {
	all := g.results()
	for i := range all {
		r := &all[i]
		if r.staked || r.disowned {
			continue
		}
		r.staked = true
		x := &c.nodes[r.node]
		x.open.push(openResult{u, x.checks})
		g.unripe++
	}
}

// disown takes back what a caught node said about a unit.
func (g *group) disown(n Node) {
	all := g.results()
	for i := range all {
		if r := &all[i]; r.node == n && r.staked && !r.disowned {
			r.disowned = true
			g.unripe--
		}
	}
}

// final closes a released result for good.
func (c *Core) final(u Unit, g *group) {
	if !g.final {
		g.final = true
		c.act(Action{Kind: Final, Unit: u, Digest: g.digest})
	}
}

// drop forgets a unit when nothing more is expected of it.
func (c *Core) drop(u Unit, g *group) {
	if (g.final || g.broken) && g.asked == 0 && !g.recomputing {
		c.groups.remove(u)
	}
}
