package openai

import (
	"encoding/json"
	"strings"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/plan"
)

// chatRequest is the body of POST /v1/chat/completions, as far as it is read.
type chatRequest struct {
	Model    string        `json:"model"`
	Messages []chatMessage `json:"messages"`
	Stream   bool          `json:"stream"`
	Options  struct {
		Usage bool `json:"include_usage"`
	} `json:"stream_options"`
	sampling
	MaxCompletion int64           `json:"max_completion_tokens"`
	MaxTokens     int64           `json:"max_tokens"`
	Stop          json.RawMessage `json:"stop"`
	N             int             `json:"n"`
	Logprobs      bool            `json:"logprobs"`
	Modalities    []string        `json:"modalities"`
	Format        *chatFormat     `json:"response_format"`
	Tools         []struct {
		Type     string `json:"type"`
		Function tool   `json:"function"`
	} `json:"tools"`
	Choice   json.RawMessage `json:"tool_choice"`
	Parallel *bool           `json:"parallel_tool_calls"`
}

// sampling is what both APIs call the same.
type sampling struct {
	Temperature *float64 `json:"temperature"`
	TopP        *float64 `json:"top_p"`
	Seed        *int64   `json:"seed"`
}

type chatMessage struct {
	Role       string          `json:"role"`
	Content    json.RawMessage `json:"content"`
	ToolCallID string          `json:"tool_call_id"`
	ToolCalls  []struct {
		ID       string `json:"id"`
		Function struct {
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
}

type chatFormat struct {
	Type   string `json:"type"`
	Schema struct {
		Schema json.RawMessage `json:"schema"`
	} `json:"json_schema"`
}

// ask reads the request.
func (c *chatRequest) ask() (*ask, error) {
	switch {
	case c.Model == "":
		return nil, refuse("model", "is missing")
	case c.N > 1:
		return nil, unsupported("n")
	case c.Logprobs:
		return nil, unsupported("logprobs")
	case len(c.Modalities) > 1 || len(c.Modalities) == 1 && c.Modalities[0] != "text":
		return nil, unsupported("modalities")
	}
	stop, err := stops(c.Stop)
	if err != nil {
		return nil, err
	}
	a := &ask{model: c.Model, Request: plan.Request{Model: contracts.ModelCall{
		Temperature: c.Temperature, TopP: c.TopP, Seed: c.Seed, Stop: stop, MaxTokens: max(c.MaxCompletion, c.MaxTokens),
	}}}
	a.Request.Seed = c.Seed
	t := talk{ask: a}
	for i := range c.Messages {
		if err := t.chat(&c.Messages[i]); err != nil {
			return nil, err
		}
	}
	if err := t.end(); err != nil {
		return nil, err
	}
	if err := c.shape(a); err != nil {
		return nil, err
	}
	return a, nil
}

// shape reads what the answer must be.
func (c *chatRequest) shape(a *ask) error {
	var tools []tool
	for _, t := range c.Tools {
		if t.Type != "function" {
			return unsupported("tools." + t.Type)
		}
		tools = append(tools, t.Function)
	}
	var format string
	var schema json.RawMessage
	if c.Format != nil {
		format, schema = c.Format.Type, c.Format.Schema.Schema
	}
	parallel := c.Parallel == nil || *c.Parallel
	var err error
	a.shape, err = shapeOf(tools, c.Choice, parallel, format, schema)
	return err
}

// shapeOf makes the shape of either API's fields. Tools that are not to be called
// are none.
func shapeOf(tools []tool, rawChoice json.RawMessage, parallel bool, format string, schema json.RawMessage) (*shape, error) {
	choice, err := choiceOf(rawChoice)
	if err != nil {
		return nil, err
	}
	if len(tools) > 0 && choice != "none" {
		return toolShape(tools, choice, parallel)
	}
	switch format {
	case "", "text":
		return nil, nil
	case "json_object":
		return documentShape(json.RawMessage(`{"type":"object"}`)), nil
	case "json_schema":
		if len(schema) == 0 {
			return nil, refuse("response_format", "has no schema")
		}
		return documentShape(schema), nil
	}
	return nil, refuse("response_format", "is of no known type")
}

// choiceOf reads tool_choice: none, auto, required, or the name of a function, which
// the two APIs put in different places.
func choiceOf(raw json.RawMessage) (string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return "auto", nil
	}
	var word string
	if json.Unmarshal(raw, &word) == nil {
		if word == "none" || word == "auto" || word == "required" {
			return word, nil
		}
		return "", refuse("tool_choice", "is none of none, auto and required")
	}
	var named struct {
		Name     string `json:"name"`
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	}
	if json.Unmarshal(raw, &named) != nil || named.Name+named.Function.Name == "" {
		return "", refuse("tool_choice", "names no function")
	}
	return named.Name + named.Function.Name, nil
}

// stops reads a stop sequence or a list of them.
func stops(raw json.RawMessage) ([]string, error) {
	var one string
	var all []string
	switch {
	case len(raw) == 0 || string(raw) == "null":
	case json.Unmarshal(raw, &one) == nil:
		all = []string{one}
	case json.Unmarshal(raw, &all) != nil:
		return nil, refuse("stop", "is neither a text nor a list of them")
	}
	return all, nil
}

// textOf reads content: a text, or parts of which only text is understood.
func textOf(raw json.RawMessage) (string, error) {
	var text string
	if len(raw) == 0 || json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	var parts []struct {
		Type    string `json:"type"`
		Text    string `json:"text"`
		Refusal string `json:"refusal"`
	}
	if json.Unmarshal(raw, &parts) != nil {
		return "", refuse("content", "is neither a text nor a list of parts")
	}
	var all []string
	for _, p := range parts {
		switch p.Type {
		case "text", "input_text", "output_text":
			all = append(all, p.Text)
		case "refusal":
			all = append(all, p.Refusal)
		default:
			return "", unsupported("content." + p.Type)
		}
	}
	return strings.Join(all, "\n"), nil
}
