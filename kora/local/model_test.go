package local

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama/llamatest"
	"github.com/krako-labs/krako/internal/llama/server"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
	"github.com/krako-labs/krako/kora"
	"github.com/krako-labs/krako/kora/plan"
	"github.com/krako-labs/krako/kora/reasoner"
)

// What can be computed is computed, and the real server is asked for the rest,
// exactly as often as telemetry tells.
func TestRealModelIsAskedOnlyWhereItMust(t *testing.T) {
	models := real(t, llamatest.Config(t, llamatest.Scripted(t, "because of scattering")))
	l, err := Open(t.Context(), Options{Models: models, CacheDir: sandboxtest.CodeCache(filepath.Join(t.TempDir(), "compiled"))})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(t.Context())
	for _, c := range []struct {
		message, want string
		use           plan.ModelUse
		kind          plan.Kind
		calls         int64
	}{
		{"what is 2 + 2", "4", plan.ModelIfNeeded, plan.Deterministic, 0},
		{"why is the sky blue?", "because of scattering", plan.ModelIfNeeded, plan.Model, 1},
		{"what is 2 + 2", "because of scattering", plan.ModelOnly, plan.Model, 1},
		{"why is the sky blue?", "", plan.ModelNever, plan.None, 0},
	} {
		before := models.Asked()
		var heard string
		r, err := l.Follow(t.Context(), plan.Request{Message: c.message, Models: c.use, Zone: "UTC", Locale: "en-US"}, kora.Observer{
			Tokens: func(p contracts.Tokens) { heard += p.Text },
		})
		if err != nil {
			t.Fatal(err)
		}
		if r.Text != c.want || r.Kind != c.kind || models.Asked()-before != c.calls {
			t.Errorf("%q (%d) is answered by %s with %q after %d calls: %v", c.message, c.use, r.Kind, r.Text, models.Asked()-before, r.Error)
		}
		if c.calls > 0 && (heard != c.want || r.Result.Telemetry.ModelInvocationCount != c.calls || r.Result.Telemetry.TotalTokens == 0) {
			t.Errorf("heard %q, telemetry %+v", heard, r.Result.Telemetry)
		}
	}
}

// real starts a llama-server and returns the reasoner that asks it.
func real(t *testing.T, c server.Config) *reasoner.Reasoner {
	t.Helper()
	_, st := llamatest.Start(t, c)
	at := st.Client.Endpoint()
	e := reasoner.Endpoint{Kind: reasoner.LlamaCPP, URL: at.URL, Key: at.Key}
	if at.Socket != "" {
		e.URL = "unix://" + at.Socket
	}
	models, err := reasoner.New([]reasoner.Endpoint{e}, reasoner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return models
}

// A real server takes the schema of a plan. What its model, which talks nonsense,
// plans is refused, and the plain question asked; every call is in telemetry.
func TestRealModelPlans(t *testing.T) {
	if testing.Short() {
		t.Skip("a model reads the whole catalogue twice")
	}
	c := llamatest.Config(t, llamatest.Nonsense(t))
	c.Slots, c.Context = 1, 16384
	models := real(t, c)
	l, err := Open(t.Context(), Options{Models: models, CacheDir: sandboxtest.CodeCache(filepath.Join(t.TempDir(), "compiled"))})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(t.Context())
	r, err := l.Ask(t.Context(), plan.Request{
		Message: apples, ModelPlans: true, Zone: "UTC", Locale: "en-US", Model: contracts.ModelCall{MaxTokens: 64},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range r.Drafts {
		if code := d.Result.Metadata.Error; code != nil && strings.Contains(code.Message, "UNSUPPORTED") {
			t.Errorf("the server does not take the schema: %v", code)
		}
	}
	if n := models.Asked(); n != r.ModelCalls() || n < 2 || n > 3 || len(r.Drafts) == 0 {
		t.Errorf("%d calls, telemetry has %d, %d drafts: %+v", n, r.ModelCalls(), len(r.Drafts), r.Plan.Decisions)
	}
	t.Logf("%s: %q, drafts %+v", r.Kind, r.Text, r.Drafts)
}
