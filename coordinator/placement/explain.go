package placement

import (
	"cmp"
	"slices"

	"github.com/krako-labs/krako/contracts"
)

// Candidate is one node as it looks for one unit.
type Candidate struct {
	Node    contracts.NodeID
	Verdict Verdict
	// Score and Parts say how it would rank, also while it cannot take the unit.
	Score float64
	Parts Parts
	Held  int
	Free  int
}

// Explain lists every node with its verdict, in the order in which Pick prefers
// them: those that are eligible first. It looks at all nodes and changes nothing.
func (x *Index) Explain(n *Need) []Candidate {
	c := n.class()
	avoid := x.avoiding(n, &c)
	list := make([]Candidate, 0, len(x.nodes))
	for _, e := range x.nodes {
		k := Candidate{Node: e.ID, Verdict: x.verdict(e, n, &c, avoid), Parts: e.parts(), Held: e.Held, Free: e.Free}
		k.Parts.Locality = e.locality(n, x.blocks.items)
		k.Score = e.score + weightLocality*k.Parts.Locality
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b Candidate) int {
		return cmp.Or(
			cmp.Compare(rank(a.Verdict), rank(b.Verdict)), cmp.Compare(b.Score, a.Score),
			cmp.Compare(a.Held, b.Held), cmp.Compare(a.Node, b.Node))
	})
	return list
}

func rank(v Verdict) int {
	if v == Eligible {
		return 0
	}
	return 1
}

// avoiding reports whether nodes that had the unit are passed over: not when
// there are no others that suit.
func (x *Index) avoiding(n *Need, c *class) bool {
	for _, e := range x.nodes {
		if c.suits(&e.Node) == Eligible && e.stays() && !slices.Contains(n.Never, e.ID) && !slices.Contains(n.Avoid, e.ID) {
			return true
		}
	}
	return false
}

func (x *Index) verdict(e *entry, n *Need, c *class, avoid bool) Verdict {
	if v := c.suits(&e.Node); v != Eligible {
		return v
	}
	switch {
	case slices.Contains(n.Never, e.ID):
		return RunsCopy
	case e.now() != Eligible:
		return e.now()
	case avoid && slices.Contains(n.Avoid, e.ID):
		return Avoided
	}
	return Eligible
}
