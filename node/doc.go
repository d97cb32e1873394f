// Package node is the CPU node agent: it lends the machine's processor to one
// Krako cluster at a time. It finds a coordinator, keeps one work stream open to
// it, runs the WebAssembly units it is assigned, and delivers what they
// computed in batches that it signs.
//
// A computation that ends in a way that every honest node would see, success or
// not, is a result and is signed. Whatever else keeps a unit from ending
// (deadline, cancellation, a missing block, this machine's own trouble) is a
// fault: unsigned, reported for the coordinator to try elsewhere, and never a
// result.
//
// Units run in worker processes that package worker keeps (Config.Isolation), so
// that a guest can neither hold up the agent, whose heartbeats keep its leases,
// nor take it down, nor reach its key. A unit whose worker died is run once more,
// by itself; a second death, or one that is surely its doing, is a fault.
//
// A sealed batch and its outputs are kept, bounded, until the coordinator has
// recorded them, and are sent again, byte for byte, over a new stream to the
// same cluster. They do not survive the process: a lost unit's lease expires
// and it is run again. What does survive, even kill -9, is the promise never to
// sign two batches with one sequence number.
//
// The agent promises not to: listen for inbound work, run anything outside the
// sandbox, give one cluster's blocks to another cluster's units, run llm units,
// hold more units, bytes or streams than its Config says, or judge whether a
// result is useful. It imports no network, WebAssembly or storage library; those
// stand behind internal/p2p, internal/sandbox/worker and internal/blob.
package node
