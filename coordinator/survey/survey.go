// Package survey folds the whole log into the little that a coordinator has to
// know of all of it: what nodes have done, who may do what, what tenants may spend, which sessions are open and where they
// begin, and the Merkle tree over the records. Its size depends on nodes and open
// sessions, not on the length of the log.
//
// A survey can be written down as a block and taken up again, so that a start
// reads the log from there. The state of open sessions is not in it: it is folded
// from their own records, so that there is one fold of a session and not two that
// must agree.
//
// The package is pure: the same records give the same survey, and the same bytes.
package survey

import (
	"fmt"
	"slices"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/coordinator/billing"
	"github.com/krako-labs/krako/coordinator/credit"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/transparency"
)

// Survey is the fold of all records up to At. It is owned by one goroutine.
type Survey struct {
	At    eventlog.Offset
	Nodes map[contracts.NodeID]*Node
	Open  map[contracts.SessionID]*Opening
	Tree  *transparency.Tree
	// Access is who may do what. Its initial quota is none.
	Access *access.Book
	// Credit is what tenants may spend.
	Credit *credit.Book
	// Verified is the first record about the verification of a result, 0 if there is
	// none.
	Verified eventlog.Offset

	// batch and signer are of the batch whose results come next.
	batch  cid.Cid
	signer contracts.NodeID
	// broken is the first record that made no sense.
	broken error
}

// Node is what a node has done so far.
type Node struct {
	Info contracts.NodeInfo
	Seen int64 // when it came or went last, in microseconds since 1970
	Seq  uint64
	Done uint64 // results of it that ended a unit
	// Remarks are the last changes of its standing, oldest first.
	Remarks []Remark
	// Approved is set once it was let in by order; Operator answers for it then, if
	// anybody was named.
	Approved bool
	Operator string
}

// Remark is a change of a node's standing, and when that was, in microseconds since
// 1970.
type Remark struct {
	At       int64            `cbor:"t"`
	Standing session.Standing `cbor:"s"`
}

// MaxRemarks bounds the changes of standing that are kept of a node.
const MaxRemarks = 64

// Opening is where a session begins, and what it is.
type Opening struct {
	First    eventlog.Offset
	At       int64 // in microseconds since 1970
	Accepted *session.Accepted
}

// Closing is a session that has ended. It is all that is remembered of it.
type Closing struct {
	ID contracts.SessionID
	Opening
	Last   eventlog.Offset
	Ended  int64
	Closed *session.Closed
}

// New returns the survey of an empty log.
func New() *Survey {
	return &Survey{
		Nodes: map[contracts.NodeID]*Node{}, Open: map[contracts.SessionID]*Opening{}, Tree: &transparency.Tree{},
		Access: access.NewBook(contracts.Quota{}), Credit: credit.NewBook(),
	}
}

// Fold takes the next record: data as it stands in the log, r as it reads. It
// returns the session that the record closes, if it closes one. keep is told of
// subtrees that are whole.
func (s *Survey) Fold(data []byte, r *session.Record, keep func(transparency.Node)) *Closing {
	s.At++
	s.Tree.Append(transparency.Leaf(data), keep)
	switch {
	case r.Node != nil:
		n := s.node(r.Node.Info.Node)
		n.Info, n.Seen = r.Node.Info, r.At
	case r.Batch != nil:
		n := s.node(r.Batch.Node)
		n.Seq = max(n.Seq, r.Batch.Seq)
		s.batch, s.signer = r.Batch.CID.Cid, r.Batch.Node
	case r.Access != nil:
		s.learn(r.Access)
	case r.Credit != nil:
		s.reckon(r.Credit)
	case r.Ended != nil:
		// The results of a batch stand behind its own record.
		if r.Ended.Result.Defined() && r.Ended.Check == 0 && r.Ended.Batch.Equals(s.batch) {
			s.node(s.signer).Done++
		}
	case r.Held != nil:
		s.verifies()
		if r.Held.End.Batch.Equals(s.batch) {
			s.node(s.signer).Done++
		}
	case r.Marked != nil:
		s.verifies()
	case r.Checked != nil:
		s.verifies()
		if k := &r.Checked.Found; k.Batch.Defined() && k.Batch.Equals(s.batch) {
			s.node(s.signer).Done++
		}
	case r.Standing != nil:
		s.verifies()
		if r.Standing.Standing == session.Rotated {
			s.rename(r.At, r.Standing)
		}
		s.node(r.Standing.Node).remark(r.At, r.Standing)
	case r.Superseded != nil && r.Superseded.Opening != nil:
		o := r.Superseded.Opening
		s.Open[r.Session] = &Opening{First: eventlog.Offset(o.First), At: o.At, Accepted: &o.Accepted}
	case r.Accepted != nil:
		s.Open[r.Session] = &Opening{First: s.At, At: r.At, Accepted: r.Accepted}
	case r.Closed != nil:
		return s.close(r)
	}
	return nil
}

func (s *Survey) verifies() {
	if s.Verified == 0 {
		s.Verified = s.At
	}
}

// rename moves what a node did and how it stood to the key that it has now.
func (s *Survey) rename(at int64, to *session.Standing) {
	was, n := s.node(to.Was), s.node(to.Node)
	n.Done, was.Done = n.Done+was.Done, 0
	n.Remarks, was.Remarks = append(was.Remarks, n.Remarks...), nil
	n.Remarks = n.Remarks[max(0, len(n.Remarks)-MaxRemarks):]
	n.Approved, n.Operator = was.Approved, was.Operator
	was.Approved, was.Operator = false, ""
	was.remark(at, &session.Standing{Node: to.Was, Standing: session.Rotated, Reason: "its key was replaced by " + string(to.Node)})
}

func (n *Node) remark(at int64, s *session.Standing) {
	if s.Standing == session.Approved {
		if n.Approved = true; s.Operator != "" {
			n.Operator = s.Operator
		}
	}
	if len(n.Remarks) == MaxRemarks {
		n.Remarks = slices.Delete(n.Remarks, 0, 1)
	}
	n.Remarks = append(n.Remarks, Remark{at, *s})
}

func (s *Survey) learn(encoded []byte) {
	f, err := access.DecodeFact(encoded)
	if err == nil {
		err = s.Access.Apply(f)
	}
	if err != nil && s.broken == nil {
		s.broken = fmt.Errorf("record %d: %w", s.At, err)
	}
}

func (s *Survey) reckon(encoded []byte) {
	f, err := credit.DecodeFact(encoded)
	if err == nil {
		err = s.Credit.Apply(f)
	}
	if err != nil && s.broken == nil {
		s.broken = fmt.Errorf("record %d: %w", s.At, err)
	}
}

// Err is not nil if the survey took a record that made no sense. It is of no use
// then.
func (s *Survey) Err() error { return s.broken }

func (s *Survey) close(r *session.Record) *Closing {
	o, ok := s.Open[r.Session]
	if !ok {
		return nil
	}
	delete(s.Open, r.Session)
	s.Credit.Spend(o.Accepted.Tenant, billing.Amount(r.Closed.Cost))
	return &Closing{ID: r.Session, Opening: *o, Last: s.At, Ended: r.At, Closed: r.Closed}
}

func (s *Survey) node(id contracts.NodeID) *Node {
	n := s.Nodes[id]
	if n == nil {
		n = &Node{}
		s.Nodes[id] = n
	}
	return n
}

// Begin is the offset from which the records of the sessions that are open now
// stand, one behind At if none is.
func (s *Survey) Begin() eventlog.Offset {
	begin := s.At + 1
	for _, o := range s.Open {
		begin = min(begin, o.First)
	}
	return begin
}
