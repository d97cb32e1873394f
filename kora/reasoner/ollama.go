package reasoner

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama"
	"github.com/krako-labs/krako/internal/llama/wire"
)

// ollama speaks Ollama's own API: its OpenAI routes cannot set the context, and a
// prompt longer than that is cut without a word.
type ollama struct {
	wire *wire.Wire
	url  string // of the endpoint
}

type ollamaBody struct {
	Model    string          `json:"model"`
	Messages []llama.Message `json:"messages"`
	Stream   bool            `json:"stream"`
	Format   json.RawMessage `json:"format,omitempty"`
	Options  ollamaOptions   `json:"options"`
}

type ollamaOptions struct {
	Context     int64    `json:"num_ctx"`
	MaxTokens   int64    `json:"num_predict"`
	Temperature float64  `json:"temperature"`
	TopP        float64  `json:"top_p"`
	TopK        int      `json:"top_k"`
	Seed        uint32   `json:"seed"`
	Stop        []string `json:"stop,omitempty"`
}

// Contexts that are asked of Ollama, in tokens: each loads the model anew, so there
// are few.
const (
	leastContext = 4096
	mostContext  = 131072
)

func (o *ollama) body(a *ask) ollamaBody {
	return ollamaBody{
		Model: a.model, Messages: a.talk, Stream: true, Format: a.schema,
		Options: ollamaOptions{
			Context: contextFor(a), MaxTokens: a.maxTokens, Temperature: a.invoked.Temperature, TopP: a.invoked.TopP,
			Seed: seed(a.invoked.Seed), Stop: a.invoked.Stop,
		},
	}
}

// contextFor is the least power of two that surely holds the conversation and its
// answer, as far as the model goes: a token stands for a byte at least, and for
// more than two in nearly all texts.
func contextFor(a *ask) int64 {
	need := a.maxTokens
	for _, m := range a.talk {
		need += int64(len(m.Content))/2 + 16
	}
	size := int64(leastContext)
	for size < need && size < mostContext {
		size *= 2
	}
	if a.context > 0 {
		size = min(size, int64(a.context))
	}
	return size
}

const pathOllama = "/api/chat"

func (o *ollama) generate(ctx context.Context, a *ask, emit func(string) error) (s said, err error) {
	body, err := o.wire.Open(ctx, http.MethodPost, pathOllama, o.body(a))
	if err != nil {
		return s, err
	}
	defer body.Close()
	for events := newLines(body); ; {
		line, err := events.next()
		if err != nil {
			return s, wire.Broken(ctx, pathOllama, err)
		}
		if over, err := s.line(line, emit); over || err != nil {
			return s, err
		}
	}
}

// line takes one line of the stream; over reports the last.
func (s *said) line(data []byte, emit func(string) error) (over bool, err error) {
	var e struct {
		Message struct {
			Content string `json:"content"`
		} `json:"message"`
		Done   bool            `json:"done"`
		Reason string          `json:"done_reason"`
		In     int64           `json:"prompt_eval_count"`
		Out    int64           `json:"eval_count"`
		Error  json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return false, contracts.Errorf(contracts.CodeInternal, pathOllama, "line of the stream is not what it should be: %w", err)
	}
	if len(e.Error) > 0 {
		return false, refused(pathOllama, http.StatusInternalServerError, data)
	}
	if t := e.Message.Content; t != "" {
		s.text += t
		if err := emit(t); err != nil {
			return false, err
		}
	}
	if e.Done {
		s.limit, s.tokensIn, s.tokensOut, s.counted = e.Reason == "length", e.In, e.Out, true
	}
	return e.Done, nil
}

func (o *ollama) embed(ctx context.Context, model, text string) ([]float64, int64, error) {
	var out struct {
		Embeddings [][]float64 `json:"embeddings"`
		In         int64       `json:"prompt_eval_count"`
	}
	in := map[string]any{"model": model, "input": text, "truncate": false}
	if err := o.wire.Call(ctx, http.MethodPost, "/api/embed", in, &out); err != nil {
		return nil, 0, err
	}
	if len(out.Embeddings) != 1 || len(out.Embeddings[0]) == 0 {
		return nil, 0, contracts.Errorf(contracts.CodeInternal, "/api/embed", "server returned %d vectors for one text", len(out.Embeddings))
	}
	return out.Embeddings[0], out.In, nil
}

func (o *ollama) models(ctx context.Context) ([]Model, error) {
	var list struct {
		Models []struct {
			Name    string `json:"name"`
			Size    int64  `json:"size"`
			Details struct {
				Family     string `json:"family"`
				Parameters string `json:"parameter_size"`
			} `json:"details"`
		} `json:"models"`
	}
	if err := o.wire.Get(ctx, "/api/tags", &list); err != nil {
		return nil, err
	}
	var all []Model
	for _, m := range list.Models {
		all = append(all, Model{
			Name: m.Name, Kind: Ollama, URL: o.url, Parameters: parametersOf(m.Details.Parameters), Bytes: m.Size,
			Embeds: strings.Contains(m.Details.Family, "bert"),
		})
	}
	return all, nil
}

// sizes are how names of models spell their size: 7B, 0.5b, 334.09M.
var sizes = regexp.MustCompile(`(?i)(?:^|[-_:/ ])(\d{1,4}(?:\.\d{1,3})?)([bm])(?:$|[-_:/ ])`)

// parametersOf reads the size in a name, 0 if there is none.
func parametersOf(name string) int64 {
	m := sizes.FindStringSubmatch(name)
	if m == nil {
		return 0
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return 0
	}
	if strings.EqualFold(m[2], "m") {
		return int64(n * 1e6)
	}
	return int64(n * 1e9)
}
