package localbackend

import (
	"errors"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// Why a run ends before its time.
var (
	errNotNeeded  = contracts.Errorf(contracts.CodeCancelled, "", "nobody needs the result any more")
	errRunTimeout = contracts.Errorf(contracts.CodeTimeout, "", "the run took too long")
)

// blame turns what went wrong before there was a result into the code and the
// words of a unit's end. What err says is told only if it was made to be, and
// never under a code that a computation itself can end with.
func (b *Backend) blame(err error) (contracts.Code, string) {
	e, ok := errors.AsType[*contracts.Error](err)
	if !ok {
		b.opts.Log.Error("unit cannot be run", "error", err)
		return contracts.CodeInternal, "internal error"
	}
	code, text := e.Code, e.Message
	if e.Offender != "" {
		text = e.Offender + ": " + text
	}
	if code.Deterministic() {
		code = contracts.CodeInternal
	}
	return code, strings.ToValidUTF8(text[:min(len(text), maxDetail)], "")
}

// maxDetail bounds the words about one failure, in bytes.
const maxDetail = 1 << 10
