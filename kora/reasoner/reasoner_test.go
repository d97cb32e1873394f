package reasoner_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/reasoner"
)

var kinds = []reasoner.Kind{reasoner.LlamaCPP, reasoner.Ollama, reasoner.LMStudio}

// call asks a question; change makes it another.
func call(change func(*reasoner.Call)) reasoner.Call {
	c := reasoner.Call{ModelInvocation: &contracts.ModelInvocation{
		V: 1, Profile: contracts.ProfileLLM1, Operation: contracts.Generate, Tier: contracts.TierSmall, MaxTokens: 8, TopP: 1, Prompt: "say it",
	}}
	if change != nil {
		change(&c)
	}
	return c
}

const wantsAge = `{"type":"object","properties":{"age":{"type":"integer"}},"required":["age"],"additionalProperties":false}`

func TestEveryKindAnswers(t *testing.T) {
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			f := newFake(t, kind, []string{"it ", "is"})
			r := open(t, f, reasoner.Options{})
			var heard string
			a, err := r.Invoke(t.Context(), call(func(c *reasoner.Call) { c.Seed, c.Stop, c.System = 7, []string{"END"}, "be brief" }), func(p reasoner.Piece) { heard += p.Text })
			if err != nil || string(a.Output) != `"it is"` || heard != "it is" {
				t.Fatalf("answer %s, heard %q: %v", a.Output, heard, err)
			}
			if u := a.Use; u.TokensIn != 11 || u.TokensOut != 2 || u.Calls != 1 || r.Asked() != 1 || u.Model == "" || u.Class == "" {
				t.Errorf("use %+v, asked %d", u, r.Asked())
			}
			b := f.requests()[0]
			if b["stream"] != true {
				t.Errorf("not streamed: %v", b)
			}
			sampling := b
			if kind == reasoner.Ollama {
				sampling = b["options"].(map[string]any)
				if sampling["num_ctx"].(float64) < 4096 || sampling["num_predict"] != 8.0 {
					t.Errorf("options %v", sampling)
				}
			} else if b["max_tokens"] != 8.0 || b["stream_options"].(map[string]any)["include_usage"] != true {
				t.Errorf("body %v", b)
			}
			if sampling["seed"] != 7.0 || sampling["temperature"] != 0.0 {
				t.Errorf("sampling %v", sampling)
			}
		})
	}
}

