package session

import (
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
)

// Record is one fact of a session, in the order in which they happened.
type Record struct {
	At   time.Time
	Fact Fact
}

// Fact is one of Dispatched, Ended, Reused, Returned, Spent, Stopped and Closed, as
// a pointer.
type Fact interface{ fact() }

// Lease names one run of one unit. Every run has another ID.
type Lease struct {
	ID   uint64
	Unit int
}

// Dispatched begins a run. Fuel is the unit's fuel limit, reserved from the
// session's budget.
type Dispatched struct {
	Lease   Lease
	UnitCID cid.Cid
	Fuel    uint64
	// Calls is what an llm unit may take, reserved in the place of Fuel.
	Calls *dag.Calls
}

// Ended is the end of a unit for good. The lease's ID is 0 when nothing was run.
type Ended struct {
	Lease  Lease
	State  contracts.UnitState
	Reason contracts.StopReason
	Code   contracts.Code
	Detail string

	// Result is undefined, and what follows is empty, when there is none.
	Result cid.Cid
	Output *contracts.OutputRef
	Fuel   uint64
	Facts  []byte
	// Started is when the run began, zero without a result.
	Started time.Time
	Took    time.Duration
	// Model is what models did in this run, nil for a CPU unit's. It counts also
	// where there is no result.
	Model *contracts.ModelUse
	// Check is what the unit's checker found of the result, nil if it was not asked.
	Check *Check
}

// Reused ends a ready unit with the result of an equal one that was run before. It
// takes nothing of the session's budgets.
type Reused struct {
	Unit  int
	Known Known
	Facts []byte
}

// Known is a result that is known of a computation.
type Known struct {
	UnitCID, Result cid.Cid
	Output          contracts.OutputRef
	Fuel            uint64
}

// Returned ends a run that failed for a reason that may pass, and makes its unit
// ready again from NotBefore on.
type Returned struct {
	Lease     Lease
	Code      contracts.Code
	Detail    string
	NotBefore time.Time
	Model     *contracts.ModelUse
}

// Spent is what models did in a run that nobody needed any more when it ended.
type Spent struct {
	Unit  int
	Model contracts.ModelUse
}

// Stopped ends the session from outside: cancelled, past its deadline, or out
// of budget.
type Stopped struct {
	Reason contracts.StopReason
	Code   contracts.Code
	Detail string
}

// Closed is the last record.
type Closed struct{}

func (*Dispatched) fact() {}
func (*Ended) fact()      {}
func (*Reused) fact()     {}
func (*Returned) fact()   {}
func (*Spent) fact()      {}
func (*Stopped) fact()    {}
func (*Closed) fact()     {}
