package reasoner

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama"
	"github.com/krako-labs/krako/internal/llama/wire"
)

// openAI is what llama-server and LM Studio speak. They differ in how models are
// listed and in how a schema is named.
type openAI struct {
	wire *wire.Wire
	url  string // of the endpoint
	kind Kind
}

type chatBody struct {
	Model       string          `json:"model"`
	Messages    []llama.Message `json:"messages"`
	MaxTokens   int64           `json:"max_tokens"`
	Temperature float64         `json:"temperature"`
	TopP        float64         `json:"top_p"`
	Seed        uint32          `json:"seed"`
	Stop        []string        `json:"stop,omitempty"`
	Format      *format         `json:"response_format,omitempty"`
	Stream      bool            `json:"stream"`
	Options     streamOptions   `json:"stream_options"`
	// Reuse is llama-server's: it must not start from what another call left, for
	// that call may have been somebody else's.
	Reuse *bool `json:"cache_prompt,omitempty"`
}

type streamOptions struct {
	Usage bool `json:"include_usage"`
}

type format struct {
	Type   string `json:"type"`
	Schema struct {
		Name   string          `json:"name"`
		Strict bool            `json:"strict"`
		Schema json.RawMessage `json:"schema"`
	} `json:"json_schema"`
}

func (o *openAI) body(a *ask) chatBody {
	b := chatBody{
		Model: a.model, Messages: a.talk, MaxTokens: a.maxTokens, Temperature: a.invoked.Temperature, TopP: a.invoked.TopP,
		Seed: seed(a.invoked.Seed), Stop: a.invoked.Stop, Stream: true, Options: streamOptions{Usage: true},
	}
	if len(a.schema) > 0 {
		b.Format = &format{Type: "json_schema"}
		b.Format.Schema.Name, b.Format.Schema.Strict, b.Format.Schema.Schema = "answer", true, a.schema
	}
	if o.kind == LlamaCPP {
		b.Reuse = new(false)
	}
	return b
}

// seed folds a seed into what servers take; the greatest value means a random one.
func seed(s int64) uint32 {
	const random = 1<<32 - 1
	return uint32(uint64(s)^uint64(s)>>32) % random
}

// chunk is one event of a stream.
type chunk struct {
	Choices []struct {
		Delta struct {
			Content string `json:"content"`
		} `json:"delta"`
		Finish string `json:"finish_reason"`
	} `json:"choices"`
	Usage *struct {
		In  int64 `json:"prompt_tokens"`
		Out int64 `json:"completion_tokens"`
	} `json:"usage"`
	Error json.RawMessage `json:"error"`
}

const pathChat = "/v1/chat/completions"

func (o *openAI) generate(ctx context.Context, a *ask, emit func(string) error) (s said, err error) {
	body, err := o.wire.Open(ctx, http.MethodPost, pathChat, o.body(a))
	if err != nil {
		return s, err
	}
	defer body.Close()
	for events, finished := newLines(body), false; ; {
		line, err := events.next()
		if err != nil {
			return s, wire.Broken(ctx, pathChat, err)
		}
		data, ok := bytes.CutPrefix(line, []byte("data:"))
		if !ok {
			continue // comments and fields that say nothing here
		}
		if data = bytes.TrimSpace(data); string(data) == "[DONE]" {
			if !finished {
				return s, contracts.Errorf(contracts.CodeNetwork, pathChat, "server ended its answer without saying why")
			}
			return s, nil
		}
		if finished, err = s.chunk(data, finished, emit); err != nil {
			return s, err
		}
	}
}

// chunk takes one event; it reports whether the end of the answer has come.
func (s *said) chunk(data []byte, finished bool, emit func(string) error) (bool, error) {
	var c chunk
	if err := json.Unmarshal(data, &c); err != nil {
		return finished, contracts.Errorf(contracts.CodeInternal, pathChat, "event of the stream is not what it should be: %w", err)
	}
	if len(c.Error) > 0 && string(c.Error) != "null" {
		return finished, refused(pathChat, http.StatusInternalServerError, data)
	}
	if c.Usage != nil {
		s.tokensIn, s.tokensOut, s.counted = c.Usage.In, c.Usage.Out, true
	}
	for _, choice := range c.Choices {
		if choice.Finish != "" {
			finished, s.limit = true, choice.Finish == "length"
		}
		if t := choice.Delta.Content; t != "" {
			s.text += t
			if err := emit(t); err != nil {
				return finished, err
			}
		}
	}
	return finished, nil
}

func (o *openAI) embed(ctx context.Context, model, text string) ([]float64, int64, error) {
	var out struct {
		Data []struct {
			Embedding []float64 `json:"embedding"`
		} `json:"data"`
		Usage struct {
			In int64 `json:"prompt_tokens"`
		} `json:"usage"`
	}
	in := map[string]any{"model": model, "input": text, "encoding_format": "float"}
	if err := o.wire.Call(ctx, http.MethodPost, "/v1/embeddings", in, &out); err != nil {
		return nil, 0, err
	}
	if len(out.Data) != 1 || len(out.Data[0].Embedding) == 0 {
		return nil, 0, contracts.Errorf(contracts.CodeInternal, "/v1/embeddings", "server returned %d vectors for one text", len(out.Data))
	}
	return out.Data[0].Embedding, out.Usage.In, nil
}

func (o *openAI) models(ctx context.Context) ([]Model, error) {
	if o.kind == LMStudio {
		return o.studioModels(ctx)
	}
	var list struct {
		Data []struct {
			ID   string `json:"id"`
			Meta struct {
				Parameters int64 `json:"n_params"`
				Context    int   `json:"n_ctx"`
				Size       int64 `json:"size"`
			} `json:"meta"`
		} `json:"data"`
	}
	if err := o.wire.Get(ctx, "/v1/models", &list); err != nil {
		return nil, err
	}
	var all []Model
	for _, m := range list.Data {
		all = append(all, Model{Name: m.ID, Kind: o.kind, URL: o.url, Parameters: m.Meta.Parameters, Context: m.Meta.Context, Bytes: m.Meta.Size, Loaded: true})
	}
	return all, nil
}

// studioModels lists LM Studio's models by its own API, which tells what each is,
// and by OpenAI's where that is not there.
func (o *openAI) studioModels(ctx context.Context) ([]Model, error) {
	var list struct {
		Data []struct {
			ID      string `json:"id"`
			Type    string `json:"type"`
			State   string `json:"state"`
			Context int    `json:"max_context_length"`
			Loaded  int    `json:"loaded_context_length"`
		} `json:"data"`
	}
	err := o.wire.Get(ctx, "/api/v0/models", &list)
	if contracts.CodeOf(err) == contracts.CodeNotFound {
		err = o.wire.Get(ctx, "/v1/models", &list)
	}
	if err != nil {
		return nil, err
	}
	var all []Model
	for _, m := range list.Data {
		all = append(all, Model{
			Name: m.ID, Kind: o.kind, URL: o.url, Context: cmp.Or(m.Loaded, m.Context),
			Embeds: m.Type == "embeddings", Loaded: m.State == "loaded", Parameters: parametersOf(m.ID),
		})
	}
	return all, nil
}
