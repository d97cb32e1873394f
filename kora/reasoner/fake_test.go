package reasoner_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/krako-labs/krako/kora/reasoner"
)

// fake is a server of one kind that says what it is told to, in that kind's form.
type fake struct {
	*httptest.Server
	kind reasoner.Kind
	// say is what each request gets, one piece after the other. cut ends the stream
	// before its last event, hang waits for the caller to go before it.
	say       [][]string
	cut, hang bool
	refuse    int // the status of every answer, 0 to give one
	noSchema  bool

	mu     sync.Mutex
	bodies []map[string]any
	gone   chan struct{} // closed when a caller of a hanging stream is gone
}

func newFake(t *testing.T, kind reasoner.Kind, say ...[]string) *fake {
	f := &fake{kind: kind, say: say, gone: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", f.chat)
	mux.HandleFunc("POST /api/chat", f.chat)
	mux.HandleFunc("POST /v1/embeddings", plain(`{"data":[{"embedding":[0.5,-1]}],"usage":{"prompt_tokens":3}}`))
	mux.HandleFunc("POST /api/embed", plain(`{"embeddings":[[0.5,-1]],"prompt_eval_count":3}`))
	switch kind {
	case reasoner.Ollama:
		mux.HandleFunc("GET /api/version", plain(`{"version":"0.13.0"}`))
		mux.HandleFunc("GET /api/tags", plain(`{"models":[{"name":"qwen:7b","size":5,"details":{"family":"qwen","parameter_size":"7.6B"}},{"name":"nomic","details":{"family":"nomic-bert","parameter_size":"137M"}}]}`))
	case reasoner.LMStudio:
		mux.HandleFunc("GET /api/v0/models", plain(`{"data":[{"id":"qwen2.5-7b-instruct","type":"llm","state":"loaded","max_context_length":32768,"loaded_context_length":4096},{"id":"nomic","type":"embeddings","state":"not-loaded"}]}`))
	default:
		mux.HandleFunc("GET /props", plain(`{"build_info":"b1-test","total_slots":1}`))
		mux.HandleFunc("GET /v1/models", plain(`{"data":[{"id":"tiny","meta":{"n_params":7000000000,"n_ctx":4096,"size":9}}]}`))
	}
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

func plain(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }
}

func (f *fake) chat(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	n := len(f.bodies)
	f.bodies = append(f.bodies, body)
	f.mu.Unlock()
	schema := body["response_format"] != nil || body["format"] != nil
	switch {
	case f.refuse != 0:
		w.WriteHeader(f.refuse)
		fmt.Fprintf(w, `{"error":"the prompt was: %v"}`, "SECRET")
		return
	case f.noSchema && schema:
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"error":{"message":"Field 'json_schema': not today","type":"invalid_request_error"}}`)
		return
	}
	say := f.say[min(n, len(f.say)-1)]
	for _, piece := range say {
		f.piece(w, piece)
	}
	switch {
	case f.hang:
		<-r.Context().Done()
		close(f.gone)
	case !f.cut:
		f.end(w, len(say))
	}
}

func (f *fake) piece(w http.ResponseWriter, text string) {
	if f.kind == reasoner.Ollama {
		f.write(w, "%s\n", map[string]any{"message": map[string]any{"role": "assistant", "content": text}, "done": false})
	} else {
		f.write(w, "data: %s\n\n", map[string]any{"choices": []any{map[string]any{"delta": map[string]any{"content": text}, "finish_reason": nil}}})
	}
}

func (f *fake) end(w http.ResponseWriter, tokens int) {
	if f.kind == reasoner.Ollama {
		f.write(w, "%s\n", map[string]any{"message": map[string]any{"content": ""}, "done": true, "done_reason": "stop", "prompt_eval_count": 11, "eval_count": tokens})
		return
	}
	f.write(w, "data: %s\n\n", map[string]any{"choices": []any{map[string]any{"delta": map[string]any{}, "finish_reason": "stop"}}})
	f.write(w, "data: %s\n\n", map[string]any{"choices": []any{}, "usage": map[string]any{"prompt_tokens": 11, "completion_tokens": tokens}})
	io.WriteString(w, "data: [DONE]\n\n")
}

func (f *fake) write(w http.ResponseWriter, form string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(w, form, b)
	w.(http.Flusher).Flush()
}

// requests are the bodies that were sent.
func (f *fake) requests() []map[string]any {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.bodies
}

func (f *fake) endpoint() reasoner.Endpoint { return reasoner.Endpoint{Kind: f.kind, URL: f.URL} }

func open(t *testing.T, f *fake, o reasoner.Options) *reasoner.Reasoner {
	t.Helper()
	r, err := reasoner.New([]reasoner.Endpoint{f.endpoint()}, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// words are n pieces.
func words(n int) []string { return strings.Split(strings.Repeat("word \x00", n), "\x00")[:n] }
