package ir

import (
	"errors"

	"github.com/krako-labs/krako/contracts"
)

// errCycle is what a document whose tasks wait for each other is refused by.
var errCycle = errors.New("stands on a cycle of dependencies")

// Refusal tells in upstream's words why a document cannot run: err is Decode's,
// Order's or Import's. Tasks that wait for each other are found by upstream's
// scheduler, all else before.
func Refusal(err error) *Report {
	f := &Failure{Type: "INVALID_TASK", Stage: "IR", Details: err.Error()}
	if errors.Is(err, errCycle) {
		f.Type, f.Stage = "DAG_INVALID", "SCHEDULER"
	}
	if e, ok := errors.AsType[*contracts.Error](err); ok {
		f.TaskID, f.Details = e.Offender, e.Message
	}
	return &Report{Order: []string{}, Events: []Event{}, Error: f}
}
