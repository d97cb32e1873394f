package plan

import (
	"encoding/json"
	"fmt"

	"github.com/krako-labs/krako/contracts"
)

// step is one unit that a reading calls for.
type step struct {
	// task is its name in the catalogue and input what it takes, without what
	// binds add.
	task  string
	kind  contracts.UnitType // deterministic if empty
	input map[string]any
	// from are steps whose outputs it takes.
	from  []feed
	blobs map[string]contracts.Link
	// answer is a Mustache template over the step's output, as out.
	answer string
	// reading says in words what was understood.
	reading string
}

// feed puts a part of an earlier step's output into a step's input.
type feed struct {
	step      int // index among the steps of the plan
	selection string
	to        string
}

// reading is one way to understand a clause: the steps that answer it, the last
// of which has the answer.
type reading struct {
	parser string
	steps  []step
}

// key identifies what a reading computes: two with the same key are the same
// reading, whichever grammar found it.
func (r *reading) key() string {
	var all []any
	for _, s := range r.steps {
		all = append(all, s.task, s.input, s.answer, fmt.Sprint(s.from), s.blobs)
	}
	b, err := json.Marshal(all)
	if err != nil {
		panic(fmt.Sprintf("plan: input of %s: %v", r.parser, err)) // inputs are made here of plain values
	}
	return string(b)
}

// one is a reading of a single step.
func one(s step) ([]step, bool) { return []step{s}, true }
