package openai_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/guard"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
	"github.com/krako-labs/krako/kora/local"
	"github.com/krako-labs/krako/kora/openai"
	"github.com/krako-labs/krako/kora/reasoner"
)

// model is a model that says "It is " and what it was asked last, calls a tool where
// its schema lets it, and waits for the caller to go when asked to "wait".
type model struct {
	asked atomic.Int64
	last  atomic.Pointer[contracts.ModelInvocation]
}

func (m *model) Invoke(ctx context.Context, c reasoner.Call, say func(reasoner.Piece)) (reasoner.Answer, error) {
	m.asked.Add(1)
	m.last.Store(c.ModelInvocation)
	a := reasoner.Answer{Use: contracts.ModelUse{Model: "tiny", Class: "tiny", Calls: 1, TokensIn: 7, TokensOut: 2}}
	if c.Operation == contracts.Embed {
		a.Output, a.Use.TokensOut = []byte("[0.5,-1]"), 0
		return a, nil
	}
	question := c.Messages[len(c.Messages)-1].Content
	if question == "wait" {
		say(reasoner.Piece{Text: "well"})
		<-ctx.Done()
		return a, ctx.Err()
	}
	var err error
	switch {
	case strings.Contains(string(c.Schema), "tool_calls"):
		a.Output = []byte(`{"tool_calls":[{"arguments":{"city":"Oslo"},"name":"weather"}]}`)
	case len(c.Schema) > 0:
		a.Output = []byte(`{"age":7}`)
	default:
		say(reasoner.Piece{Text: "It is "})
		say(reasoner.Piece{Text: question})
		a.Output, err = contracts.JSONOf("It is " + question)
	}
	return a, err
}

func (m *model) models(context.Context) ([]reasoner.Model, error) {
	return []reasoner.Model{{Name: "tiny", Kind: reasoner.LlamaCPP}}, nil
}

// cache keeps what is compiled for all tests.
var cache string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "kora-openai")
	if err != nil {
		panic(err)
	}
	cache = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// serve starts a server over a whole local KORA.
func serve(t *testing.T) (base string, m *model) {
	t.Helper()
	m = &model{}
	return serveWith(t, local.Options{Models: m}, openai.Options{Models: m.models}), m
}

func serveWith(t *testing.T, lo local.Options, o openai.Options) (base string) {
	t.Helper()
	lo.CacheDir = sandboxtest.CodeCache(filepath.Join(cache, "compiled"))
	l, err := local.Open(t.Context(), lo)
	if err != nil {
		t.Fatal(err)
	}
	o.Engine, o.Zone, o.Locale, o.Version = l.Engine, "UTC", "en-US", "test"
	s := openai.New(o)
	web := httptest.NewServer(guard.Rules{Refuse: openai.Refuse}.Wrap(s.Handler()))
	t.Cleanup(func() {
		s.Close()
		web.Close()
		l.Close(context.Background())
	})
	return web.URL
}

// Clients read every error: also of what is not there, of what is called wrongly, and
// where there is no model at all.
func TestErrorsHaveOneForm(t *testing.T) {
	base := serveWith(t, local.Options{}, openai.Options{})
	const say = `"messages":[{"role":"user","content":"2 + 2"}]`
	for _, c := range []struct {
		method, path, body string
		status             int
		message            string
	}{
		{"GET", "/v1/nowhere", "", 404, "there is nothing at GET /v1/nowhere"},
		{"GET", "/", "", 404, "there is nothing at GET /"},
		{"GET", "/v1/chat/completions", "", 405, "/v1/chat/completions takes POST, not GET"},
		{"POST", "/v1/chat/completions", "[]", 400, "body: is not an object"},
		{"POST", "/v1/chat/completions", `{"model":"krako-det","temperature":"hot",` + say + `}`, 400, "temperature: is not a number"},
		{"POST", "/v1/chat/completions", `{"model":"gpt-4o",` + say + `}`, 404, "there is no model gpt-4o"},
		{"POST", "/v1/responses", `{"model":"gpt-4o","input":"2 + 2"}`, 404, "there is no model gpt-4o"},
		{"POST", "/execute", `{"mode":"direct","prompt":"2 + 2"}`, 503, "there is no model to ask"},
		{"POST", "/v1/embeddings", `{"model":"x","input":"a"}`, 503, "there is no model to ask"},
	} {
		status, v := answerOf(t, c.method, base+c.path, c.body)
		if status != c.status || at(v, "error", "message") != c.message || at(v, "error", "type") == nil {
			t.Errorf("%s %s %s: %d %v, want %d %q", c.method, c.path, c.body, status, v, c.status, c.message)
		}
	}
}

