package placement

import (
	"slices"

	"github.com/krako-labs/krako/contracts"
)

// A node that was chosen maxStreak times in a row within a class yields to the
// next one if that is nearly as good: what seems best for long, because of what is
// not known of it, shall not have everything.
const (
	maxStreak = 8
	nearlyGap = 0.03
)

// Choice is the outcome of Pick.
type Choice struct {
	// Node is "" when no node can take the unit now.
	Node  contracts.NodeID
	Score float64
	Parts Parts
	// Eligible is how many nodes could have taken it.
	Eligible int
	// Hopeless is set when no node that is known could ever take it.
	Hopeless bool
}

// Pick chooses the eligible node with the highest score; ties go to the one that
// holds less, then to the smaller id. The streak apart it does not change the
// Index.
func (x *Index) Pick(n *Need) Choice {
	c := n.class()
	m := x.of(c)
	pass, passed, others := x.passing(n, m)
	ch := Choice{Eligible: len(m.order.nodes) - passed, Hopeless: others == 0}
	if ch.Eligible <= 0 {
		return ch
	}
	e, score := x.best(n, c, m, pass)
	if e == nil {
		return ch
	}
	if e == m.last && m.streak >= maxStreak {
		next, s := x.best(n, c, m, func(o *entry) bool { return o == e || pass(o) })
		if next != nil && score-s < nearlyGap {
			e, score = next, s
		}
	}
	if e == m.last {
		m.streak++
	} else {
		m.last, m.streak = e, 1
	}
	ch.Node, ch.Score, ch.Parts = e.ID, score, e.parts()
	ch.Parts.Locality = e.locality(n, x.blocks.items)
	return ch
}

// stays reports whether a node may take units before long. One that is paused may
// be so for a night: to wait for it would be worse than to try the same node
// again.
func (e *entry) stays() bool { return e.State != Paused && e.State != Draining }

// passing says which nodes are passed over: those that must not have the unit,
// and those that had it, unless there are no others. passed is how many of those
// that could take something are, others how many nodes of the class are not.
func (x *Index) passing(n *Need, m *members) (pass func(*entry) bool, passed, others int) {
	out := n.Never
	count := func(list []contracts.NodeID) (able, all int) {
		seen := make([]contracts.NodeID, 0, len(list))
		for _, id := range list {
			e := x.nodes[id]
			if e == nil || slices.Contains(seen, id) || !m.all[e] {
				continue
			}
			seen = append(seen, id)
			all++
			if _, ok := m.order.at[e]; ok {
				able++
			}
		}
		return able, all
	}
	if len(n.Avoid) > 0 {
		both := slices.Concat(n.Never, n.Avoid)
		for e := range m.all {
			if e.stays() && !slices.Contains(both, e.ID) { // mostly the first
				out = both
				break
			}
		}
	}
	able, all := 0, 0
	if len(out) > 0 {
		able, all = count(out)
	}
	return func(e *entry) bool { return slices.Contains(out, e.ID) }, able, len(m.all) - all
}

// best returns the best node of a class that is not passed over. Of the nodes
// that hold none of the unit's blocks but perhaps its module, the best is the
// first that has the module or the first at all; every other node is a known
// holder of one of the blocks.
func (x *Index) best(n *Need, c class, m *members, pass func(*entry) bool) (*entry, float64) {
	var top *entry
	var topScore float64
	try := func(e *entry) {
		if e == nil {
			return
		}
		s := e.score + weightLocality*e.locality(n, x.blocks.items)
		if top == nil || better(&e.Node, s, &top.Node, topScore) {
			top, topScore = e, s
		}
	}
	try(m.order.first(pass))
	if n.Module.Defined() {
		try(x.holding(c, m, n.Module).first(pass))
	}
	for _, b := range n.blocks() {
		h := x.blocks.items[b]
		if h == nil {
			continue
		}
		for _, e := range h.list {
			if _, able := m.order.at[e]; able && !pass(e) {
				try(e)
			}
		}
	}
	return top, topScore
}
