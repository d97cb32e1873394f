package studio_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/studio"
)

// gateway is one that knows what reached it. It runs nothing: that a fabric does is
// tested in a browser.
type gateway struct {
	*httptest.Server
	mu   sync.Mutex
	sent []string // what came with a body
	keys []string
}

func newGateway(t *testing.T) *gateway {
	g := &gateway{}
	answers := map[string]any{
		"GET /readyz":          contracts.BackendStatus{State: contracts.Healthy},
		"GET /v1/capabilities": contracts.BackendCapabilities{InterfaceVersion: contracts.BackendVersion, SchemaVersions: []string{contracts.Version}, TaskTypes: []contracts.UnitType{contracts.Deterministic}, Distributed: true},
		"GET /v1/nodes":        contracts.NodeList{Nodes: []contracts.NodeView{{NodeID: "12D3KooNode", Kind: "node", Connected: true, Slots: 2}}},
		"GET /v1/quotas":       contracts.QuotaList{Quotas: []contracts.QuotaView{{Tenant: "physics"}}},
		"GET /v1/wallet":       contracts.WalletView{Tenant: "physics", Currency: "USD", Available: "3.5"},
		"POST /v1/quotes":      contracts.Quote{Currency: "USD", Prices: "1", Most: "0.25", Available: "3.5", Affordable: true},
	}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.keys = append(g.keys, r.Header.Get("Authorization"))
		if r.Method != http.MethodGet {
			g.sent = append(g.sent, r.Method+" "+r.URL.Path)
		}
		v, ok := answers[r.Method+" "+r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) received() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.sent)
}

// TestNothingLeavesUnasked checks that a question goes to a fabric only where somebody
// agreed for its chat and that gateway, and that the key goes nowhere but there.
func TestNothingLeavesUnasked(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "fabric.json")
	p := open(t, dir, func(o *studio.Options) { o.FabricFile = file })
	g := newGateway(t)
	const key = "kk_id_very-secret"

	q := question("what is 15% of 2,340")
	q.Place = "krako"
	p.do("POST", "/api/messages", q, http.StatusUnprocessableEntity) // there is no fabric

	seen := string(p.do("PUT", "/api/fabric", map[string]any{"url": g.URL, "key": key}, http.StatusOK))
	seen += string(p.do("GET", "/api/fabric", nil, http.StatusOK)) + string(p.do("GET", "/api/state", nil, http.StatusOK))
	if strings.Contains(seen, key) {
		t.Error("the page is told the key")
	}
	f := get[studio.Fabric](p, "/api/fabric")
	if !f.HasKey || f.State != "healthy" || len(f.Nodes) != 1 || f.Wallet == nil || f.Wallet.Tenant != "physics" {
		t.Errorf("fabric is %+v", f)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v %v", info, err)
	}

	p.do("POST", "/api/messages", q, http.StatusForbidden)
	q.Agreed = "https://other.example"
	p.do("POST", "/api/messages", q, http.StatusForbidden)
	q.Agreed = ""
	var v studio.Quoted
	if err := json.Unmarshal(p.do("POST", "/api/quotes", q, http.StatusOK), &v); err != nil || v.Agreed || v.Units == 0 || v.Gateway != g.URL {
		t.Errorf("quote before consent is %+v, %v", v, err)
	}
	if sent := g.received(); len(sent) > 0 {
		t.Fatalf("sent without consent: %v", sent)
	}
	q.Agreed = g.URL
	if err := json.Unmarshal(p.do("POST", "/api/quotes", q, http.StatusOK), &v); err != nil || !v.Agreed || !v.Priced || v.Most != "0.25" || !v.Affordable {
		t.Errorf("quote is %+v, %v", v, err)
	}
	p.do("POST", "/api/messages", q, http.StatusOK)
	p.stream(q.Run, "", 100)
	if sent := g.received(); !slices.Equal(sent[:2], []string{"POST /v1/quotes", "POST /v1/sessions"}) {
		t.Errorf("sent %v", sent)
	}

	// The chat is remembered as agreed to; another one is not, nor is an imported copy.
	next := question("2 + 2")
	next.Chat, next.Parent, next.Place = q.Chat, q.Reply, "krako"
	p.do("POST", "/api/messages", next, http.StatusOK)
	p.stream(next.Run, "", 100)
	var file2 studio.Export
	if err := json.Unmarshal(p.do("GET", "/api/chats/"+q.Chat+"/export", nil, http.StatusOK), &file2); err != nil {
		t.Fatal(err)
	}
	var copied struct{ ID, Agreed, Place string }
	if err := json.Unmarshal(p.do("POST", "/api/chats", file2, http.StatusOK), &copied); err != nil || copied.Agreed != "" || copied.Place != "" {
		t.Errorf("copy %+v, %v", copied, err)
	}
	other := question("2 + 3")
	other.Place = "krako"
	p.do("POST", "/api/messages", other, http.StatusForbidden)

	// The key is of one gateway and is not shown to another.
	g2 := newGateway(t)
	p.do("PUT", "/api/fabric", map[string]any{"url": g2.URL}, http.StatusOK)
	if g2.mu.Lock(); slices.ContainsFunc(g2.keys, func(k string) bool { return k != "" }) {
		t.Errorf("another gateway was shown %v", g2.keys)
	}
	g2.mu.Unlock()
	next.Message, next.Reply, next.Run = uuid.NewString(), uuid.NewString(), uuid.NewString()
	p.do("POST", "/api/messages", next, http.StatusForbidden) // agreed to the first gateway only
	p.do("DELETE", "/api/fabric", nil, http.StatusOK)
	if b, err := os.ReadFile(file); err != nil || strings.Contains(string(b), key) {
		t.Errorf("forgotten key: %s %v", b, err)
	}
}