// post sends a body and returns status and answer.
func post(t *testing.T, url, body string) (int, map[string]any) {
	t.Helper()
	return answerOf(t, http.MethodPost, url, body)
}

func answerOf(t *testing.T, method, url, body string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var v map[string]any
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, v
}

// at follows a path of names and indexes.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

func TestChatComputesWithoutAModel(t *testing.T) {
	base, m := serve(t)
	for _, name := range []string{openai.Auto, openai.Det} {
		status, v := post(t, base+"/v1/chat/completions", `{"model":"`+name+`","messages":[{"role":"user","content":"what is 15% of 2,340"}],"some_new_field":1}`)
		if status != 200 || at(v, "choices", 0, "message", "content") != "351" || at(v, "choices", 0, "finish_reason") != "stop" ||
			at(v, "usage", "total_tokens") != 0.0 || at(v, "krako", "execution") != "deterministic" || at(v, "krako", "model_calls") != 0.0 || at(v, "krako", "handlers", 0) == nil {
			t.Errorf("%s: %d %v", name, status, v)
		}
		status, v = answerOf(t, http.MethodGet, base+"/telemetry/"+at(v, "krako", "run_id").(string), "")
		if status != 200 || at(v, "result", "telemetry_bundle", "model_invocation_count") != 0.0 {
			t.Errorf("telemetry: %d %v", status, v)
		}
	}
	if m.asked.Load() != 0 {
		t.Errorf("a model was asked %d times", m.asked.Load())
	}
}

func TestDetRefusesWhatItCannotCompute(t *testing.T) {
	base, m := serve(t)
	for _, body := range []string{
		`"messages":[{"role":"user","content":"why is the sky blue?"}]`,
		`"messages":[{"role":"user","content":"2+2"}],"response_format":{"type":"json_object"}`,
	} {
		status, v := post(t, base+"/v1/chat/completions", `{"model":"krako-det",`+body+`}`)
		if status != 200 || at(v, "choices", 0, "message", "content") != nil || at(v, "choices", 0, "message", "refusal") == nil || at(v, "krako", "refusal") != "insufficient_determinism" {
			t.Errorf("%s: %d %v", body, status, v)
		}
	}
	if m.asked.Load() != 0 {
		t.Error("krako-det asked a model")
	}
}

func TestAutoAsksAModelForTheRest(t *testing.T) {
	base, m := serve(t)
	status, v := post(t, base+"/v1/chat/completions", `{"model":"krako-auto","temperature":0.5,"seed":3,"stop":"END","max_tokens":9,"messages":[
		{"role":"system","content":"be brief"},{"role":"user","content":"hi"},{"role":"assistant","content":"hello"},
		{"role":"user","content":[{"type":"text","text":"blue?"}]}]}`)
	if status != 200 || at(v, "choices", 0, "message", "content") != "It is blue?" || at(v, "usage", "prompt_tokens") != 7.0 || at(v, "usage", "completion_tokens") != 2.0 ||
		at(v, "krako", "execution") != "model" || at(v, "krako", "model_calls") != 1.0 {
		t.Fatalf("%d %v", status, v)
	}
	c := m.last.Load()
	if c.System != "be brief" || len(c.Messages) != 3 || c.Temperature != 0.5 || c.Seed != 3 || c.MaxTokens != 9 || len(c.Stop) != 1 {
		t.Errorf("asked %+v", c)
	}
	if status, v = post(t, base+"/v1/chat/completions", `{"model":"tiny","messages":[{"role":"user","content":"2+2"}]}`); at(v, "choices", 0, "message", "content") != "It is 2+2" || m.last.Load().Name != "tiny" {
		t.Errorf("a model by name: %d %v", status, v)
	}
}

