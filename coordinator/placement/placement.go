// Package placement decides which node a unit goes to: hard filters first, then
// a score, then a tie-break, so that the same candidates in any order give the
// same answer. It is pure: it reads no clock, does no I/O and keeps no state.
package placement

import (
	"slices"

	"github.com/krako-labs/krako/contracts"
)

// Candidate is a node as placement sees it.
type Candidate struct {
	ID contracts.NodeID
	// Kind is "node" for CPU nodes and "pod" for LLM pods.
	Kind     string
	Profiles []string
	Trusted  bool
	// Free is how many more units the node asked for, Held how many it has.
	Free, Held int
}

// Need is what a unit demands of its place.
type Need struct {
	Type    contracts.UnitType
	Profile string
	// Trusted is set for local_only units and for those that ask for a trusted node.
	Trusted bool
	// Avoid are nodes that were given the unit before and did not finish it.
	// They are passed over while any other node could ever take it.
	Avoid []contracts.NodeID
}

// Verdict says why a candidate cannot take a unit; Eligible if it can.
type Verdict string

// The verdicts, in the order in which they are looked at.
const (
	Eligible      Verdict = "eligible"
	WrongKind     Verdict = "wrong_substrate"
	WrongProfile  Verdict = "profile_not_supported"
	NotTrusted    Verdict = "not_trusted"
	NoFreeCredits Verdict = "no_free_credits"
)

// Filter says whether c may take a unit with the given need now.
func Filter(c *Candidate, n Need) Verdict {
	switch {
	case n.Type.CPU() != (c.Kind == "node"):
		return WrongKind
	case n.Type.CPU() && !slices.Contains(c.Profiles, n.Profile):
		return WrongProfile
	case n.Trusted && !c.Trusted:
		return NotTrusted
	case c.Free <= 0:
		return NoFreeCredits
	}
	return Eligible
}

// Score is the share of a node's capacity that is free, in (0, 1].
func Score(c *Candidate) float64 { return float64(c.Free) / float64(c.Free+c.Held) }

// Choice is the outcome of Pick.
type Choice struct {
	// Index is the chosen candidate's place in the list, -1 if none is eligible.
	Index    int
	Score    float64
	Eligible int
}

// Pick chooses the eligible candidate with the highest score; ties go to the
// one that holds less, then to the smaller id.
func Pick(candidates []Candidate, n Need) Choice {
	if len(n.Avoid) > 0 && slices.ContainsFunc(candidates, func(c Candidate) bool { return n.suits(&c) }) {
		return pick(candidates, n, n.suits)
	}
	return pick(candidates, n, func(*Candidate) bool { return true })
}

// suits reports whether c is not to be avoided and could take the unit, now or
// once it has credits again.
func (n Need) suits(c *Candidate) bool {
	v := Filter(c, n)
	return (v == Eligible || v == NoFreeCredits) && !slices.Contains(n.Avoid, c.ID)
}

func pick(candidates []Candidate, n Need, among func(*Candidate) bool) Choice {
	best := Choice{Index: -1}
	for i := range candidates {
		c := &candidates[i]
		if Filter(c, n) != Eligible || !among(c) {
			continue
		}
		best.Eligible++
		if s := Score(c); best.Index < 0 || better(c, s, &candidates[best.Index], best.Score) {
			best.Index, best.Score = i, s
		}
	}
	return best
}

func better(a *Candidate, as float64, b *Candidate, bs float64) bool {
	switch {
	case as != bs:
		return as > bs
	case a.Held != b.Held:
		return a.Held < b.Held
	}
	return a.ID < b.ID
}
