package docket

import (
	"slices"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/verify"
)

// Case is a unit whose result is not final.
type Case struct {
	// ID is the offset of the record that opened the case.
	ID      uint64
	Session contracts.SessionID
	// Index is the unit's in its session, Lease the one under which the session waits.
	Index int
	Lease uint64
	// Unit is the computation.
	Unit  contracts.Link
	Class verify.Class
	// Findings are the results, the unit's own first.
	Findings []Finding
	// Out are the copies that are out, by lease.
	Out map[uint64]Copy
	// Replicas is how many more nodes are to be asked, Recompute whether the trusted
	// zone is, Cross that its other engine is.
	Replicas int
	// Lost counts copies that came to nothing.
	Lost             int
	Recompute, Cross bool
	// Right is the finding that counts, -1 while there is none; Broken says why there
	// will be none, or can be no better one, Differs that the engines of the trusted
	// zone do.
	Right   int
	Broken  string
	Differs bool
	// Judge is the node of the trusted zone that recomputed it last.
	Judge contracts.NodeID
	// Given is the result that the unit ended with, undefined before.
	Given contracts.Link
	// Users are units of other sessions that ended with this result because it was
	// known.
	Users []User

	place  int  // in its session's list
	over   bool // the session is closed
	listed bool
}

// Finding is what one node found.
type Finding struct {
	Node contracts.NodeID
	End  session.Ended
}

// Copy is an execution that checks another one.
type Copy struct {
	Node    contracts.NodeID
	Epoch   uint64
	Trusted bool

	folded bool // its record is
}

// User is a unit that ended with a known result, and which.
type User struct {
	Session contracts.SessionID
	Index   int
	Given   contracts.Link
}

// MaxUsers bounds the units that may use a result that is not final. What cannot
// be found again when the result proves wrong must not be built on it.
const MaxUsers = 1024

// Verdict returns what is right, nil while that is not known.
func (c *Case) Verdict() *Finding {
	if c.Right < 0 {
		return nil
	}
	return &c.Findings[c.Right]
}

// Wrong reports whether a unit was given another result than the right one.
func (c *Case) Wrong(given contracts.Link) bool {
	return c.Right >= 0 && given.Defined() && !given.Equals(c.Findings[c.Right].End.Result.Cid)
}

// settled reports whether nothing is left to be done about the case itself.
func (c *Case) settled() bool {
	switch {
	case !c.Given.Defined():
		return c.over
	case c.Wrong(c.Given):
		return false
	}
	return !slices.ContainsFunc(c.Users, func(u User) bool { return c.Wrong(u.Given) })
}

func (c *Case) found(d verify.Digest) int {
	return slices.IndexFunc(c.Findings, func(f Finding) bool { return digest(f.End.Result) == d })
}

// digest is what is compared of a result: that of its address.
func digest(l contracts.Link) (d verify.Digest) {
	if l.Defined() {
		h := l.Hash()
		copy(d[:], h[max(0, len(h)-len(d)):])
	}
	return d
}