func TestToolsAndFormats(t *testing.T) {
	base, m := serve(t)
	tools := `"tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]`
	status, v := post(t, base+"/v1/chat/completions", `{"model":"krako-auto",`+tools+`,"messages":[{"role":"user","content":"is it cold in Oslo?"}]}`)
	call := at(v, "choices", 0, "message", "tool_calls", 0)
	if status != 200 || at(call, "function", "name") != "weather" || at(call, "function", "arguments") != `{"city":"Oslo"}` || at(v, "choices", 0, "finish_reason") != "tool_calls" || at(call, "id") == "" {
		t.Fatalf("%d %v", status, v)
	}
	if !strings.Contains(m.last.Load().System, `"weather"`) {
		t.Errorf("the model does not know of its tools: %s", m.last.Load().System)
	}
	// What can be computed needs no tool, unless one is required.
	if _, v = post(t, base+"/v1/chat/completions", `{"model":"krako-auto",`+tools+`,"messages":[{"role":"user","content":"2+2"}]}`); at(v, "choices", 0, "message", "content") != "4" {
		t.Errorf("%v", v)
	}
	if _, v = post(t, base+"/v1/chat/completions", `{"model":"krako-auto","tool_choice":"required",`+tools+`,"messages":[{"role":"user","content":"2+2"}]}`); at(v, "choices", 0, "finish_reason") != "tool_calls" {
		t.Errorf("%v", v)
	}
	// A result goes back to the model.
	_, v = post(t, base+"/v1/chat/completions", `{"model":"krako-auto","messages":[{"role":"user","content":"cold?"},
		{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}}]},{"role":"tool","tool_call_id":"c1","content":"2+2"}]}`)
	if text, _ := at(v, "choices", 0, "message", "content").(string); !strings.Contains(text, "Result of call c1") {
		t.Errorf("%v", v)
	}
	_, v = post(t, base+"/v1/chat/completions", `{"model":"krako-auto","messages":[{"role":"user","content":"how old?"}],
		"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object","properties":{"age":{"type":"integer"}}}}}}`)
	if at(v, "choices", 0, "message", "content") != `{"age":7}` {
		t.Errorf("%v", v)
	}
}

// events reads a stream: the data of each event.
func events(t *testing.T, method, url, body string) (all []string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			all = append(all, data)
		}
	}
	return all
}

func TestStreams(t *testing.T) {
	base, _ := serve(t)
	for question, want := range map[string]string{"blue?": "It is blue?", "what is 2 + 2": "4"} {
		for _, withUsage := range []string{"", `,"stream_options":{"include_usage":true}`} {
			all := events(t, http.MethodPost, base+"/v1/chat/completions", `{"model":"krako-auto","stream":true,"messages":[{"role":"user","content":"`+question+`"}]`+withUsage+`}`)
			if n := len(all); n < 4 || all[n-1] != "[DONE]" {
				t.Fatalf("%v", all)
			}
			var text, finish string
			var last map[string]any
			for _, e := range all[:len(all)-1] {
				last = nil
				if err := json.Unmarshal([]byte(e), &last); err != nil {
					t.Fatal(err)
				}
				if s, ok := at(last, "choices", 0, "delta", "content").(string); ok {
					text += s
				}
				if s, ok := at(last, "choices", 0, "finish_reason").(string); ok {
					finish = s
				}
			}
			if text != want || finish != "stop" || at(last, "usage", "total_tokens") == nil || at(last, "krako", "run_id") == nil || (withUsage != "") != (len(at(last, "choices").([]any)) == 0) {
				t.Errorf("%q: %q, %q, last %v", question, text, finish, last)
			}
		}
	}
}

func TestResponsesStreamAndResume(t *testing.T) {
	base, _ := serve(t)
	status, v := post(t, base+"/v1/responses", `{"model":"krako-auto","input":"what is 2 + 2","instructions":"be brief"}`)
	if status != 200 || at(v, "status") != "completed" || at(v, "output", 0, "content", 0, "text") != "4" || at(v, "usage", "total_tokens") != 0.0 {
		t.Fatalf("%d %v", status, v)
	}
	all := events(t, http.MethodPost, base+"/v1/responses", `{"model":"krako-auto","input":[{"role":"user","content":"blue?"}],"stream":true}`)
	var types []string
	var id string
	for i, e := range all {
		var m map[string]any
		if err := json.Unmarshal([]byte(e), &m); err != nil || m["sequence_number"] != float64(i) {
			t.Fatalf("event %d: %s", i, e)
		}
		types = append(types, strings.TrimPrefix(m["type"].(string), "response."))
		if s, ok := at(m, "response", "id").(string); ok {
			id = s
		}
	}
	want := "created in_progress output_item.added content_part.added output_text.delta output_text.delta output_text.done content_part.done output_item.done completed"
	if strings.Join(types, " ") != want {
		t.Errorf("events %v", types)
	}
	// Cut at every event, the rest comes again byte for byte.
	for i := range all {
		rest := events(t, http.MethodGet, base+"/v1/responses/"+id+"?stream=true&starting_after="+strconv.Itoa(i), "")
		if strings.Join(rest, "\n") != strings.Join(all[i+1:], "\n") {
			t.Errorf("after %d: %v", i, rest)
		}
	}
	// As OpenAI's client for Go asks.
	rest := events(t, http.MethodGet, base+"/v1/responses/"+id+"?starting_after=3", `{"stream":true}`)
	if strings.Join(rest, "\n") != strings.Join(all[4:], "\n") {
		t.Errorf("asked for in the body: %v", rest)
	}
	_, v = post(t, base+"/v1/responses", `{"model":"krako-auto","input":"and now?","previous_response_id":"`+id+`"}`)
	if at(v, "output", 0, "content", 0, "text") != "It is and now?" {
		t.Errorf("%v", v)
	}
}

