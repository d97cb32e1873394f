package placement

import "github.com/ipfs/go-cid"

// The weights of a score. They sum to 1, and so do the shares of locality, so
// that a score is in [0, 1].
const (
	weightHeadroom    = 0.35
	weightLoad        = 0.15
	weightReliability = 0.25
	weightLocality    = 0.25

	// moduleShare is the part of locality that a unit's module has when it needs
	// other blocks too: a module is what costs most to fetch and to compile.
	moduleShare = 0.5
)

// Parts are what a score is made of, each in [0, 1] and not yet weighted.
type Parts struct {
	Headroom    float64 `json:"headroom"`
	Load        float64 `json:"load"`
	Reliability float64 `json:"reliability"`
	Locality    float64 `json:"locality"`
}

// Score is the weighted sum.
func (p Parts) Score() float64 {
	return weightHeadroom*p.Headroom + weightLoad*p.Load + weightReliability*p.Reliability + weightLocality*p.Locality
}

// parts returns a node's parts but for locality.
func (n *Node) parts() Parts {
	p := Parts{Load: 1 - clamp(n.Load), Reliability: clamp(n.Reliability)}
	if all := n.Free + n.Held; n.Free > 0 {
		p.Headroom = float64(n.Free) / float64(all)
	}
	return p
}

func clamp(f float64) float64 { return min(max(f, 0), 1) }

// better orders a before b: the higher score, then who holds less, then the
// smaller id.
func better(a *Node, as float64, b *Node, bs float64) bool {
	switch {
	case as != bs:
		return as > bs
	case a.Held != b.Held:
		return a.Held < b.Held
	}
	return a.ID < b.ID
}

// locality is the share of a unit's blocks that a node holds.
func (e *entry) locality(n *Need, blocks map[cid.Cid]*holders) float64 {
	share, needs := 0.0, n.blocks()
	if n.Module.Defined() && e.holdsModule(n.Module) {
		share = 1
		if len(needs) > 0 {
			share = moduleShare
		}
	}
	if len(needs) == 0 {
		return share
	}
	rest := 1.0
	if n.Module.Defined() {
		rest = 1 - moduleShare
	}
	held := 0
	for _, b := range needs {
		if h := blocks[b]; h != nil && h.has(e) {
			held++
		}
	}
	return share + rest*float64(held)/float64(len(needs))
}
