package verify

import "slices"

// group is what is known of one unit. It lives in a page and is never copied.
type group struct {
	// The first results stand in few, all of them in more once there are more.
	few  [2]result
	more []result
	n    int

	class Class
	// asked counts the replicas that are out.
	asked int
	// recomputing is set while the trusted zone is asked, crossing if it is for what
	// its other engine makes of what the one made first.
	recomputing, crossing bool
	first                 Digest
	// released is set once digest may be used, doubted while a node that stands
	// for it has been caught since.
	released, doubted bool
	digest            Digest
	// settled is set once digest is known to be right, proved if two engines agree on
	// it; broken when there is no right one; final when nothing will be looked at again.
	settled, proved, broken, final bool
	// unripe counts the members that have not outlived it yet (stake).
	unripe int
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
	if g.more != nil {
		return g.more
	}
	return g.few[:g.n]
}

func (g *group) add(r result) {
	switch {
	case g.n < len(g.few):
		g.few[g.n] = r
	case g.more == nil:
		g.more = append(append(make([]result, 0, 2*len(g.few)), g.few[:]...), r)
	default:
		g.more = append(g.more, r)
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