func TestBackgroundResponsesAreCancelled(t *testing.T) {
	base, m := serve(t)
	status, v := post(t, base+"/v1/responses", `{"model":"krako-auto","input":"wait","background":true}`)
	id, _ := at(v, "id").(string)
	if status != 200 || at(v, "status") != "in_progress" || id == "" {
		t.Fatalf("%d %v", status, v)
	}
	status, v = post(t, base+"/v1/responses/"+id+"/cancel", "")
	if status != 200 || at(v, "status") != "cancelled" {
		t.Errorf("%d %v", status, v)
	}
	if status, v = answerOf(t, http.MethodGet, base+"/v1/responses/"+id, ""); at(v, "status") != "cancelled" || m.asked.Load() > 1 {
		t.Errorf("%d %v", status, v)
	}
	answerOf(t, http.MethodDelete, base+"/v1/responses/"+id, "")
	if status, _ = answerOf(t, http.MethodGet, base+"/v1/responses/"+id, ""); status != 404 {
		t.Errorf("deleted, and still there: %d", status)
	}
}

func TestEmbeddings(t *testing.T) {
	base, m := serve(t)
	status, v := post(t, base+"/v1/embeddings", `{"model":"tiny","input":["a","b"]}`)
	if status != 200 || at(v, "data", 1, "embedding", 1) != -1.0 || at(v, "usage", "prompt_tokens") != 14.0 || m.asked.Load() != 2 {
		t.Errorf("%d %v", status, v)
	}
	if _, v = post(t, base+"/v1/embeddings", `{"model":"tiny","input":"a","encoding_format":"base64"}`); at(v, "data", 0, "embedding") != "AAAAPwAAgL8=" {
		t.Errorf("%v", v)
	}
}

func TestRefusals(t *testing.T) {
	base, _ := serve(t)
	for body, want := range map[string]int{
		`{`: 400, `{"model":"krako-auto"}`: 400, `{"messages":[{"role":"user","content":"x"}]}`: 400,
		`{"model":"krako-auto","n":2,"messages":[{"role":"user","content":"x"}]}`:                                           400,
		`{"model":"krako-auto","messages":[{"role":"user","content":[{"type":"image_url"}]}]}`:                              400,
		`{"model":"krako-auto","messages":[{"role":"user","content":"x"}],"tools":[{"type":"web_search"}]}`:                 400,
		`{"model":"krako-auto","messages":"x"}`:                                                                             400,
		`{"model":"krako-auto","messages":[{"role":"user","content":"` + strings.Repeat("x", 9<<20) + `"}]}`:                413,
		`{"model":"krako-auto","messages":[{"role":"assistant","content":"x"}]}`:                                            400,
		`{"model":"krako-auto","messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema"}}`:        400,
		`{"model":"krako-auto","messages":[{"role":"user","content":"x"}],"tools":[],"tool_choice":{"type":"function"}}`:    400,
		`{"model":"krako-auto","messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_object"},"n":1}`:  200,
		`{"model":"krako-auto","messages":[{"role":"user","content":"x"}],"response_format":{"type":"grammar"},"stop":[1]}`: 400,
	} {
		status, v := post(t, base+"/v1/chat/completions", body)
		if status != want || (status != 200) != (at(v, "error", "message") != nil) {
			t.Errorf("%.120s: %d, want %d: %v", body, status, want, v)
		}
	}
	req, _ := http.NewRequest(http.MethodPost, base+"/v1/chat/completions", bytes.NewReader(nil))
	req.Header.Set("Origin", "https://evil.example")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); res.StatusCode != 403 || !strings.Contains(string(body), `"error"`) {
		t.Errorf("another page: %d %s", res.StatusCode, body)
	}
}

func TestUpstreamAliases(t *testing.T) {
	base, _ := serve(t)
	status, v := post(t, base+"/execute", `{"api_version":"1.0","prompt":"2+2"}`)
	if status != 200 || at(v, "final") != "4" || at(v, "ok") != true {
		t.Errorf("%d %v", status, v)
	}
	if _, v = answerOf(t, http.MethodGet, base+"/models", ""); at(v, "data", 2, "id") != "tiny" {
		t.Errorf("%v", v)
	}
	if _, v = answerOf(t, http.MethodGet, base+"/v1/models/krako-det", ""); at(v, "object") != "model" {
		t.Errorf("%v", v)
	}
	if _, v = answerOf(t, http.MethodGet, base+"/health", ""); at(v, "status") != "ok" {
		t.Errorf("%v", v)
	}
}
