package openai

import (
	"context"
	"strings"
	"sync"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora"
)

// response is one run as OpenAI's responses API shows it: an object that changes,
// and the events that say how. Safe for concurrent use.
type response struct {
	id         string
	created    int64
	background bool
	request    *responseRequest
	cancel     context.CancelFunc
	over       chan struct{} // closed when nothing changes any more

	mu     sync.Mutex
	status string
	output []any
	failed *apiError
	cut    bool
	reply  *kora.Reply
	events []event
	more   chan struct{} // closed when there are more events, and replaced
	// turns are the conversation with its answer, for a response that goes on.
	turns []contracts.Message
}

// event is one of the typed events of a response.
type event struct {
	name string
	data map[string]any
}

// States of a response.
const (
	inProgress = "in_progress"
	completed  = "completed"
	incomplete = "incomplete"
	failed     = "failed"
	cancelled  = "cancelled"
)

// tell adds an event with the next sequence number. r.mu must be held.
func (r *response) tell(name string, data map[string]any) {
	data["type"], data["sequence_number"] = name, len(r.events)
	r.events = append(r.events, event{name, data})
	close(r.more)
	r.more = make(chan struct{})
}

// after returns the events from the n-th on, and what is closed when there are more.
func (r *response) after(n int) ([]event, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n = min(n, len(r.events))
	return r.events[n:len(r.events):len(r.events)], r.more
}

// object is the response as it is now.
func (r *response) object() map[string]any {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.snapshot()
}

func (r *response) snapshot() map[string]any {
	q := r.request
	o := map[string]any{
		"id": r.id, "object": "response", "created_at": r.created, "status": r.status, "background": r.background, "model": q.Model,
		"output": append([]any{}, r.output...), "error": nil, "incomplete_details": nil, "instructions": nil, "metadata": map[string]any{},
		"parallel_tool_calls": q.Parallel == nil || *q.Parallel, "previous_response_id": nil, "store": q.Store == nil || *q.Store,
		"temperature": q.Temperature, "top_p": q.TopP, "max_output_tokens": nil, "tools": []any{}, "tool_choice": "auto", "truncation": "disabled",
		"text": map[string]any{"format": map[string]any{"type": "text"}}, "usage": nil,
	}
	if q.Instructions != "" {
		o["instructions"] = q.Instructions
	}
	if q.Previous != "" {
		o["previous_response_id"] = q.Previous
	}
	if q.Metadata != nil {
		o["metadata"] = q.Metadata
	}
	if q.MaxTokens > 0 {
		o["max_output_tokens"] = q.MaxTokens
	}
	if r.failed != nil {
		o["error"] = map[string]any{"code": serverError, "message": r.failed.message}
	}
	if r.cut {
		o["incomplete_details"] = map[string]any{"reason": "max_output_tokens"}
	}
	if r.reply != nil {
		in, out := tokens(r.reply)
		o["usage"] = map[string]any{
			"input_tokens": in, "input_tokens_details": map[string]any{"cached_tokens": 0},
			"output_tokens": out, "output_tokens_details": map[string]any{"reasoning_tokens": 0}, "total_tokens": in + out,
		}
		o["krako"] = noteOf(r.reply)
	}
	return o
}

// begin tells of the beginning.
func (r *response) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tell("response.created", map[string]any{"response": r.snapshot()})
	r.tell("response.in_progress", map[string]any{"response": r.snapshot()})
}

// itemID names the n-th item of the output.
func (r *response) itemID(kind string, n int) string {
	return kind + strings.TrimPrefix(r.id, "resp") + "_" + string(rune('0'+n%10))
}

// openMessage tells that text comes.
func (r *response) openMessage(part map[string]any) {
	id := r.itemID("msg", 0)
	r.tell("response.output_item.added", map[string]any{"output_index": 0, "item": messageItem(id, inProgress, nil)})
	r.tell("response.content_part.added", map[string]any{"output_index": 0, "content_index": 0, "item_id": id, "part": part})
}

// say tells a piece of text, which open says is the first.
func (r *response) say(text string, open bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if open {
		r.openMessage(textPart(""))
	}
	r.tell("response.output_text.delta", map[string]any{"output_index": 0, "content_index": 0, "item_id": r.itemID("msg", 0), "delta": text, "logprobs": []any{}})
}

func messageItem(id, status string, parts []any) map[string]any {
	return map[string]any{"type": "message", "id": id, "status": status, "role": "assistant", "content": append([]any{}, parts...)}
}

func textPart(text string) map[string]any {
	return map[string]any{"type": "output_text", "text": text, "annotations": []any{}, "logprobs": []any{}}
}

// closeMessage tells that a message is whole. The text was told already.
func (r *response) closeMessage(part map[string]any) {
	id := r.itemID("msg", 0)
	at := func(more map[string]any) map[string]any {
		more["output_index"], more["content_index"], more["item_id"] = 0, 0, id
		return more
	}
	if text, ok := part["text"]; ok {
		r.tell("response.output_text.done", at(map[string]any{"text": text, "logprobs": []any{}}))
	} else {
		r.tell("response.refusal.done", at(map[string]any{"refusal": part["refusal"]}))
	}
	r.tell("response.content_part.done", at(map[string]any{"part": part}))
	whole := messageItem(id, completed, []any{part})
	r.tell("response.output_item.done", map[string]any{"output_index": 0, "item": whole})
	r.output = append(r.output, whole)
}

// refuse tells a refusal.
func (r *response) refuse(why string) {
	part := map[string]any{"type": "refusal", "refusal": why}
	r.openMessage(map[string]any{"type": "refusal", "refusal": ""})
	r.tell("response.refusal.delta", map[string]any{"output_index": 0, "content_index": 0, "item_id": r.itemID("msg", 0), "delta": why})
	r.closeMessage(part)
}

// call tells a call of a tool.
func (r *response) call(n int, c *toolCall) {
	id := r.itemID("fc", n)
	it := map[string]any{"type": "function_call", "id": id, "call_id": callID(r.reply.RunID, n), "name": c.Name, "arguments": "", "status": inProgress}
	r.tell("response.output_item.added", map[string]any{"output_index": n, "item": it})
	r.tell("response.function_call_arguments.delta", map[string]any{"output_index": n, "item_id": id, "delta": string(c.Arguments)})
	r.tell("response.function_call_arguments.done", map[string]any{"output_index": n, "item_id": id, "name": c.Name, "arguments": string(c.Arguments)})
	done := map[string]any{"type": "function_call", "id": id, "call_id": it["call_id"], "name": c.Name, "arguments": string(c.Arguments), "status": completed}
	r.tell("response.output_item.done", map[string]any{"output_index": n, "item": done})
	r.output = append(r.output, done)
}

// end tells the end: the status, and the whole object.
func (r *response) end(status string, err *apiError) {
	r.status, r.failed = status, err
	name := "response." + status
	if status == cancelled {
		name = "response.failed" // there is no event of its own
	}
	r.tell(name, map[string]any{"response": r.snapshot()})
}
