package docket

import (
	"slices"
	"time"

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
	// With is set where the unit's checker must find a result valid before it is used;
	// Opinions are what it has said of results so far.
	With     bool
	Opinions []Opinion

	// Since is since when it waits for somebody to run a copy, Queued whether it stands in
	// that queue. They are the coordinator's own and no part of what is folded.
	Since  time.Time
	Queued bool

	admitted bool // the judge knows of it: its checker did not keep it from that

	of     *bundle
	place  int  // among its session's
	over   bool // the session is closed
	listed bool
	named  bool  // it is the one that is found by its unit
	next   *Case // another one with the same key
	shut   bool
}

// opened is a case with its first finding, which mostly stays the only one.
type opened struct {
	Case
	first [1]Finding
}

// bundle is the cases of a session.
type bundle struct {
	id    contracts.SessionID
	cases []*Case
}

// Shut reports whether the case is closed: nobody waits for it any more.
func (c *Case) Shut() bool { return c.shut }

// Idle reports whether nothing is to be done about a case: nobody has to be asked,
// and its unit and those that use its result have what is right as far as is known.
func (c *Case) Idle() bool {
	return c.Replicas == 0 && !c.Recompute && !c.With && c.Given.Defined() && !c.wrong()
}

// Finding is what one node found.
type Finding struct {
	Node contracts.NodeID
	End  session.Ended
}

// Opinion is what the unit's checker said of a result.
type Opinion struct {
	Of contracts.Link
	session.Check
}

// Opinion returns what the checker said of a result, nil while it has said nothing.
func (c *Case) Opinion(of contracts.Link) *session.Check {
	for i := range c.Opinions {
		if c.Opinions[i].Of.Equals(of.Cid) {
			return &c.Opinions[i].Check
		}
	}
	return nil
}

// ToCheck returns the finding that the unit's checker must be run on before anything
// else can be done about the case, nil if there is none.
func (c *Case) ToCheck() *Finding {
	if !c.With {
		return nil
	}
	for i := range c.Findings {
		f := &c.Findings[i]
		switch {
		case f.End.State != contracts.UnitSuccess || c.Opinion(f.End.Result) != nil:
		case len(c.Opinions) == 0, i == c.Right, c.Right < 0 && c.Broken != "" && !c.Differs:
			return f
		}
	}
	return nil
}

// Ends returns the finding that the unit ends with, nil while that is not known or if
// there is none: the right one, or one that its checker refused or was silent about
// where nobody can find a better one.
func (c *Case) Ends() *Finding {
	if c.Right >= 0 || !c.With {
		return c.Verdict()
	}
	if len(c.Opinions) > 0 && !c.admitted || c.Broken != "" && !c.Differs {
		for i := range c.Findings {
			if c.Opinion(c.Findings[i].End.Result) != nil {
				return &c.Findings[i]
			}
		}
	}
	return nil
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
	}
	return !c.wrong()
}

// wrong reports whether somebody has a wrong result.
func (c *Case) wrong() bool {
	if c.Right < 0 {
		return false
	}
	return c.Wrong(c.Given) || slices.ContainsFunc(c.Users, func(u User) bool { return c.Wrong(u.Given) })
}

func (c *Case) found(d verify.Digest) int {
	for i := range c.Findings {
		if digest(c.Findings[i].End.Result) == d {
			return i
		}
	}
	return -1
}

// digest is what is compared of a result: that of its address.
func digest(l contracts.Link) (d verify.Digest) {
	if s := l.KeyString(); len(s) >= len(d) {
		copy(d[:], s[len(s)-len(d):])
	}
	return d
}
