package openai

import (
	"encoding/json"
	"strings"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/plan"
)

// talk gathers a conversation: system's words, turns, and the last, which is the
// question.
type talk struct {
	ask    *ask
	system []string
	turns  []contracts.Message
	result bool // the last turn is what a tool gave
}

const maxTurns = 2000

func (t *talk) add(role, text string) {
	t.turns = append(t.turns, contracts.Message{Role: role, Content: text})
	t.result = false
}

// chat adds a message of the chat API.
func (t *talk) chat(m *chatMessage) error {
	text, err := textOf(m.Content)
	if err != nil {
		return err
	}
	switch m.Role {
	case "system", "developer":
		t.system = append(t.system, text)
	case "user":
		t.add("user", text)
	case "assistant":
		for _, c := range m.ToolCalls {
			text += called(c.ID, c.Function.Name, c.Function.Arguments)
		}
		t.add("assistant", text)
	case "tool", "function":
		t.toolResult(m.ToolCallID, text)
	default:
		return refuse("messages.role", "is of no known kind")
	}
	return nil
}

// called is a past call of a tool as text, for templates that know none.
func called(id, name, arguments string) string {
	call, _ := json.Marshal(map[string]any{"tool_calls": []any{map[string]any{"id": id, "name": name, "arguments": json.RawMessage(orObject(arguments))}}})
	return string(call)
}

func orObject(s string) string {
	if json.Valid([]byte(s)) {
		return s
	}
	return "{}"
}

// toolResult adds what a tool gave.
func (t *talk) toolResult(id, text string) {
	t.add("user", "Result of call "+id+":\n"+text)
	t.result = true
}

// end makes the last turn the question.
func (t *talk) end() error {
	n := len(t.turns)
	switch {
	case n == 0:
		return refuse("messages", "has no message of a user")
	case n > maxTurns:
		return refuse("messages", "has too many messages")
	case t.turns[n-1].Role != "user":
		return refuse("messages", "must end with a message of a user or a tool")
	}
	t.ask.Message = t.turns[n-1].Content
	t.ask.Request.Model.Messages = t.turns[:n-1]
	t.ask.Request.Model.System = strings.Join(t.system, "\n\n")
	if t.result {
		t.ask.Models = plan.ModelOnly // it is no question
	}
	return nil
}
