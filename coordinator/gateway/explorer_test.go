package gateway_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/krako-labs/krako/coordinator/gateway"
)

// The page needs no key, asks nobody else for anything, and keeps to a policy
// that it can live under.
func TestExplorerIsByItself(t *testing.T) {
	w := newWorld(gateway.Config{})
	w.key = ""
	elsewhere := regexp.MustCompile(`(?:src|href|url|from|import|fetch)\s*[=(:]?\s*["'(]\s*(?:https?:)?//`)
	inline := regexp.MustCompile(`(?i)<script>|\son[a-z]+\s*=|style\s*=\s*"|javascript:|innerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|localStorage|sessionStorage|document\.cookie`)
	for path, mediaType := range map[string]string{
		"/explorer": "text/html; charset=utf-8", "/explorer/style.css": "text/css; charset=utf-8", "/explorer/app.js": "text/javascript; charset=utf-8",
		"/explorer/icon.svg": "image/svg+xml",
	} {
		rec := w.get(path)
		if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != mediaType || rec.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, rec.Code, rec.Header())
		}
		policy := rec.Header().Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy %q lacks %s", path, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || strings.Contains(policy, "http") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		body := rec.Body.String()
		if m := elsewhere.FindString(body); m != "" {
			t.Errorf("%s asks somebody else: %s", path, m)
		}
		if m := inline.FindString(body); m != "" {
			t.Errorf("%s has %s, which the policy forbids or the page must not do", path, m)
		}
	}
	if rec := w.get("/explorer/explorer.go"); rec.Code != http.StatusNotFound {
		t.Errorf("another file: %d", rec.Code)
	}
}

// Every id that the script looks up is in the page.
func TestExplorerFindsItsElements(t *testing.T) {
	page, err := os.ReadFile("explorer/index.html")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("explorer/app.js")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`\$\('([a-z]+)'\)`).FindAllSubmatch(script, -1)
	if len(found) < 5 {
		t.Fatalf("the script looks up %d elements", len(found))
	}
	for _, m := range found {
		if !strings.Contains(string(page), `id="`+string(m[1])+`"`) {
			t.Errorf("the page has no %s", m[1])
		}
	}
}
