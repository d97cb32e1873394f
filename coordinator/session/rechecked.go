package session

import "github.com/krako-labs/krako/contracts"

// Rechecked is what came of having a model's answer made again by another pod of its
// class: evidence about both. It is no session's fact, and changes none.
type Rechecked struct {
	Session contracts.SessionID `cbor:"se"`
	Unit    contracts.UnitID    `cbor:"u"`
	// Call is the invocation, Class the determinism class of both answers.
	Call    contracts.Link `cbor:"cid"`
	Class   string         `cbor:"cl"`
	Verdict string         `cbor:"v"`
	// Node gave the answer that was used, Result; By the other one, Other.
	Node   contracts.NodeID `cbor:"n"`
	Result contracts.Link   `cbor:"res"`
	By     contracts.NodeID `cbor:"by"`
	Other  contracts.Link   `cbor:"oth"`
	// Trusted is set when By is of the trusted zone.
	Trusted bool `cbor:"tr,omitempty"`
}
