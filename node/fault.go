package node

import (
	"errors"
	"strings"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/p2p"
)

// maxNote bounds the message of a fault, in bytes.
const maxNote = 1 << 10

// Why units in hand end before their time. CANCELLED gives a unit back: that it
// has not ended is not its doing, and it is run elsewhere.
var (
	errCancelled = contracts.Errorf(contracts.CodeCancelled, "", "cancelled by the coordinator")
	errLeaving   = contracts.Errorf(contracts.CodeCancelled, "", "the node stops before the unit has ended")
	errPaused    = contracts.Errorf(contracts.CodeCancelled, "", "the node is paused")
)

// faultOf makes the fault of an execution that ended with err. What err says is
// told only if it was made to cross processes. A fault never has a code that a
// computation can end with: err came from this machine or from the way here.
func faultOf(lease uint64, err error) *p2p.Fault {
	f := &p2p.Fault{Lease: lease, Code: contracts.CodeInternal, Message: "internal error"}
	if e, ok := errors.AsType[*contracts.Error](err); ok {
		f.Code, f.Message = e.Code, e.Message
		if e.Offender != "" {
			f.Message = e.Offender + ": " + e.Message
		}
	}
	switch {
	case errors.Is(err, p2p.ErrBlockTampered):
		f.Code = contracts.CodeNetwork
	case f.Code.Deterministic():
		f.Code = contracts.CodeInternal
	}
	f.Message = strings.ToValidUTF8(f.Message[:min(len(f.Message), maxNote)], "")
	return f
}
