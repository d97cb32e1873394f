package guard_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/krako-labs/krako/internal/guard"
)

func TestWhoIsLetIn(t *testing.T) {
	with := guard.Rules{Token: "secret", Hosts: []string{"lab.example"}}
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
