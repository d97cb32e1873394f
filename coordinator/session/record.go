package session

import (
	"fmt"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// Record is one fact of the log. Exactly one of the pointers is set. Facts of
// the fabric as a whole have no Session.
type Record struct {
	// At is when it happened, in microseconds since 1970-01-01 UTC.
	At      int64               `cbor:"at"`
	Session contracts.SessionID `cbor:"s,omitempty"`

	Boot  *Boot  `cbor:"boot,omitempty"`
	Node  *Node  `cbor:"node,omitempty"`
	Batch *Batch `cbor:"b,omitempty"`
	Mode  *Mode  `cbor:"mode,omitempty"`
	// Access is a fact of package access, encoded: no session's business.
	Access []byte `cbor:"ax,omitempty"`
	// Credit is a fact of package credit, encoded.
	Credit []byte `cbor:"cr,omitempty"`
	// Capacity is a fact of package capacity, encoded.
	Capacity []byte `cbor:"ca,omitempty"`
	// Survey sums the log up to some point before it.
	Survey *Survey `cbor:"sv,omitempty"`

	Accepted   *Accepted   `cbor:"acc,omitempty"`
	Dispatched *Dispatched `cbor:"d,omitempty"`
	Ended      *Ended      `cbor:"e,omitempty"`
	Returned   *Returned   `cbor:"r,omitempty"`
	Stopped    *Stopped    `cbor:"stop,omitempty"`
	Closed     *Closed     `cbor:"c,omitempty"`

	// The facts of verification: Held of a session or, for a copy, of none; Superseded
	// of a session; the others of none.
	Held       *Held       `cbor:"h,omitempty"`
	Superseded *Superseded `cbor:"sup,omitempty"`
	Copied     *Copied     `cbor:"cp,omitempty"`
	Standing   *Standing   `cbor:"std,omitempty"`
	Marked     *Marked     `cbor:"mk,omitempty"`
	Checked    *Checked    `cbor:"ckd,omitempty"`

	// Rechecked is what a second pod's answer says of a first one's.
	Rechecked *Rechecked `cbor:"rck,omitempty"`
}

// Boot is the start of a coordinator: it opens a new epoch, so that no lease
// id is ever given twice.
type Boot struct {
	Epoch   uint64 `cbor:"epoch"`
	Version string `cbor:"v"`
}

// Node is a node that registered, or one that is gone when Reason is set; with
// Degraded a pod that is there and is not all that it said it is.
type Node struct {
	Info     contracts.NodeInfo `cbor:"info"`
	Degraded bool               `cbor:"dg,omitempty"`
}

// Mode is a change of how many graphs are let in.
type Mode struct {
	Admission string `cbor:"adm"`
	// Pressure is what is open as a share of what may be.
	Pressure float64 `cbor:"p"`
}

// Batch is an accepted result batch: its number is used up for good.
type Batch struct {
	Node contracts.NodeID `cbor:"n"`
	Seq  uint64           `cbor:"seq"`
	CID  contracts.Link   `cbor:"cid"`
}

// Survey names the block that sums up the log's first At records, and carries the
// signed checkpoint of the Merkle tree over them. It decides nothing: a log without
// it folds to the same state.
type Survey struct {
	At         uint64         `cbor:"at"`
	CID        contracts.Link `cbor:"cid"`
	Checkpoint []byte         `cbor:"cp,omitempty"`
	// Docket is the newest snapshot of what is not final, undefined if nothing ever
	// was. It says itself which records it sums up.
	Docket contracts.Link `cbor:"dk,omitempty"`
}

// Accepted opens a session. The graph itself is a block.
type Accepted struct {
	Graph     contracts.Link     `cbor:"graph"`
	Tenant    contracts.TenantID `cbor:"tenant"`
	GraphID   string             `cbor:"gid"`
	RequestID string             `cbor:"rid"`
	Trace     string             `cbor:"trace,omitempty"`
	// Tasks is what each catalogue name of the graph resolved to.
	Tasks map[string]Task `cbor:"tasks,omitempty"`
	// Fuel and Tokens are what the tenant's quota leaves the session, nil if there is
	// none.
	Fuel   *uint64 `cbor:"fuel,omitempty"`
	Tokens *uint64 `cbor:"tok,omitempty"`
	// Prices is the version of the price plan that its units are charged by, "" where
	// nothing costs anything, and Cost what is promised to them, in millionths.
	Prices string `cbor:"pl,omitempty"`
	Cost   int64  `cbor:"mc,omitempty"`
}

// Task is a catalogue name resolved once, at admission.
type Task struct {
	Module contracts.Link `cbor:"m"`
	Entry  string         `cbor:"e,omitempty"`
}

// Dispatched gives a unit to a node under a lease.
type Dispatched struct {
	Unit     int              `cbor:"u"`
	Attempt  uint32           `cbor:"a"`
	Node     contracts.NodeID `cbor:"n"`
	Lease    uint64           `cbor:"l"`
	Epoch    uint64           `cbor:"ep"`
	UnitCID  contracts.Link   `cbor:"cid"`
	Eligible int              `cbor:"el"`
	Score    float64          `cbor:"sc"`
	// Fuel is the unit's fuel limit, reserved from the session's budget.
	Fuel uint64 `cbor:"f"`
	// Calls is what an llm unit may take, reserved from the session's budgets.
	Calls *dag.Calls `cbor:"mc,omitempty"`
	// Replica is the execution's index: 0 for the unit's own, 1 for a copy that runs
	// beside it. Beside is then the lease of the other one, Why the reason.
	Replica uint32 `cbor:"x,omitempty"`
	Beside  uint64 `cbor:"bs,omitempty"`
	Why     string `cbor:"why,omitempty"`
	// Hold is the credit that is set aside for a model call, a decimal.
	Hold string `cbor:"h,omitempty"`
}

// Ended is the end of a unit for good. Lease is 0 when nobody ran it for this
// session: By is then set if the result was known, and names who computed it.
type Ended struct {
	Unit   int                  `cbor:"u"`
	State  contracts.UnitState  `cbor:"st"`
	Reason contracts.StopReason `cbor:"re"`
	Code   contracts.Code       `cbor:"code,omitempty"`
	Detail string               `cbor:"det,omitempty"`

	Lease     uint64         `cbor:"l,omitempty"`
	Result    contracts.Link `cbor:"res,omitempty"`
	Batch     contracts.Link `cbor:"b,omitempty"`
	Index     int            `cbor:"i,omitempty"`
	Output    contracts.Link `cbor:"out,omitempty"`
	MediaType string         `cbor:"mt,omitempty"`
	Bytes     uint64         `cbor:"n,omitempty"`
	Fuel      uint64         `cbor:"f,omitempty"`
	Facts     []byte         `cbor:"fa,omitempty"`
	// Started is when the node says it began, in microseconds.
	Started    int64  `cbor:"t0,omitempty"`
	DurationUS uint64 `cbor:"us,omitempty"`
	// Model is what a model did for it.
	Model *contracts.ModelUse `cbor:"mu,omitempty"`
	// By and UnitCID are set for a result that was known before.
	By      contracts.NodeID `cbor:"by,omitempty"`
	UnitCID contracts.Link   `cbor:"cid,omitempty"`
	// Node is who computed the result if it is not the node of the lease, Check the
	// offset of the Held that the result was released from; 0 if it was used at once.
	Node  contracts.NodeID `cbor:"nd,omitempty"`
	Check uint64           `cbor:"ck,omitempty"`
	// Dropped is set when there was an attempt left and the tenant had no retry left.
	Dropped bool `cbor:"dr,omitempty"`
	// Checked is what the unit's checker found of the result, nil if it was not asked.
	Checked *Check `cbor:"ckr,omitempty"`
	// Public is set when all that the unit was computed from was public when it was given
	// out: the result may be used again by every tenant.
	Public bool `cbor:"pub,omitempty"`
}

// Returned makes a unit ready again, not before the given time: its lease was
// lost, or its attempt failed and there is another.
type Returned struct {
	Unit  int    `cbor:"u"`
	Lease uint64 `cbor:"l"`
	// Lost tells a lost lease from a failed attempt: a loss says nothing about
	// the unit and does not use up an attempt.
	Lost      bool           `cbor:"lost,omitempty"`
	Code      contracts.Code `cbor:"code,omitempty"`
	Reason    string         `cbor:"re,omitempty"`
	NotBefore int64          `cbor:"nb"`
	// GoesOn is set when another execution of the unit is out: the unit is not ready
	// again then.
	GoesOn bool `cbor:"on,omitempty"`
}

// Stopped ends a session from outside: cancelled, past its deadline, or out of
// budget.
type Stopped struct {
	Reason contracts.StopReason `cbor:"re"`
	Code   contracts.Code       `cbor:"code"`
	Detail string               `cbor:"det,omitempty"`
}

// Closed is the last record of a session. Result is the ExecutionResult, as a
// block.
type Closed struct {
	State  contracts.SessionState `cbor:"st"`
	Reason contracts.StopReason   `cbor:"re"`
	Result contracts.Link         `cbor:"res"`
	Units  contracts.UnitCounts   `cbor:"n"`
	// Cost is what its units have cost, in millionths.
	Cost int64 `cbor:"mc,omitempty"`
}

// Time returns the record's time.
func (r *Record) Time() time.Time { return time.UnixMicro(r.At).UTC() }

// Encode returns the record's bytes for the log.
func (r *Record) Encode() ([]byte, error) { return r.AppendEncoded(make([]byte, 0, 448)) }

// AppendEncoded appends what Encode returns to b.
func (r *Record) AppendEncoded(b []byte) ([]byte, error) {
	if out, ok := r.appendHot(b); ok {
		return out, nil
	}
	encoded, err := dagcbor.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode record: %w", err)
	}
	return append(b, encoded...), nil
}

// DecodeRecord reads a record of the log.
func DecodeRecord(b []byte) (Record, error) {
	if r, ok := decodeHot(b); ok {
		return r, nil
	}
	var r Record
	if err := dagcbor.Unmarshal(b, &r); err != nil {
		return Record{}, contracts.Errorf(contracts.CodeInternal, "log record", "decode: %w", err)
	}
	set := 0
	for _, ok := range []bool{r.Boot != nil, r.Node != nil, r.Batch != nil, r.Mode != nil, r.Survey != nil, r.Access != nil, r.Credit != nil, r.Capacity != nil, r.Held != nil, r.Superseded != nil, r.Copied != nil, r.Standing != nil, r.Rechecked != nil, r.Marked != nil, r.Checked != nil, r.Accepted != nil, r.Dispatched != nil, r.Ended != nil, r.Returned != nil, r.Stopped != nil, r.Closed != nil} {
		if ok {
			set++
		}
	}
	if set != 1 {
		return Record{}, contracts.Errorf(contracts.CodeInternal, "log record", "holds %d facts, not one", set)
	}
	return r, nil
}
