package session

import (
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
)

// Held is a signed result that is not used yet: it waits for what others find, or
// was asked for to check what another node found. The offset of a unit's own Held
// names its check.
type Held struct {
	// Check is 0 for the unit's own result, the name of the check for a copy's.
	Check uint64 `cbor:"ck,omitempty"`
	// Class is how sure a result must be (verify.Class). It stands with the unit's
	// own result.
	Class uint8            `cbor:"cl,omitempty"`
	Node  contracts.NodeID `cbor:"n"`
	// With is set, with the unit's own result, for a unit whose checker must find a
	// result valid before it is used.
	With bool `cbor:"w,omitempty"`
	// Trusted is set for the result of the trusted zone, which settles the check.
	Trusted bool `cbor:"tr,omitempty"`
	// Unit is the computation, End how the unit would end by this result.
	Unit contracts.Link `cbor:"cid"`
	End  Ended          `cbor:"e"`
}

// Copied gives a unit to one more node in order to check a result, or says, when
// Reason is set, that nobody could be given it or that the copy came to nothing.
type Copied struct {
	Check uint64           `cbor:"ck"`
	Node  contracts.NodeID `cbor:"n,omitempty"`
	Lease uint64           `cbor:"l,omitempty"`
	Epoch uint64           `cbor:"ep,omitempty"`
	// Trusted is set when only the trusted zone will do.
	Trusted bool `cbor:"tr,omitempty"`
	// Reason is why it came back; Hopeless that nobody will be asked instead.
	Reason   string `cbor:"re,omitempty"`
	Hopeless bool   `cbor:"no,omitempty"`
}

// Check is a run of a unit's checker on a result. Without Unit nobody could run it;
// without Result it could not be run at all.
type Check struct {
	Node   contracts.NodeID `cbor:"n,omitempty"`
	Unit   contracts.Link   `cbor:"cid,omitempty"`
	Result contracts.Link   `cbor:"res,omitempty"`
	Batch  contracts.Link   `cbor:"b,omitempty"`
	Index  int              `cbor:"i,omitempty"`
	// Fuel is what the run took, of the unit's.
	Fuel uint64 `cbor:"f,omitempty"`
	// Valid, Code and Detail are the verdict (dag.CheckVerdict).
	Valid  bool           `cbor:"ok,omitempty"`
	Code   contracts.Code `cbor:"code,omitempty"`
	Detail string         `cbor:"det,omitempty"`
}

// Verdict is what the checker said.
func (k *Check) Verdict() dag.CheckVerdict {
	return dag.CheckVerdict{Valid: k.Valid, Code: k.Code, Detail: k.Detail}
}

// Checked is what a unit's checker said of a result that is held back.
type Checked struct {
	// Check names the check, Of the result that was looked at.
	Check uint64         `cbor:"ck"`
	Of    contracts.Link `cbor:"of"`
	Found Check          `cbor:"f"`
	// Refutes are the nodes whose results the checker refused before, where it found
	// this one valid and nobody computed which is right.
	Refutes []contracts.NodeID `cbor:"rf,omitempty"`
}

// Standings of records that only tell: a node was let in by order, or a result of it
// was proved wrong. What it may do follows from its conduct.
const (
	Approved  = "approved"
	Convicted = "convicted"
)

// Witness is who orders a suspension for what the coordinator has seen and cannot show
// to anybody: a node contradicted itself, and one of the two signatures is not kept.
const Witness = "coordinator"

// Marked says that a module gave different results for one computation on the two
// engines of the trusted zone. Nobody is blamed for what it finds.
type Marked struct {
	Module contracts.Link `cbor:"m"`
	// Unit is the computation, Check the check that showed it.
	Unit  contracts.Link `cbor:"cid"`
	Check uint64         `cbor:"ck"`
}

// Rotated is the standing of a node that is known by another key from now on: what it
// may do is what it could do before.
const Rotated = "rotated"

// Superseded says that a result which was used is wrong, and what is right. What
// was computed from the wrong one is void.
type Superseded struct {
	// Old is the end that does not hold any more, OldNode who computed it.
	Old     contracts.Link   `cbor:"old"`
	OldNode contracts.NodeID `cbor:"by"`
	// End is the unit's end from now on.
	End Ended `cbor:"e"`
	// Opening is set when the session was closed: it goes on then.
	Opening *Opening `cbor:"op,omitempty"`
}

// Opening is where a session that goes on again began.
type Opening struct {
	First    uint64   `cbor:"first"`
	At       int64    `cbor:"at"`
	Accepted Accepted `cbor:"acc"`
}

// Standing is what a node may do from now on.
type Standing struct {
	Node     contracts.NodeID `cbor:"n"`
	Standing string           `cbor:"st"`
	Reason   string           `cbor:"re"`
	// Check is the check that led to it, 0 if none did; By the key of the operator
	// who ordered it.
	Check uint64 `cbor:"ck,omitempty"`
	By    string `cbor:"by,omitempty"`
	// Operator is who answers for the node from its approval on.
	Operator string `cbor:"op,omitempty"`
	// Kind is what the node is, node or pod; Was the key in whose place its own stands.
	Kind string           `cbor:"k,omitempty"`
	Was  contracts.NodeID `cbor:"was,omitempty"`
	// Credibility and Checks are the node's as of a change of its standing.
	Credibility float64 `cbor:"c,omitempty"`
	Checks      float64 `cbor:"chk,omitempty"`
	// Proof is a block that proves an equivocation (contracts.Equivocation).
	Proof *contracts.Link `cbor:"pf,omitempty"`
}
