package guard_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/krako-labs/krako/internal/guard"
)

func TestWhoIsLetIn(t *testing.T) {
	with := guard.Rules{Token: "secret", Hosts: []string{"lab.example"}}
	pages := guard.Rules{Token: "secret", Cookie: "lab", Hosts: []string{"lab.example"}}
	link := map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
	for name, c := range map[string]struct {
		rules  guard.Rules
		host   string
		header map[string]string
		want   int
	}{
		"loopback":           {guard.Rules{}, "127.0.0.1:8080", nil, 200},
		"loopback by name":   {guard.Rules{}, "localhost:8080", nil, 200},
		"loopback, IPv6":     {guard.Rules{}, "[::1]:8080", nil, 200},
		"its own page":       {guard.Rules{}, "localhost:8080", map[string]string{"Origin": "http://localhost:8080", "Sec-Fetch-Site": "same-origin"}, 200},
		"rebound name":       {guard.Rules{}, "evil.example:8080", nil, 403},
		"another page":       {guard.Rules{}, "127.0.0.1:8080", map[string]string{"Origin": "https://evil.example"}, 403},
		"another port":       {guard.Rules{}, "127.0.0.1:8080", map[string]string{"Origin": "http://127.0.0.1:9"}, 403},
		"a page without one": {guard.Rules{}, "127.0.0.1:8080", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"opaque origin":      {guard.Rules{}, "127.0.0.1:8080", map[string]string{"Origin": "null"}, 403},
		"with token":         {with, "lab.example", map[string]string{"Authorization": "Bearer secret"}, 200},
		"without token":      {with, "lab.example", nil, 401},
		"wrong token":        {with, "127.0.0.1", map[string]string{"Authorization": "Bearer secre"}, 401},
		"token, other name":  {with, "evil.example", map[string]string{"Authorization": "Bearer secret"}, 403},
		"a link to a page":   {guard.Rules{Cookie: "lab"}, "localhost:8080", link, 200},
		"a link to no page":  {guard.Rules{}, "localhost:8080", link, 403},
		"a page in a frame":  {guard.Rules{Cookie: "lab"}, "localhost:8080", map[string]string{"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"}, 403},
		"a form elsewhere":   {guard.Rules{Cookie: "lab"}, "localhost:8080", map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403},
		"a cookie":           {pages, "lab.example", map[string]string{"Cookie": "lab=secret"}, 200},
		"another's cookie":   {pages, "lab.example", map[string]string{"Cookie": "other=secret"}, 401},
		"a wrong cookie":     {pages, "lab.example", map[string]string{"Cookie": "lab=secre"}, 401},
		"no cookie":          {pages, "lab.example", nil, 401},
		"cookie of no pages": {with, "lab.example", map[string]string{"Cookie": "=secret; lab=secret"}, 401},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Host = c.host
		for k, v := range c.header {
			r.Header.Set(k, v)
		}
		w := httptest.NewRecorder()
		c.rules.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })).ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s: %d, want %d: %s", name, w.Code, c.want, w.Body)
		}
	}
}

// The address of a page shows the token once; from then on the browser does.
func TestTheBrowserKeepsTheToken(t *testing.T) {
	ask := func(g guard.Rules, query string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, "/"+query, nil)
		r.Host = "localhost"
		w := httptest.NewRecorder()
		g.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })).ServeHTTP(w, r)
		return w.Result()
	}
	pages := guard.Rules{Token: "secret", Cookie: "lab"}
	res := ask(pages, "?token=secret")
	if c := res.Cookies(); res.StatusCode != 200 || len(c) != 1 || c[0].Name != "lab" || c[0].Value != "secret" || !c[0].HttpOnly || c[0].SameSite != http.SameSiteStrictMode {
		t.Errorf("%d, cookies %v", res.StatusCode, c)
	}
	for query, g := range map[string]guard.Rules{"?token=secre": pages, "?token=": pages, "": pages, "?token=secret": {Token: "secret"}} {
		if res := ask(g, query); res.StatusCode != 401 || len(res.Cookies()) != 0 {
			t.Errorf("%q: %d, cookies %v", query, res.StatusCode, res.Cookies())
		}
	}
	if res := ask(guard.Rules{Cookie: "lab"}, "?token="); res.StatusCode != 200 || len(res.Cookies()) != 0 {
		t.Errorf("where no token is wanted: %d, cookies %v", res.StatusCode, res.Cookies())
	}
}

func TestOffLoopbackWantsAToken(t *testing.T) {
	for address, allowed := range map[string]bool{"127.0.0.1:0": true, "localhost:1": true, "[::1]:1": true, ":8080": false, "0.0.0.0:1": false, "nonsense": false} {
		if err := (guard.Rules{}).Check(address); (err == nil) != allowed {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := (guard.Rules{Token: "x"}).Check("0.0.0.0:1"); err != nil {
		t.Error(err)
	}
}
