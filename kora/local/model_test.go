package local

import (
	"path/filepath"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama/llamatest"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
	"github.com/krako-labs/krako/kora"
	"github.com/krako-labs/krako/kora/plan"
	"github.com/krako-labs/krako/kora/reasoner"
)

// What can be computed is computed, and the real server is asked for the rest,
// exactly as often as telemetry tells.
func TestRealModelIsAskedOnlyWhereItMust(t *testing.T) {
	_, st := llamatest.Start(t, llamatest.Config(t, llamatest.Scripted(t, "because of scattering")))
	at := st.Client.Endpoint()
	e := reasoner.Endpoint{Kind: reasoner.LlamaCPP, URL: at.URL, Key: at.Key}
	if at.Socket != "" {
		e.URL = "unix://" + at.Socket
	}
	models, err := reasoner.New([]reasoner.Endpoint{e}, reasoner.Options{})
	if err != nil {
		t.Fatal(err)
	}
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
