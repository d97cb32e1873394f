package p2p

import (
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// WorkVersion is the version of the work stream's messages, in Hello and Welcome.
const WorkVersion = 1

// Bounds of the messages. A frame beyond them is malformed.
const (
	// MaxUnits is the greatest number of units of an Assign and of results in a
	// batch.
	MaxUnits = contracts.MaxBatchItems
	// MaxAssign is the greatest length of an Assign frame of more than one unit; a
	// larger unit travels alone.
	MaxAssign = 64 << 10
	// MaxCredit bounds the units granted and not yet assigned, and with them the
	// leases that one message can name.
	MaxCredit = 1 << 14

	maxText    = 256       // bytes of a name or a tag
	maxList    = 64        // names or tags of a Hello
	maxNote    = 4 << 10   // bytes of a message for people
	minBeat    = 100       // heartbeat_ms
	maxBeat    = 60_000    // heartbeat_ms
	maxLease   = 1<<31 - 1 // lease_ms, run_timeout_ms: 24 days
	maxAttempt = 255       // attempt, replica
	maxModels  = 64        // models of a Hello
	maxContext = 1 << 24   // tokens
	maxOpaque  = 128       // bytes of an opaque name
	maxCalls   = 16        // calls of a unit
	maxProof   = 4 << 10   // bytes of an enrolment or a rotation
	// MaxRotations bounds the former keys of a worker that one Hello tells of.
	MaxRotations = 8
	// MaxText and MaxTokens bound one Tokens frame, and what a Resume repeats.
	MaxText   = 256 << 10
	MaxTokens = 1 << 16
)

// Message is one message of the work stream: a pointer to one of the types of
// this file.
type Message interface {
	frame() frameType
	check() error
}

// Hello opens the stream and describes the worker. Sent by the worker, first.
type Hello struct {
	V int `cbor:"v"`
	// Kind is what the worker is: "node" or "pod".
	Kind string `cbor:"kind"`
	// Version is the build of the worker's software.
	Version string `cbor:"version"`
	// Profiles are the determinism profiles that the worker can run, or the models
	// that the pod serves.
	Profiles []string `cbor:"profiles,omitempty"`
	// Engine names the executing engine, its version and architecture: results
	// that differ between engines are told from cheating by it.
	Engine   string   `cbor:"engine"`
	Slots    int      `cbor:"slots"`
	MemoryMB int      `cbor:"memory_mb"`
	Tags     []string `cbor:"tags,omitempty"`
	Region   string   `cbor:"region,omitempty"`
	// Models are what a pod serves, in the place of a node's profiles.
	Models []Model `cbor:"models,omitempty"`
	// Enrol proves that the worker holds a token that lets it in (contracts.Enrolment).
	Enrol []byte `cbor:"enrol,omitempty"`
	// Rotations say by which keys the worker was known before, the oldest first, each
	// signed by the key that it replaced (contracts.Rotation).
	Rotations [][]byte `cbor:"rotations,omitempty"`
}

// CrossProfile names what a worker announces in the place of a profile if it runs
// that on the other engine, the interpreter: it must be given nothing but what
// tells whether the engines agree.
func CrossProfile(profile string) string { return profile + "+interpreter" }

// Model is a model that a pod serves.
type Model struct {
	Name string              `cbor:"name"`
	Tier contracts.ModelTier `cbor:"tier"`
	// Class is the determinism class: results are comparable byte for byte in it.
	Class   string `cbor:"class"`
	Context int    `cbor:"context"`
	// Operation is what it does.
	Operation contracts.ModelOperation `cbor:"operation"`
}

// Welcome admits the worker and sets the terms. Sent by the coordinator, first.
type Welcome struct {
	V       int    `cbor:"v"`
	Cluster string `cbor:"cluster"`
	// LeaseMS is how long the coordinator waits for an assigned unit, in
	// milliseconds, before it gives the unit to another worker.
	LeaseMS int `cbor:"lease_ms"`
	// HeartbeatMS is the interval of both sides' heartbeats in milliseconds.
	HeartbeatMS int `cbor:"heartbeat_ms"`
	// MaxBatch is the greatest number of results in a batch, up to MaxUnits.
	MaxBatch int `cbor:"max_batch"`
	// LastSeq is the greatest batch sequence number that the cluster has recorded
	// for this worker. Later ones must be sent again, earlier ones need not.
	LastSeq uint64 `cbor:"last_seq"`
}

// Refuse turns the worker away. Sent by the coordinator in Welcome's place.
type Refuse struct {
	Code    contracts.Code `cbor:"code"`
	Message string         `cbor:"message"`
}

// Credit lets the coordinator assign N more units. Sent by the worker; grants
// add up.
type Credit struct {
	N int `cbor:"n"`
}

// Assign hands units to the worker and uses up that much credit. Sent by the
// coordinator.
type Assign struct {
	Units []Unit `cbor:"units"`
}

// Unit is one execution to perform.
type Unit struct {
	// Lease identifies this execution and Epoch the owner of its session: a result
	// carries both back.
	Lease        uint64 `cbor:"lease"`
	Epoch        uint64 `cbor:"epoch"`
	Attempt      int    `cbor:"attempt"`
	Replica      int    `cbor:"replica"`
	RunTimeoutMS int    `cbor:"run_timeout_ms"`
	// Invocation is the DAG-CBOR block of what to run. The worker computes its
	// CID, which is the unit_cid of the result.
	Invocation []byte `cbor:"unit"`
	// Tenant and Session are whose unit it is, as names that mean nothing outside
	// the cluster; only for pods, which keep what they know of a session apart from
	// all others by them.
	Tenant  string `cbor:"tenant,omitempty"`
	Session string `cbor:"session,omitempty"`
	// Allow is what a pod may spend on the unit.
	Allow *Allowance `cbor:"allow,omitempty"`
	// Resume is what a lost pod had said of the answer.
	Resume *Resume `cbor:"resume,omitempty"`
	// Last says that the session will ask no pod for anything after this unit, as
	// far as is known: what a pod keeps of it is of no more use.
	Last bool `cbor:"last,omitempty"`
	// Score asks for no answer but how plausible one is that another pod has given:
	// the pod sends Scored, or a Fault. Only for pods that announce ScoreProfile.
	Score *Said `cbor:"score,omitempty"`
}

// Said is an answer to a unit, in full.
type Said struct {
	// Weights is the hash of the model's weights, as the first part of a class has it.
	Weights string `cbor:"weights"`
	Text    string `cbor:"text"`
	Tokens  []int  `cbor:"tokens"`
}

// ScoreProfile names what a pod announces, beside the profile itself, if it also
// scores answers to units of it.
func ScoreProfile(profile string) string { return profile + "+score" }

// Allowance bounds the tokens, read and generated, and the calls of a unit.
type Allowance struct {
	Tokens int64 `cbor:"tokens"`
	Calls  int   `cbor:"calls"`
}

// Resume is the beginning of an answer.
type Resume struct {
	Text   string `cbor:"text"`
	Tokens []int  `cbor:"tokens"`
}

// Tokens is a piece of an answer that is being made, to be shown and forgotten:
// the result alone counts. Restart says that what came before it is void. Sent by
// a pod, for a unit in hand.
type Tokens struct {
	Lease uint64 `cbor:"lease"`
	// At is how many tokens came before: a gap shows by it.
	At      int    `cbor:"at"`
	Text    string `cbor:"text"`
	Tokens  []int  `cbor:"tokens,omitempty"`
	Restart bool   `cbor:"restart,omitempty"`
}

// Scored is what a pod finds of the answer that a unit's Score has: how many of its
// tokens it has looked at, and what llmpod/scoring says of them. It is unsigned, and
// evidence for the coordinator alone. Sent by a pod, for a unit in hand.
type Scored struct {
	Lease     uint64  `cbor:"lease"`
	Positions int     `cbor:"positions"`
	Misses    int     `cbor:"misses"`
	Deviation float64 `cbor:"deviation"`
	Plausible bool    `cbor:"plausible"`
	// Sound is false if nothing can be said of it.
	Sound bool `cbor:"sound"`
}

// Results delivers one signed batch. Sent by the worker. Nothing in it is
// verified here: whoever stores a block or opens the envelope does.
type Results struct {
	// Batch is the signed envelope of CONTRACTS section 4.
	Batch []byte `cbor:"batch"`
	// Items are the deterministic halves that the batch names, each a DAG-CBOR
	// block, in the batch's order.
	Items [][]byte `cbor:"items,omitempty"`
	// Outputs are the output blocks small enough to travel along. Others are
	// fetched from the worker by CID.
	Outputs []Output `cbor:"outputs,omitempty"`
}

// Output is a block with the CID it claims.
type Output struct {
	CID  dagcbor.Link `cbor:"cid"`
	Data []byte       `cbor:"data"`
}

// Fault says why a unit was not computed: a deadline, a missing block, a node out
// of resources. It is unsigned and never a result; the unit is tried elsewhere.
// Sent by the worker.
type Fault struct {
	Lease   uint64         `cbor:"lease"`
	Code    contracts.Code `cbor:"code"`
	Message string         `cbor:"message"`
}

// Ack says that the batch is recorded durably. Sent by the coordinator.
type Ack struct {
	Seq uint64 `cbor:"seq"`
}

// Reject says that the batch will never be recorded. Sent by the coordinator.
type Reject struct {
	Seq     uint64         `cbor:"seq"`
	Code    contracts.Code `cbor:"code"`
	Message string         `cbor:"message"`
}

// Heartbeat says that its sender is alive. Sent by both sides at the Welcome's
// interval; only the worker's is filled in.
type Heartbeat struct {
	// Running are the leases in hand, queued ones too.
	Running     []uint64 `cbor:"running,omitempty"`
	LoadPercent int      `cbor:"load_percent"`
	FreeSlots   int      `cbor:"free_slots"`
	// Pause is why the worker takes no units for now, for people to read; "" while
	// it takes them. It is told in a Heartbeat at once, not at the next interval.
	Pause string `cbor:"pause,omitempty"`
	// Degraded is what is out of order with a pod that takes units all the same: one
	// of its models is not served, say.
	Degraded string `cbor:"degraded,omitempty"`
}

// Cancel asks the worker to stop executions and report nothing of them. Sent by
// the coordinator. A result that crosses it is dropped by its lease.
type Cancel struct {
	Leases []uint64 `cbor:"leases"`
}

// Drain voids all credit: nothing more is granted or assigned on this stream.
// Sent by either side before it leaves; units in hand are finished.
type Drain struct{}

// Goodbye is the last message of its sender. Recv returns it as an error.
type Goodbye struct {
	Code    contracts.Code `cbor:"code"`
	Message string         `cbor:"message"`
}

func (*Hello) frame() frameType     { return typeHello }
func (*Welcome) frame() frameType   { return typeWelcome }
func (*Refuse) frame() frameType    { return typeRefuse }
func (*Credit) frame() frameType    { return typeCredit }
func (*Assign) frame() frameType    { return typeAssign }
func (*Results) frame() frameType   { return typeResults }
func (*Ack) frame() frameType       { return typeAck }
func (*Reject) frame() frameType    { return typeReject }
func (*Heartbeat) frame() frameType { return typeHeartbeat }
func (*Cancel) frame() frameType    { return typeCancel }
func (*Drain) frame() frameType     { return typeDrain }
func (*Goodbye) frame() frameType   { return typeGoodbye }
func (*Fault) frame() frameType     { return typeFault }
func (*Tokens) frame() frameType    { return typeTokens }
func (*Scored) frame() frameType    { return typeScored }
