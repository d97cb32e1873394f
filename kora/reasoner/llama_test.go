package reasoner_test

import (
	"encoding/json"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama/llamatest"
	"github.com/krako-labs/krako/kora/reasoner"
)

// real starts llama-server on a model and returns a reasoner of it.
func real(t *testing.T, model string) (*reasoner.Reasoner, reasoner.Endpoint) {
	t.Helper()
	c := llamatest.Config(t, model)
	_, st := llamatest.Start(t, c)
	at := st.Client.Endpoint()
	e := reasoner.Endpoint{Kind: reasoner.LlamaCPP, URL: at.URL, Key: at.Key}
	if at.Socket != "" {
		e.URL = "unix://" + at.Socket
	}
	r, err := reasoner.New([]reasoner.Endpoint{e}, reasoner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r, e
}

func TestRealServer(t *testing.T) {
	r, e := real(t, llamatest.Scripted(t, "the quick fox"))
	if found := reasoner.Detect(t.Context(), []reasoner.Endpoint{e}); len(found) != 1 || found[0].Version == "" {
		t.Fatalf("found %+v", found)
	}
	all, err := r.Models(t.Context())
	if err != nil || len(all) != 1 || all[0].Name != "test" || all[0].Context != 1024 {
		t.Fatalf("models %+v, %v", all, err)
	}
	var heard string
	a, err := r.Invoke(t.Context(), call(func(c *reasoner.Call) { c.MaxTokens = 64 }), func(p reasoner.Piece) { heard += p.Text })
	if err != nil || string(a.Output) != `"the quick fox"` || heard != "the quick fox" || a.Use.TokensIn == 0 || a.Use.TokensOut == 0 {
		t.Errorf("%s, heard %q, use %+v: %v", a.Output, heard, a.Use, err)
	}
	cut, err := r.Invoke(t.Context(), call(func(c *reasoner.Call) { c.MaxTokens = 2 }), nil)
	if err != nil || cut.Use.TokensOut != 2 {
		t.Errorf("%+v, %v", cut, err)
	}
	long := call(func(c *reasoner.Call) { c.Prompt = string(make([]byte, 4000)) })
	if _, err := r.Invoke(t.Context(), long, nil); contracts.CodeOf(err) != contracts.CodeContextOverflow {
		t.Errorf("a prompt that does not fit: %v", err)
	}
	if r.Asked() != 3 {
		t.Errorf("asked %d times", r.Asked())
	}
}

// Even a model that knows nothing obeys a grammar.
func TestRealServerDecodesUnderASchema(t *testing.T) {
	r, _ := real(t, llamatest.Nonsense(t))
	a, err := r.Invoke(t.Context(), call(func(c *reasoner.Call) {
		c.MaxTokens, c.Schema = 200, []byte(`{"type":"object","properties":{"action":{"enum":["yes","no"]}},"required":["action"],"additionalProperties":false}`)
	}), nil)
	var doc struct{ Action string }
	if err != nil || a.Code != "" || json.Unmarshal(a.Output, &doc) != nil || doc.Action != "yes" && doc.Action != "no" {
		t.Errorf("%+v %s, %v", a, a.Output, err)
	}
}
