package dag

import (
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// inputLabel is the label of the evidence that a unit's input becomes.
const inputLabel = "input"

// ResolveModel builds the invocation of llm unit i: its model call with defaults
// filled in, and whatever its input holds, literal or bound, as evidence: text
// that other units made gives a model no orders. Errors are as Resolve's.
func (r *Run) ResolveModel(i int, src Source) (*Resolved, error) {
	w := r.plan.Unit(i)
	if w.Model == nil {
		return nil, contracts.Errorf(contracts.CodeValidation, string(w.ID), "%s unit has no model call", w.Type)
	}
	input, blobs, err := r.bind(i, src)
	if err != nil {
		return nil, err
	}
	if len(blobs) > 0 {
		return nil, contracts.Errorf(contracts.CodeValidation, string(w.ID), "an llm unit mounts no blobs")
	}
	call, err := modelCall(w)
	if err != nil {
		return nil, err
	}
	if string(input) != "{}" {
		call.Evidence = append(append([]contracts.Evidence{}, call.Evidence...), contracts.Evidence{Label: inputLabel, Text: string(input)})
	}
	if r.plan.Privacy(i) == contracts.LocalOnly {
		call.Salt = src.Salt
	}
	res := &Resolved{Model: call}
	if res.Block, err = call.Block(); err != nil {
		return nil, err
	}
	res.Unit = dagcbor.CID(res.Block)
	return res, nil
}

// modelCall fills in what a unit's model call leaves open.
func modelCall(w *contracts.WorkUnit) (*contracts.ModelInvocation, error) {
	m := w.Model
	if len(m.Tools) > 0 {
		return nil, contracts.Errorf(contracts.CodeUnsupported, string(w.ID), "tools are not supported")
	}
	call := &contracts.ModelInvocation{
		V: 1, Profile: contracts.ProfileLLM1, Operation: m.Operation, Tier: m.Tier, Name: m.Name, TopP: 1,
		Stop: m.Stop, Messages: m.Messages, Prompt: m.Prompt, System: m.System, Evidence: m.Evidence,
	}
	if m.Temperature != nil {
		call.Temperature = *m.Temperature
	}
	if m.TopP != nil {
		call.TopP = *m.TopP
	}
	if m.Seed != nil {
		call.Seed = *m.Seed
	}
	if m.Operation != contracts.Generate {
		return call, nil
	}
	call.MaxTokens = answerBound(w)
	if len(w.OutputSchema) == 0 {
		return call, nil
	}
	schema, err := contracts.NewJSON(w.OutputSchema)
	if err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, string(w.ID), "read output_schema: %w", err)
	}
	call.Schema = schema
	return call, nil
}

// answerBound is how many tokens the unit's answer may have: what it asks for,
// but never more than its own budget.
func answerBound(w *contracts.WorkUnit) int64 {
	most := w.Model.MaxTokens
	if most == 0 {
		most = contracts.DefaultMaxTokens
	}
	if k := w.Constraints; k != nil && k.BudgetTokens != nil {
		most = min(most, *k.BudgetTokens)
	}
	return max(most, 1)
}
