package kora

import (
	"github.com/krako-labs/krako/contracts"
)

// stages are KORA's semantic stages by the events that tell them (CONTRACTS section 7),
// on every backend. An event that is not here tells of none: of waiting, of places, of
// accounts.
var stages = map[contracts.EventType][]contracts.Stage{
	contracts.EventSessionStarted: {contracts.StageTaskConstructed, contracts.StageDAGValidated},
	contracts.EventUnitStarted:    {contracts.StageDeterministic}, // or what begin says
	contracts.EventLLMStarted:     {contracts.StageModelInvocation},
	contracts.EventUnitValidated:  {contracts.StageSchemaValidation},
	contracts.EventUnitCompleted:  {contracts.StageTaskCompleted},
	contracts.EventUnitCached:     {contracts.StageTaskCompleted},
	contracts.EventUnitFailed:     {contracts.StageTaskFailed},
	contracts.EventUnitTimeout:    {contracts.StageTaskFailed},
}

// Stages tells the events of one execution, in their order, in KORA's stages. It is not
// safe for concurrent use.
type Stages struct {
	model, aggregates map[contracts.UnitID]bool
	begun             map[contracts.UnitID]bool
}

// NewStages tells the events of an execution of a graph.
func NewStages(g *contracts.TaskGraph) *Stages {
	s := &Stages{model: map[contracts.UnitID]bool{}, aggregates: map[contracts.UnitID]bool{}, begun: map[contracts.UnitID]bool{}}
	final := map[contracts.UnitID]bool{}
	for _, f := range g.Outputs.Final {
		final[f.WorkUnitID] = true
	}
	for i := range g.WorkUnits {
		u := &g.WorkUnits[i]
		s.model[u.ID] = u.Type == contracts.LLM
		// What puts the outputs of several units together for the answer.
		s.aggregates[u.ID] = final[u.ID] && u.Type.CPU() && len(u.Bind) > 1
	}
	return s
}

// Of returns the stages that begin, or end, with an event, none for most. Copies that
// check another's result are executions of the backend's own, and tell of none.
func (s *Stages) Of(e *contracts.Event) []contracts.Stage {
	if e.Replica() > 0 {
		return nil
	}
	unit := contracts.UnitID(e.Subject)
	switch e.Type {
	case contracts.EventUnitStarted:
		return s.begin(unit)
	case contracts.EventUnitValidated, contracts.EventUnitCached:
		// A result that was known stands for the run that it came of.
		if !s.begun[unit] {
			return append(s.begin(unit), stages[e.Type]...)
		}
	case contracts.EventUnitRetried:
		delete(s.begun, unit)
	}
	return stages[e.Type]
}

// begin is the stage that a unit's run is. A model's invocation tells it itself.
func (s *Stages) begin(unit contracts.UnitID) []contracts.Stage {
	s.begun[unit] = true
	switch {
	case s.model[unit]:
		return nil
	case s.aggregates[unit]:
		return []contracts.Stage{contracts.StageAggregation}
	}
	return []contracts.Stage{contracts.StageDeterministic}
}
