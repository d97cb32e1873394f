package openai

import (
	"encoding/json"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/plan"
)

// responseRequest is the body of POST /v1/responses, as far as it is read.
type responseRequest struct {
	Model        string          `json:"model"`
	Input        json.RawMessage `json:"input"`
	Instructions string          `json:"instructions"`
	Previous     string          `json:"previous_response_id"`
	Stream       bool            `json:"stream"`
	Background   bool            `json:"background"`
	Store        *bool           `json:"store"`
	Metadata     map[string]any  `json:"metadata"`
	sampling
	MaxTokens int64 `json:"max_output_tokens"`
	Text      struct {
		Format *struct {
			Type   string          `json:"type"`
			Schema json.RawMessage `json:"schema"`
		} `json:"format"`
	} `json:"text"`
	Tools []struct {
		Type string `json:"type"`
		tool
	} `json:"tools"`
	Choice   json.RawMessage `json:"tool_choice"`
	Parallel *bool           `json:"parallel_tool_calls"`
}

// item is one element of a conversation in this API.
type item struct {
	Type      string          `json:"type"`
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content"`
	CallID    string          `json:"call_id"`
	Name      string          `json:"name"`
	Arguments string          `json:"arguments"`
	Output    json.RawMessage `json:"output"`
}

// ask reads the request; before is the conversation that it goes on with.
func (q *responseRequest) ask(before []contracts.Message) (*ask, error) {
	if q.Model == "" {
		return nil, refuse("model", "is missing")
	}
	a := &ask{model: q.Model, Request: plan.Request{Model: contracts.ModelCall{
		Temperature: q.Temperature, TopP: q.TopP, Seed: q.Seed, MaxTokens: q.MaxTokens,
	}}}
	a.Request.Seed = q.Seed
	t := talk{ask: a, turns: append([]contracts.Message{}, before...)}
	if q.Instructions != "" {
		t.system = []string{q.Instructions}
	}
	if err := q.read(&t); err != nil {
		return nil, err
	}
	if err := t.end(); err != nil {
		return nil, err
	}
	var tools []tool
	for _, o := range q.Tools {
		if o.Type != "function" {
			return nil, unsupported("tools." + o.Type)
		}
		tools = append(tools, o.tool)
	}
	var format string
	var schema json.RawMessage
	if q.Text.Format != nil {
		format, schema = q.Text.Format.Type, q.Text.Format.Schema
	}
	var err error
	a.shape, err = shapeOf(tools, q.Choice, q.Parallel == nil || *q.Parallel, format, schema)
	return a, err
}

// read adds the input to a conversation.
func (q *responseRequest) read(t *talk) error {
	var text string
	if json.Unmarshal(q.Input, &text) == nil {
		t.add("user", text)
		return nil
	}
	var items []item
	if json.Unmarshal(q.Input, &items) != nil {
		return refuse("input", "is neither a text nor a list of items")
	}
	for i := range items {
		if err := t.item(&items[i]); err != nil {
			return err
		}
	}
	return nil
}

func (t *talk) item(i *item) error {
	switch i.Type {
	case "", "message":
		return t.chat(&chatMessage{Role: i.Role, Content: i.Content})
	case "function_call":
		t.add("assistant", called(i.CallID, i.Name, i.Arguments))
	case "function_call_output":
		text, err := textOf(i.Output)
		if err != nil {
			return err
		}
		t.toolResult(i.CallID, text)
	case "reasoning": // a model's notes to itself
	default:
		return unsupported("input." + i.Type)
	}
	return nil
}
