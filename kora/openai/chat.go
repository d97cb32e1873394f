package openai

import (
	"net/http"
	"time"

	"github.com/krako-labs/krako/kora"
	"github.com/krako-labs/krako/kora/plan"
)

type completion struct {
	ID      string   `json:"id"`
	Object  string   `json:"object"`
	Created int64    `json:"created"`
	Model   string   `json:"model"`
	Choices []choice `json:"choices"`
	Usage   *usage   `json:"usage,omitempty"`
	Krako   *krako   `json:"krako,omitempty"`
}

type choice struct {
	Index    int      `json:"index"`
	Message  *message `json:"message,omitempty"`
	Delta    *delta   `json:"delta,omitempty"`
	Logprobs *string  `json:"logprobs"` // always null
	Finish   *string  `json:"finish_reason"`
}

type message struct {
	Role    string     `json:"role"`
	Content *string    `json:"content"`
	Refusal *string    `json:"refusal"`
	Calls   []chatCall `json:"tool_calls,omitempty"`
}

type chatCall struct {
	Index    *int   `json:"index,omitempty"` // in streams only
	ID       string `json:"id"`
	Type     string `json:"type"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

type usage struct {
	In    int64 `json:"prompt_tokens"`
	Out   int64 `json:"completion_tokens"`
	Total int64 `json:"total_tokens"`
}

func usageOf(r *kora.Reply) *usage {
	in, out := tokens(r)
	return &usage{in, out, in + out}
}

// chat serves POST /v1/chat/completions.
func (s *Server) chat(w http.ResponseWriter, r *http.Request) error {
	var req chatRequest
	if err := read(w, r, &req); err != nil {
		return err
	}
	a, err := req.ask()
	if err != nil {
		return err
	}
	if req.Stream {
		return s.streamChat(w, r, a, req.Options.Usage)
	}
	reply, err := s.carry(r.Context(), a, nil)
	if err == nil {
		err = failure(reply)
	}
	if err != nil {
		return err
	}
	note := noteOf(reply)
	m := messageOf(reply, a.shape)
	w.Header().Set("Krako-Run-Id", reply.RunID)
	return writeJSON(w, completion{
		ID: "chatcmpl-" + reply.RunID, Object: "chat.completion", Created: s.opts.Now().Unix(), Model: a.model,
		Choices: []choice{{Message: &m, Finish: finish(reply, m.Calls)}}, Usage: usageOf(reply), Krako: &note,
	})
}

// messageOf is a reply as a message.
func messageOf(r *kora.Reply, s *shape) message {
	m := message{Role: "assistant"}
	if no := refusal(r); no != "" {
		m.Refusal = &no
		return m
	}
	o := s.outcome(r.Text, r.Kind == plan.Model)
	for i, c := range o.Calls {
		m.Calls = append(m.Calls, c.chat(r.RunID, i))
	}
	if len(m.Calls) == 0 {
		m.Content = &o.Content
	}
	return m
}

func (c *toolCall) chat(run string, i int) chatCall {
	out := chatCall{ID: callID(run, i), Type: "function"}
	out.Function.Name, out.Function.Arguments = c.Name, string(c.Arguments)
	return out
}

// finish is why an answer ended. A document or text that was cut off by its bound is
// seen by its count of tokens.
func finish(r *kora.Reply, calls []chatCall) *string {
	switch {
	case len(calls) > 0:
		return new("tool_calls")
	case cutOff(r):
		return new("length")
	}
	return new("stop")
}

// cutOff reports whether a model's answer is as long as it may be.
func cutOff(r *kora.Reply) bool {
	if r.Kind != plan.Model || r.Plan.Graph == nil || len(r.Plan.Graph.WorkUnits) != 1 || r.Plan.Graph.WorkUnits[0].Model == nil {
		return false
	}
	most := r.Plan.Graph.WorkUnits[0].Model.MaxTokens
	if most == 0 {
		most = 512
	}
	_, out := tokens(r)
	return out >= most
}

func (s *Server) now() time.Time { return s.opts.Now() }
