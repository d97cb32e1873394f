package gateway_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/gateway"
)

// The page needs no key, and its policy lets it ask this gateway only.
func TestConsoleIsByItself(t *testing.T) {
	w := newWorld(gateway.Config{})
	w.key = ""
	page := w.get("/console")
	if page.Code != http.StatusOK || !strings.HasPrefix(page.Header().Get("Content-Type"), "text/html") {
		t.Fatalf("%d %v", page.Code, page.Header())
	}
	found := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page.Body.String(), -1)
	if len(found) < 3 {
		t.Fatalf("the page names %v", found)
	}
	for _, f := range append(found, []string{"", "/console"}) {
		rec := w.get(f[1])
		policy := rec.Header().Get("Content-Security-Policy")
		if rec.Code != http.StatusOK || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %d, policy %q", f[1], rec.Code, policy)
		}
	}
	for _, path := range []string{"/console/", "/console/assets", "/console/none.js", "/console/..%2fconsole.go"} {
		if rec := w.get(path); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
}

// What a console is told is what the lists say, and no more than its key may see.
func TestWatch(t *testing.T) {
	w := newWorld(gateway.Config{})
	mine := w.things(t, "mine")
	view := func(key string) (v gateway.FabricView, all string) {
		t.Helper()
		all = w.do(with(key, request{method: http.MethodGet, target: "/v1/watch"})).Body.String()
		_, data, _ := strings.Cut(all, "event: view\ndata: ")
		data, _, _ = strings.Cut(data, "\n")
		if err := json.Unmarshal([]byte(data), &v); err != nil {
			t.Fatalf("%v in %q", err, all)
		}
		return v, all
	}
	v, _ := view(operatorKey())
	if !v.Operator || len(v.Sessions) != 1 || v.Sessions[0].SessionID != mine.session {
		t.Errorf("an operator sees %+v", v)
	}
	if v, all := view(w.add(t, "other", contracts.ScopeNodes)); v.Operator || len(v.Sessions) != 0 || strings.Contains(all, "\ndata: {\"specversion") {
		t.Errorf("a key that may see nodes is told %s", all)
	}
	if v, _ := view(w.add(t, "mine", contracts.ScopeNodes, contracts.ScopeRead)); len(v.Sessions) != 1 {
		t.Errorf("a tenant sees %d of its sessions", len(v.Sessions))
	}
}
