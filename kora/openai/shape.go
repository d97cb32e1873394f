package openai

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/plan"
)

// tool is a function that a caller offers.
type tool struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters,omitempty"`
}

// shape is what an answer must be where it is not just text: a document under a
// schema, or calls of tools. A model is held to it by its unit's output_schema, so
// that every backend and every server of models can do it.
type shape struct {
	schema json.RawMessage
	system string // said to the model
	calls  bool   // the answer may be calls of tools
	// only says that text, which is what computing gives, is no answer.
	only bool
}

// documentShape is an answer that is one document.
func documentShape(schema json.RawMessage) *shape { return &shape{schema: schema, only: true} }

const (
	maxTools = 64
	maxCalls = 16
)

// toolShape is an answer that may call tools: choice is auto, required, or the name
// of one.
func toolShape(tools []tool, choice string, parallel bool) (*shape, error) {
	if len(tools) > maxTools {
		return nil, refuse("tools", fmt.Sprintf("has %d, at most %d", len(tools), maxTools))
	}
	var offers []string
	var one []any
	for _, t := range tools {
		if choice != "auto" && choice != "required" && choice != t.Name {
			continue
		}
		parameters := t.Parameters
		if len(parameters) == 0 || string(parameters) == "null" {
			parameters = json.RawMessage(`{"type":"object","properties":{},"additionalProperties":false}`)
		}
		if _, err := contracts.CompileSchema(contracts.JSON(parameters)); err != nil {
			return nil, refuse("tools", t.Name+": parameters are no JSON Schema: "+err.Error())
		}
		offer, _ := json.Marshal(t) // of plain values and JSON that was read
		offers = append(offers, string(offer))
		one = append(one, object(map[string]any{"name": map[string]any{"const": t.Name}, "arguments": parameters}))
	}
	if len(one) == 0 {
		return nil, refuse("tool_choice", "names no tool that is offered")
	}
	most := maxCalls
	if !parallel {
		most = 1
	}
	calls := object(map[string]any{"tool_calls": map[string]any{"type": "array", "minItems": 1, "maxItems": most, "items": map[string]any{"anyOf": one}}})
	s := &shape{calls: true, only: choice != "auto"}
	s.system = "You may call these functions:\n" + strings.Join(offers, "\n") +
		"\nTo call some, answer with {\"tool_calls\":[{\"name\":...,\"arguments\":{...}}]}."
	var schema any = calls
	if !s.only {
		s.system += " To answer without them, answer with {\"content\":\"...\"}."
		schema = map[string]any{"anyOf": []any{object(map[string]any{"content": map[string]any{"type": "string"}}), calls}}
	}
	var err error
	s.schema, err = json.Marshal(schema)
	return s, err
}

func object(properties map[string]any) map[string]any {
	required := make([]string, 0, len(properties))
	for name := range properties {
		required = append(required, name)
	}
	return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

// apply holds the model unit of a plan to the shape.
func (s *shape) apply(p *plan.Plan) error {
	if _, err := contracts.CompileSchema(contracts.JSON(s.schema)); err != nil {
		return refuse("response_format", "the schema cannot be used: "+err.Error())
	}
	schema, err := contracts.NewJSON(s.schema)
	if err != nil {
		return refuse("response_format", err.Error())
	}
	for i := range p.Graph.WorkUnits {
		u := &p.Graph.WorkUnits[i]
		if u.Type != contracts.LLM {
			continue
		}
		u.OutputSchema, u.Model.FreeText = schema, false
		if s.system != "" {
			u.Model.System = strings.TrimSpace(u.Model.System + "\n\n" + s.system)
		}
	}
	calls := int64(2) // a document that is not valid may be asked for once more
	p.Graph.Budgets.MaxLLMCalls = &calls
	id, err := p.Graph.CID()
	if err != nil {
		return err
	}
	p.CID = id.String()
	return nil
}

// toolCall is a call of a tool that a model wants.
type toolCall struct {
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
}

// outcome is an answer as content and calls.
type outcome struct {
	Content string     `json:"content"`
	Calls   []toolCall `json:"tool_calls"`
}

// outcome reads an answer that was held to the shape; computed answers are text.
func (s *shape) outcome(text string, byModel bool) outcome {
	var o outcome
	if s != nil && s.calls && byModel && json.Unmarshal([]byte(text), &o) == nil {
		return o
	}
	return outcome{Content: text}
}