func TestDocumentsAreCheckedAndRepairedOnce(t *testing.T) {
	for _, kind := range kinds {
		f := newFake(t, kind, []string{`{"age": "old"}`}, []string{`{ "age": 7 }`})
		r := open(t, f, reasoner.Options{})
		var restarts int
		c := call(func(c *reasoner.Call) { c.Schema = []byte(wantsAge) })
		a, err := r.Invoke(t.Context(), c, func(p reasoner.Piece) {
			if p.Restart {
				restarts++
			}
		})
		if err != nil || string(a.Output) != `{"age":7}` || a.Use.Calls != 2 || r.Asked() != 2 || restarts != 1 {
			t.Errorf("%s: %+v, %d asked, %d restarts: %v", kind, a, r.Asked(), restarts, err)
		}
		form, _ := json.Marshal(f.requests()[0])
		if !strings.Contains(string(form), `"additionalProperties":false`) || f.requests()[0]["format"] == nil && f.requests()[0]["response_format"] == nil {
			t.Errorf("%s: schema was not sent: %s", kind, form)
		}
	}
	f := newFake(t, reasoner.LlamaCPP, []string{"no"})
	r := open(t, f, reasoner.Options{})
	for name, c := range map[string]struct {
		change func(*reasoner.Call)
		calls  int
	}{
		"twice":                   {nil, 2},
		"once where one is left":  {func(c *reasoner.Call) { c.AllowCalls = 1 }, 1},
		"once without the tokens": {func(c *reasoner.Call) { c.AllowTokens = 40 }, 1},
	} {
		a, err := r.Invoke(t.Context(), call(func(k *reasoner.Call) {
			k.Schema = []byte(wantsAge)
			if c.change != nil {
				c.change(k)
			}
		}), nil)
		if err != nil || a.Code != contracts.CodeBadOutput || a.Output != nil || a.Use.Calls != c.calls {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

// A server that cannot decode under a schema is asked without; what it says is
// checked all the same.
func TestServerWithoutSchemas(t *testing.T) {
	f := newFake(t, reasoner.LlamaCPP, []string{`{"age":1}`})
	f.noSchema = true
	r := open(t, f, reasoner.Options{})
	a, err := r.Invoke(t.Context(), call(func(c *reasoner.Call) { c.Schema = []byte(wantsAge) }), nil)
	if err != nil || string(a.Output) != `{"age":1}` || a.Use.Calls != 2 || r.Asked() != 2 {
		t.Errorf("%+v, %v", a, err)
	}
}

// A verbose server is cut off, and what it said counts.
func TestVerboseServerIsCutOff(t *testing.T) {
	for _, kind := range kinds {
		f := newFake(t, kind, words(5000))
		f.hang = true // it would go on
		a, err := open(t, f, reasoner.Options{}).Invoke(t.Context(), call(nil), nil)
		if err != nil || a.Use.TokensOut != 8 || strings.Count(string(a.Output), "word") > 9 {
			t.Errorf("%s: %d tokens, %s: %v", kind, a.Use.TokensOut, a.Output, err)
		}
		<-f.gone // it noticed
	}
	f := newFake(t, reasoner.LlamaCPP, []string{strings.Repeat("x", 8*256+1)})
	if a, err := open(t, f, reasoner.Options{}).Invoke(t.Context(), call(func(c *reasoner.Call) { c.Schema = []byte(wantsAge) }), nil); err != nil || a.Code != contracts.CodeBadOutput || a.Use.Calls != 1 {
		t.Errorf("one long piece: %+v, %v", a, err)
	}
}

// A slow server is given up, and notices; a caller that goes is noticed as well.
func TestSlowServerIsGivenUp(t *testing.T) {
	for _, kind := range kinds {
		f := newFake(t, kind, []string{"a"})
		f.hang = true
		a, err := open(t, f, reasoner.Options{NextToken: time.Millisecond}).Invoke(t.Context(), call(nil), nil)
		if contracts.CodeOf(err) != contracts.CodeTimeout || a.Use.Calls != 1 || a.Use.TokensOut > 1 {
			t.Errorf("%s: %+v, %v", kind, a.Use, err)
		}
		<-f.gone
		f = newFake(t, kind, []string{"a"})
		f.hang = true
		ctx, cancel := context.WithCancel(t.Context())
		_, err = open(t, f, reasoner.Options{}).Invoke(ctx, call(nil), func(reasoner.Piece) { cancel() })
		if contracts.CodeOf(err) != contracts.CodeCancelled {
			t.Errorf("%s: %v", kind, err)
		}
		<-f.gone
	}
}

func TestBrokenStreamIsAFailure(t *testing.T) {
	for _, kind := range kinds {
		f := newFake(t, kind, []string{"half"})
		f.cut = true
		a, err := open(t, f, reasoner.Options{}).Invoke(t.Context(), call(nil), nil)
		if contracts.CodeOf(err) != contracts.CodeNetwork || a.Output != nil || a.Use.Calls != 1 || a.Use.TokensOut != 1 {
			t.Errorf("%s: %+v, %v", kind, a, err)
		}
	}
}

// A server that went away heard of nothing: that is no call of a model, which would use
// up what may be asked.
func TestNobodyListensIsNoCall(t *testing.T) {
	for _, kind := range kinds {
		f := newFake(t, kind, []string{"it"})
		r := open(t, f, reasoner.Options{})
		if _, err := r.Invoke(t.Context(), call(nil), nil); err != nil {
			t.Fatal(err)
		}
		f.Close()
		a, err := r.Invoke(t.Context(), call(nil), nil)
		if contracts.CodeOf(err) != contracts.CodeModelUnavailable || a.Use.Calls != 0 || r.Asked() != 1 {
			t.Errorf("%s: %+v, asked %d, %v", kind, a, r.Asked(), err)
		}
	}
}

func TestRefusalsSayNothingOfThePrompt(t *testing.T) {
	for status, want := range map[int]contracts.Code{
		http.StatusServiceUnavailable: contracts.CodeModelUnavailable, http.StatusTooManyRequests: contracts.CodeRateLimited,
		http.StatusUnauthorized: contracts.CodeAuth, http.StatusNotFound: contracts.CodeNotFound,
		http.StatusBadRequest: contracts.CodeValidation, http.StatusInternalServerError: contracts.CodeInternal,
	} {
		f := newFake(t, reasoner.Ollama)
		f.refuse = status
		_, err := open(t, f, reasoner.Options{}).Invoke(t.Context(), call(nil), nil)
		if contracts.CodeOf(err) != want || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%d: %v, want %s", status, err, want)
		}
	}
	dead := newFake(t, reasoner.LlamaCPP)
	dead.Close()
	if _, err := open(t, dead, reasoner.Options{}).Invoke(t.Context(), call(nil), nil); contracts.CodeOf(err) != contracts.CodeModelUnavailable {
		t.Error(err)
	}
}

func TestModelsAreChosen(t *testing.T) {
	o, l := newFake(t, reasoner.Ollama, []string{"x"}), newFake(t, reasoner.LMStudio, []string{"x"})
	r, err := reasoner.New([]reasoner.Endpoint{o.endpoint(), l.endpoint()}, reasoner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := r.Models(t.Context())
	if err != nil || len(all) != 4 || all[0].Parameters != 7_600_000_000 || all[2].Parameters != 7_000_000_000 || all[2].Context != 4096 || !all[3].Embeds {
		t.Fatalf("%+v, %v", all, err)
	}
	for name, want := range map[string]string{"": "qwen:7b", "qwen2.5-7b-instruct": "qwen2.5-7b-instruct"} {
		a, err := r.Invoke(t.Context(), call(func(c *reasoner.Call) { c.Name = name }), nil)
		if err != nil || a.Use.Model != want {
			t.Errorf("%q: %+v, %v", name, a.Use, err)
		}
	}
	if _, err := r.Invoke(t.Context(), call(func(c *reasoner.Call) { c.Name = "gpt" }), nil); contracts.CodeOf(err) != contracts.CodeNotFound {
		t.Error(err)
	}
	a, err := r.Invoke(t.Context(), call(func(c *reasoner.Call) { c.Operation = contracts.Embed }), nil)
	if err != nil || a.Use.Model != "nomic" || string(a.Output) != "[0.5,-1]" || a.Use.TokensIn != 3 {
		t.Errorf("%+v %s, %v", a.Use, a.Output, err)
	}
}

func TestOnlyThisMachineUnlessAllowed(t *testing.T) {
	for _, url := range []string{"http://192.0.2.1:11434", "http://models.example", "http://localhost.example:1"} {
		e := reasoner.Endpoint{Kind: reasoner.Ollama, URL: url}
		if err := e.Validate(); contracts.CodeOf(err) != contracts.CodePrivacyViolation {
			t.Errorf("%s: %v", url, err)
		}
		if e.Remote = true; e.Validate() != nil {
			t.Errorf("%s is refused though allowed", url)
		}
	}
	for _, url := range []string{"ftp://127.0.0.1", "http://user@127.0.0.1", "http://127.0.0.1/v1", "127.0.0.1:1"} {
		if err := (reasoner.Endpoint{Kind: reasoner.Ollama, URL: url}).Validate(); contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%s: %v", url, err)
		}
	}
	f := newFake(t, reasoner.Ollama, []string{"x"})
	r, err := reasoner.New([]reasoner.Endpoint{{Kind: f.kind, URL: f.URL, Remote: true}}, reasoner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Invoke(t.Context(), call(func(c *reasoner.Call) { c.Local = true }), nil); contracts.CodeOf(err) != contracts.CodePrivacyViolation || r.Asked() != 0 {
		t.Errorf("a private call left: %v", err)
	}
	for text, kind := range map[string]reasoner.Kind{"http://127.0.0.1:11434/": reasoner.Ollama, "http://[::1]:1234": reasoner.LMStudio, "http://127.0.0.1:9": reasoner.LlamaCPP, "ollama=http://127.0.0.1:9": reasoner.Ollama} {
		if e, err := reasoner.ParseEndpoint(text); err != nil || e.Kind != kind {
			t.Errorf("%s is %+v, %v", text, e, err)
		}
	}
}

func TestServersAreDetected(t *testing.T) {
	var all []reasoner.Endpoint
	for _, kind := range kinds {
		all = append(all, newFake(t, kind).endpoint())
	}
	swapped := all[0]
	swapped.Kind = reasoner.Ollama
	found := reasoner.Detect(t.Context(), append(all, swapped, reasoner.Endpoint{Kind: reasoner.Ollama, URL: "http://127.0.0.1:1"}))
	if len(found) != 3 || found[0].Version != "b1-test" || found[1].Version != "0.13.0" {
		t.Errorf("found %+v", found)
	}
}
