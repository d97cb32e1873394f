package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// statesDocument renders docs/spec/states.md.
func statesDocument() []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "<!-- %s -->\n\n# States\n\n", notice)
	out.WriteString(`The state machines of CONTRACTS section 6, as tables of event × state. A cell names the state that the event leads to;
a dot is a transition that does not exist: the event does not happen in that state, and code that would record it refuses.
Each transition is one event, persisted before anybody acts on it. The tables are generated from
` + "`contracts.SessionTransitions` and `contracts.UnitTransitions`" + `, which the code enforces.
`)
	section(&out, "ExecutionSession", contracts.SessionTransitions(), []contracts.SessionState{
		contracts.SessionInitialized, contracts.SessionRunning, contracts.SessionCompleted, contracts.SessionFailed, contracts.SessionCancelled,
	})
	section(&out, "WorkUnitExecution", contracts.UnitTransitions(), []contracts.UnitState{
		contracts.UnitQueued, contracts.UnitReady, contracts.UnitDispatched, contracts.UnitRunning, contracts.UnitSuccess,
		contracts.UnitFailed, contracts.UnitTimeout, contracts.UnitCancelled, contracts.UnitSkipped,
	})
	out.WriteString(`
` + "`workunit.queued`" + ` puts a unit into its first state. A retry is the only way out of a final state, and only out of ` + "`failed` and `timeout`" + `:
the attempt that ended stays ended, and the unit becomes ready for another one.
`)
	return out.Bytes()
}

type state interface {
	~string
	Final() bool
}

func section[S state](out *bytes.Buffer, title string, steps []contracts.Transition[S], states []S) {
	var final, columns []string
	for _, s := range states {
		columns = append(columns, string(s))
		if s.Final() {
			final = append(final, "`"+string(s)+"`")
		}
	}
	fmt.Fprintf(out, "\n## %s\n\nFirst: `%s`. Final: %s.\n\n", title, states[0], strings.Join(final, ", "))
	fmt.Fprintf(out, "| event | %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat(" --- |", len(columns)+1))
	for _, event := range contracts.EventTypes() {
		row := make([]string, len(states))
		for i, s := range states {
			row[i] = target(steps, s, event)
		}
		if slices.ContainsFunc(row, func(cell string) bool { return cell != "·" }) {
			fmt.Fprintf(out, "| %s | %s |\n", event, strings.Join(row, " | "))
		}
	}
}

func target[S state](steps []contracts.Transition[S], from S, event contracts.EventType) string {
	for _, t := range steps {
		if t.From == from && t.Event == event {
			return string(t.To)
		}
	}
	return "·"
}
