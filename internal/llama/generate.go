package llama

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama/wire"
)

// Request is one generation.
type Request struct {
	// Prompt is what the model reads, as token ids.
	Prompt []int
	// Text is that in Prompt's place: the server makes tokens of it, of names of
	// control tokens these tokens.
	Text string
	// Slot is the slot that the caller owns, counted from 0. A server takes one
	// that it does not have for another: the number in Completion tells.
	Slot int
	// MaxTokens bounds the tokens generated, at least 1.
	MaxTokens int
	// Temperature 0 is greedy; TopP 0 is 1.
	Temperature, TopP float64
	Seed              int64
	Stop              []string
	// Schema constrains the output to a JSON document of this JSON Schema.
	Schema json.RawMessage
	// Reuse lets the server start from what the slot holds of the prompt.
	Reuse bool
	// FirstToken and NextToken bound the wait for the first token and between
	// tokens; 0 does not.
	FirstToken, NextToken time.Duration
}

// Piece is what came with one event of a stream: some text, and the tokens that
// it stands for. A character may span tokens, so that text can lag behind.
type Piece struct {
	Text   string
	Tokens []int
	// Missing is how many tokens before these the server has generated and will never
	// name: it names none whose text it holds back, because it may be the beginning of
	// a character or of a stop sequence. Nobody can go on from such tokens.
	Missing int
}

// Stop is why a generation ended.
type Stop string

// The ends of a generation.
const (
	StopEnd   Stop = "eos"   // the model ended its turn
	StopLimit Stop = "limit" // MaxTokens, or the context was full
	StopWord  Stop = "word"  // a stop sequence, which is not part of the text
)

// Completion is a generation as far as it came.
type Completion struct {
	Text   string
	Tokens []int
	Stop   Stop
	// Slot is the slot that the server used, -1 until it has said so.
	Slot int
	// Missing is how many of the generated tokens are not among Tokens, as far as the
	// server has said.
	Missing int
	// PromptTokens, CachedTokens and OutputTokens are the server's counts: read,
	// of those taken from the slot, and generated.
	PromptTokens, CachedTokens, OutputTokens int
	// PromptTime and OutputTime are the server's own times.
	PromptTime, OutputTime time.Duration
}

// generation is the body of POST /completion: every field that Krako sends.
type generation struct {
	Prompt      any             `json:"prompt"` // []int or string
	Slot        int             `json:"id_slot"`
	MaxTokens   int             `json:"n_predict"`
	Temperature float64         `json:"temperature"`
	TopP        float64         `json:"top_p"`
	TopK        int             `json:"top_k"`
	MinP        float64         `json:"min_p"`
	Seed        uint32          `json:"seed"`
	Stop        []string        `json:"stop"`
	Schema      json.RawMessage `json:"json_schema,omitempty"`
	Reuse       bool            `json:"cache_prompt"`
	Stream      bool            `json:"stream"`
	Tokens      bool            `json:"return_tokens"`
}

func (r *Request) body() generation {
	g := generation{
		Prompt: r.Prompt, Slot: r.Slot, MaxTokens: max(r.MaxTokens, 1), Temperature: r.Temperature, TopP: r.TopP,
		Seed: seed(r.Seed), Stop: append([]string{}, r.Stop...), Schema: r.Schema, Reuse: r.Reuse, Stream: true, Tokens: true,
	}
	if r.Text != "" {
		g.Prompt = r.Text
	}
	if g.TopP == 0 {
		g.TopP = 1
	}
	return g
}

// seed folds a seed into what the server takes; its greatest value would mean a
// random one.
func seed(s int64) uint32 {
	const random = 1<<32 - 1
	return uint32(uint64(s)^uint64(s)>>32) % random
}

// event is one event of the stream; the last has Stop set.
type event struct {
	Content      string `json:"content"`
	Tokens       []int  `json:"tokens"`
	Stop         bool   `json:"stop"`
	Slot         int    `json:"id_slot"`
	StopType     Stop   `json:"stop_type"`
	Predicted    int    `json:"tokens_predicted"`
	Evaluated    int    `json:"tokens_evaluated"`
	Timings      *times `json:"timings"`
	refusalField        // an error in the middle of a stream
}

type refusalField struct {
	Error json.RawMessage `json:"error"`
}

type times struct {
	Cached      int     `json:"cache_n"`
	PromptMS    float64 `json:"prompt_ms"`
	PredictedMS float64 `json:"predicted_ms"`
}

// Generate streams one generation. emit is called with each piece as it comes,
// not concurrently, and an error of it ends the stream, as the end of ctx does:
// either frees the slot. What was generated until then is returned with the
// error.
func (c *Client) Generate(ctx context.Context, r Request, emit func(Piece) error) (Completion, error) {
	done, caller := Completion{Slot: -1}, ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	patience := newPatience(cancel, r.FirstToken, r.NextToken)
	defer patience.stop()
	body, err := c.wire.Open(ctx, http.MethodPost, pathCompletion, r.body())
	if err != nil {
		return done, err
	}
	defer body.Close()
	events := newEvents(body)
	for {
		data, err := events.next()
		if err != nil {
			return done, wire.Broken(ctx, pathCompletion, err)
		}
		patience.renew()
		over, err := done.add(data, emit)
		if over || err != nil {
			return done, err
		}
		if err := caller.Err(); err != nil { // more of it may have come already
			return done, wire.Broken(caller, pathCompletion, err)
		}
	}
}

const pathCompletion = "/completion"

// add takes one event; over reports the last.
func (d *Completion) add(data []byte, emit func(Piece) error) (over bool, err error) {
	var e event
	if err := e.scan(data); err != nil {
		return false, contracts.Errorf(contracts.CodeInternal, pathCompletion, "event of the stream is not what it should be: %w", err)
	}
	if len(e.Error) > 0 {
		var r refusal
		_ = json.Unmarshal(data, &r) // whatever can be read of it
		return false, r.err(pathCompletion)
	}
	d.Text += e.Content
	d.Tokens = append(d.Tokens, e.Tokens...)
	d.PromptTokens, d.OutputTokens = e.Evaluated, e.Predicted
	missing := max(0, e.Predicted-len(d.Tokens)-d.Missing)
	d.Missing += missing
	if e.Content != "" || len(e.Tokens) > 0 {
		if err := emit(Piece{Text: e.Content, Tokens: e.Tokens, Missing: missing}); err != nil {
			return false, err
		}
	}
	if !e.Stop {
		return false, nil
	}
	d.Slot, d.Stop = e.Slot, e.StopType
	if t := e.Timings; t != nil {
		d.CachedTokens = t.Cached
		d.PromptTime, d.OutputTime = milliseconds(t.PromptMS), milliseconds(t.PredictedMS)
	}
	return true, nil
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
