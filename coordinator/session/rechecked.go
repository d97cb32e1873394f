package session

import "github.com/krako-labs/krako/contracts"

// Rechecked is what came of a check of a model's answer: evidence about the pod that
// gave it, and about the other one if both answered. It is no session's fact, and
// changes none.
type Rechecked struct {
	// Kind is how it was checked: "" by having another pod of the class answer again,
	// Scored by having a pod of the trusted zone score its tokens.
	Kind    string              `cbor:"k,omitempty"`
	Session contracts.SessionID `cbor:"se"`
	Unit    contracts.UnitID    `cbor:"u"`
	// Call is the invocation, Class the determinism class of the answer.
	Call    contracts.Link `cbor:"cid"`
	Class   string         `cbor:"cl"`
	Verdict string         `cbor:"v"`
	// Node gave the answer that was used, Result; By the other one, Other, or none if
	// it scored.
	Node   contracts.NodeID `cbor:"n"`
	Result contracts.Link   `cbor:"res"`
	By     contracts.NodeID `cbor:"by"`
	Other  contracts.Link   `cbor:"oth,omitempty"`
	// Trusted is set when By is of the trusted zone.
	Trusted bool `cbor:"tr,omitempty"`
	// Note says in words what the verdict rests on, without quoting anything.
	Note string `cbor:"no,omitempty"`
}

// Scored is the Kind of a check by scoring.
const Scored = "score"
