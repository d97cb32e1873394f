package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/gateway"
)

// world is a gateway in front of a fabric, without a network.
type world struct {
	*fabric
	handler http.Handler
	key     string // what requests present that say nothing else
	log     *bytes.Buffer
}

func newWorld(cfg gateway.Config) *world {
	w := &world{fabric: newFabric(), log: new(bytes.Buffer)}
	w.key = operatorKey()
	if cfg.Metrics == nil {
		cfg.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			_, _ = io.WriteString(w, "krako_units_open 7\n")
		})
	}
	w.handler = gateway.New(w.fabric, cfg, slog.New(slog.NewTextHandler(w.log, nil)))
	return w
}

// request is a request as a test spells it; head holds "Name: value" lines.
type request struct {
	method, target, body string
	head                 []string
}

// leaver is a client that leaves when it has seen some text.
type leaver struct {
	*httptest.ResponseRecorder
	text  string
	leave func()
}

func (l *leaver) Write(b []byte) (int, error) {
	n, err := l.ResponseRecorder.Write(b)
	if strings.Contains(string(b), l.text) {
		l.leave()
	}
	return n, err
}

func (w *world) do(r request) *httptest.ResponseRecorder {
	req := httptest.NewRequest(r.method, r.target, strings.NewReader(r.body))
	req.Host = "127.0.0.1:7700"
	if w.key != "" {
		req.Header.Set("Authorization", "Bearer "+w.key)
	}
	for _, line := range r.head {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			req.Host = value
		}
		req.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	if strings.HasPrefix(r.target, "/v1/watch") {
		// Such a stream has no end: who has seen a view leaves.
		ctx, leave := context.WithCancel(req.Context())
		defer leave()
		w.handler.ServeHTTP(&leaver{rec, "event: view", leave}, req.WithContext(ctx))
		return rec
	}
	w.handler.ServeHTTP(rec, req)
	return rec
}

func (w *world) get(target string) *httptest.ResponseRecorder {
	return w.do(request{method: http.MethodGet, target: target})
}

const jsonBody = "Content-Type: application/json"

func (w *world) submit(body string) *httptest.ResponseRecorder {
	return w.do(request{http.MethodPost, "/v1/sessions", body, []string{jsonBody}})
}

func encode(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func decode[T any](t testing.TB, rec *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(rec.Body.Bytes(), &v); err != nil {
		t.Fatalf("decode %q: %v", rec.Body, err)
	}
	return v
}

// wantProblem checks that rec is a well-formed problem and returns it.
func wantProblem(t testing.TB, rec *httptest.ResponseRecorder, status int, code contracts.Code) gateway.Problem {
	t.Helper()
	if rec.Code != status {
		t.Fatalf("status is %d, want %d: %s", rec.Code, status, rec.Body)
	}
	if ct := rec.Header().Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("content type is %q", ct)
	}
	p := decode[gateway.Problem](t, rec)
	if p.Code != code || p.Status != status || p.Title == "" || p.Detail == "" || !strings.HasSuffix(p.Type, "/problem/"+string(code)) {
		t.Errorf("want a whole problem %s, have %+v", code, p)
	}
	return p
}

func TestReads(t *testing.T) {
	w := newWorld(gateway.Config{})
	id := string(w.begin(t, 1))
	for target, want := range map[string]string{
		"/v1/nodes":        `{"nodes":[]}`,
		"/v1/pods":         `{"nodes":[]}`,
		"/v1/tasks":        `"task":"text/wordcount@1"`,
		"/v1/capabilities": `"max_units":100000`,
		"/healthz":         `{"status":"ok"}`,
		"/readyz":          `"state":"healthy"`,
		"/v1/sessions":     id,
		"/v1/sessions/" + id + "/units/a%2Fb:c.d/receipt": `"unit":"YS9iOmMuZA=="`,
		"/v1/sessions/" + id + "/units/%2E%2E/receipt":    `"unit":"Li4="`,
		"/v1/sessions/" + id + "/units/a%2Fb/placement":   `"work_unit_id":"a/b"`,
		"/v1/sessions/" + id:                              `"work_units":[]`,
		"/openapi.json":                                   `"openapi": "3.1.0"`,
	} {
		rec := w.get(target)
		if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%s: %d %s, want %s in it", target, rec.Code, rec.Body, want)
		}
		if rec.Header().Get("X-Content-Type-Options") != "nosniff" || rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v", target, rec.Header())
		}
	}
}

func TestSessionsArePaged(t *testing.T) {
	w := newWorld(gateway.Config{})
	want := map[contracts.SessionID]bool{}
	for range 5 {
		want[w.begin(t, 0)] = true
	}
	cursor := ""
	for page := range 3 {
		list := decode[contracts.SessionList](t, w.get("/v1/sessions?limit=2&cursor="+cursor))
		for _, s := range list.Sessions {
			delete(want, s.SessionID)
		}
		if cursor = list.Next; (cursor == "") != (page == 2) {
			t.Fatalf("page %d has next %q", page, cursor)
		}
	}
	if len(want) > 0 {
		t.Errorf("not listed: %v", want)
	}
}

func TestReadinessFollowsTheFabric(t *testing.T) {
	w := newWorld(gateway.Config{})
	w.health = contracts.Unavailable
	rec := w.get("/readyz")
	if rec.Code != http.StatusServiceUnavailable || decode[contracts.BackendStatus](t, rec).State != contracts.Unavailable {
		t.Errorf("readyz: %d %s", rec.Code, rec.Body)
	}
	if rec := w.get("/healthz"); rec.Code != http.StatusOK {
		t.Errorf("healthz: %d, a process that answers is alive", rec.Code)
	}
	w.health = contracts.Degraded
	if rec := w.get("/readyz"); rec.Code != http.StatusOK {
		t.Errorf("readyz when degraded: %d", rec.Code)
	}
}

func TestCancel(t *testing.T) {
	w := newWorld(gateway.Config{})
	id := w.begin(t, 0)
	for range 2 {
		if rec := w.do(request{method: http.MethodPost, target: "/v1/sessions/" + string(id) + "/cancel"}); rec.Code != http.StatusNoContent {
			t.Fatalf("cancel: %d %s", rec.Code, rec.Body)
		}
	}
	if s := w.sessions[id].view.State; s != contracts.SessionCancelled {
		t.Errorf("state is %s", s)
	}
}

const nobody = "01890000-0000-7000-8000-000000000000"

func TestBadRequests(t *testing.T) {
	w := newWorld(gateway.Config{})
	id := string(w.begin(t, 0))
	for _, c := range []struct {
		method, target string
		status         int
		code           contracts.Code
		offender       string
	}{
		{"GET", "/", 404, contracts.CodeNotFound, "/"},
		{"GET", "//v1/sessions", 404, contracts.CodeNotFound, "//v1/sessions"},
		{"GET", "/v1/./sessions", 404, contracts.CodeNotFound, "/v1/./sessions"},
		{"GET", "/v1/../healthz", 404, contracts.CodeNotFound, "/v1/../healthz"},
		{"GET", "/v1/sessions/", 404, contracts.CodeNotFound, "/v1/sessions/"},
		{"GET", "/v2/sessions", 404, contracts.CodeNotFound, "/v2/sessions"},
		{"DELETE", "/v1/sessions", 405, contracts.CodeUnsupported, "DELETE"},
		{"POST", "/v1/nodes", 405, contracts.CodeUnsupported, "POST"},
		{"GET", "/v1/sessions?limit=0", 422, contracts.CodeValidation, "query.limit"},
		{"GET", "/v1/sessions?limit=501", 422, contracts.CodeValidation, "query.limit"},
		{"GET", "/v1/sessions?limit=many", 422, contracts.CodeValidation, "query.limit"},
		{"GET", "/v1/sessions?page=2", 422, contracts.CodeValidation, "query.page"},
		{"GET", "/v1/sessions/42", 422, contracts.CodeValidation, "path.id"},
		{"GET", "/v1/sessions/" + nobody, 404, contracts.CodeNotFound, nobody},
		{"GET", "/v1/sessions/" + nobody + "/events", 404, contracts.CodeNotFound, nobody},
		{"GET", "/v1/sessions/" + nobody + "/result?wait=60s", 404, contracts.CodeNotFound, nobody},
		{"POST", "/v1/sessions/" + nobody + "/cancel", 404, contracts.CodeNotFound, nobody},
		{"GET", "/v1/sessions/" + nobody + "/units/u/receipt", 404, contracts.CodeNotFound, nobody},
		{"GET", "/v1/sessions/" + id + "/units/a%20b/receipt", 422, contracts.CodeValidation, "path.unit"},
		{"GET", "/v1/sessions/" + id + "/events?after=" + nobody, 404, contracts.CodeNotFound, nobody},
		{"GET", "/v1/sessions/" + id + "/result?wait=61s", 422, contracts.CodeValidation, "query.wait"},
		{"GET", "/v1/sessions/" + id + "/result?wait=-1s", 422, contracts.CodeValidation, "query.wait"},
		{"GET", "/v1/sessions/" + id + "/result?wait=30", 422, contracts.CodeValidation, "query.wait"},
	} {
		rec := w.do(request{method: c.method, target: c.target})
		if p := wantProblem(t, rec, c.status, c.code); p.Offender != c.offender {
			t.Errorf("%s %s: offender is %q, want %q", c.method, c.target, p.Offender, c.offender)
		}
	}
	if rec := w.do(request{method: "DELETE", target: "/v1/sessions"}); rec.Header().Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("allow is %q", rec.Header().Get("Allow"))
	}
}

func TestFabricErrorsKeepTheirCode(t *testing.T) {
	w := newWorld(gateway.Config{})
	for _, c := range []struct {
		code   contracts.Code
		status int
	}{
		{contracts.CodeValidation, 422}, {contracts.CodeNotFound, 404}, {contracts.CodeConflict, 409},
		{contracts.CodeRateLimited, 429}, {contracts.CodeResourceExhausted, 429}, {contracts.CodeAuth, 403},
		{contracts.CodeUnsupported, 501}, {contracts.CodePrivacyViolation, 403}, {contracts.CodeTimeout, 504},
		{contracts.CodeNetwork, 502}, {contracts.CodeModelUnavailable, 503}, {contracts.CodeVersionMismatch, 422},
	} {
		w.fail = contracts.Errorf(c.code, "someone", "because")
		for _, target := range []string{"/v1/nodes", "/v1/sessions/" + nobody, "/v1/sessions/" + nobody + "/events", "/v1/sessions/" + nobody + "/result", "/readyz"} {
			rec := w.get(target)
			p := wantProblem(t, rec, c.status, c.code)
			if p.Offender != "someone" || p.Detail != "because" {
				t.Errorf("%s: %+v", target, p)
			}
			if wait := rec.Header().Get("Retry-After"); (wait != "") != (c.status == 429 || c.status == 503) {
				t.Errorf("%s: %d with retry after %q", target, c.status, wait)
			}
			if auth := rec.Header().Get("WWW-Authenticate"); auth != "" {
				t.Errorf("%s: %d with challenge %q, though the key is good", target, c.status, auth)
			}
		}
	}
	if w.log.Len() > 0 {
		t.Errorf("the caller's errors were logged: %s", w.log)
	}
}

func TestInternalsNeverLeak(t *testing.T) {
	const secret = "/var/lib/krako/secret"
	for name, err := range map[string]error{
		"plain":   errors.New("open " + secret),
		"coded":   contracts.Errorf(contracts.CodeInternal, secret, "open: %w", errors.New(secret)),
		"unknown": contracts.Errorf("NO_SUCH_CODE", secret, "open %s", secret),
	} {
		w := newWorld(gateway.Config{})
		w.fail = err
		for _, target := range []string{"/v1/nodes", "/v1/sessions/" + nobody + "/events"} {
			w.log.Reset()
			rec := w.get(target)
			wantProblem(t, rec, http.StatusInternalServerError, contracts.CodeInternal)
			if strings.Contains(rec.Body.String(), secret) {
				t.Errorf("%s: answer tells %s", name, rec.Body)
			}
			if !strings.Contains(w.log.String(), secret) && name != "unknown" {
				t.Errorf("%s: log does not tell: %s", name, w.log)
			}
		}
	}
}

func TestPanicIsAnInternalError(t *testing.T) {
	w := newWorld(gateway.Config{})
	w.fault = "the sky fell"
	rec := w.get("/v1/nodes")
	wantProblem(t, rec, http.StatusInternalServerError, contracts.CodeInternal)
	if strings.Contains(rec.Body.String(), "sky") || !strings.Contains(w.log.String(), "the sky fell") {
		t.Errorf("answer %s, log %s", rec.Body, w.log)
	}
	w = newWorld(gateway.Config{})
	w.fault = errors.New("the sky fell")
	rec = w.get("/v1/sessions/" + nobody + "/events")
	wantProblem(t, rec, http.StatusInternalServerError, contracts.CodeInternal)
}

func TestHostMustBeThisMachine(t *testing.T) {
	w := newWorld(gateway.Config{})
	for host, ok := range map[string]bool{
		"127.0.0.1": true, "127.0.0.1:80": true, "127.9.9.9:1": true, "[::1]:80": true, "[::1]": true, "localhost": true, "LocalHost:80": true,
		"[::ffff:127.0.0.1]:80": true, "": false, "example.com": false, "localhost.example.com": false, "127.0.0.1.example.com:80": false,
		"10.0.0.1": false, "0.0.0.0:80": false, "[::]:80": false, "1.0.0.127.in-addr.arpa": false,
	} {
		rec := w.do(request{method: "GET", target: "/v1/nodes", head: []string{"Host: " + host}})
		if ok != (rec.Code == http.StatusOK) {
			t.Errorf("host %q: %d %s", host, rec.Code, rec.Body)
		}
		if !ok {
			wantProblem(t, rec, http.StatusMisdirectedRequest, contracts.CodeAuth)
		}
	}
}

func TestOtherOriginsMayNotWrite(t *testing.T) {
	w := newWorld(gateway.Config{})
	cancel := "/v1/sessions/" + string(w.begin(t, 0)) + "/cancel"
	for _, c := range []struct {
		head []string
		ok   bool
	}{
		{nil, true},
		{[]string{"Origin: http://127.0.0.1:7700"}, true},
		{[]string{"Sec-Fetch-Site: same-origin"}, true},
		{[]string{"Sec-Fetch-Site: cross-site"}, false},
		{[]string{"Sec-Fetch-Site: same-site", "Origin: http://127.0.0.1:9999"}, false},
		{[]string{"Origin: http://127.0.0.1:9999"}, false},
		{[]string{"Origin: null"}, false},
	} {
		rec := w.do(request{method: http.MethodPost, target: cancel, head: c.head})
		if c.ok && rec.Code != http.StatusNoContent {
			t.Errorf("%v: %d %s", c.head, rec.Code, rec.Body)
		}
		if !c.ok {
			wantProblem(t, rec, http.StatusForbidden, contracts.CodeAuth)
		}
	}
	if rec := w.do(request{method: http.MethodGet, target: "/v1/nodes", head: []string{"Origin: http://evil.example"}}); rec.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Error("another origin may read")
	}
}

// What is served is what is described, and the other way round; pages and the
// description itself are no operations.
func TestServedAndDescribedAreOne(t *testing.T) {
	w := newWorld(gateway.Config{})
	served := gateway.Patterns()
	for _, op := range w.operations(t) {
		pattern := op.method + " " + op.path
		if !slices.Contains(served, pattern) {
			t.Errorf("%s is described and not served", pattern)
		}
		served = slices.DeleteFunc(served, func(p string) bool { return p == pattern })
	}
	slices.Sort(served)
	pages := []string{"GET /console", "GET /console/{file...}", "GET /explorer", "GET /explorer/app.js", "GET /explorer/icon.svg", "GET /explorer/style.css", "GET /openapi.json"}
	if !slices.Equal(served, pages) {
		t.Errorf("served and not described: %v, want %v", served, pages)
	}
}

// CONTRACTS section 10 lists these calls.
func TestContractIsServed(t *testing.T) {
	served := gateway.Patterns()
	for _, want := range []string{
		"POST /v1/sessions", "GET /v1/sessions", "GET /v1/sessions/{id}", "GET /v1/sessions/{id}/events", "GET /v1/sessions/{id}/result",
		"POST /v1/sessions/{id}/cancel", "POST /v1/quotes", "PUT /v1/blocks", "GET /v1/blocks/{cid}", "HEAD /v1/blocks/{cid}",
		"GET /v1/tasks", "GET /v1/nodes", "GET /v1/pods", "GET /v1/trust/{node}", "GET /v1/wallet", "GET /v1/ledger", "GET /v1/capacity",
		"GET /v1/capabilities", "GET /healthz", "GET /readyz", "GET /metrics", "GET /openapi.json",
	} {
		if !slices.Contains(served, want) {
			t.Errorf("%s is not served", want)
		}
	}
}

// Metrics are for those who may see the nodes, and fail as everything else does.
func TestMetrics(t *testing.T) {
	w := newWorld(gateway.Config{})
	rec := w.get("/metrics")
	if rec.Code != http.StatusOK || rec.Body.String() != "krako_units_open 7\n" || rec.Header().Get("Content-Type") != "text/plain; version=0.0.4" {
		t.Errorf("%d %v %s", rec.Code, rec.Header(), rec.Body)
	}
	w.key = ""
	wantProblem(t, w.get("/metrics"), http.StatusUnauthorized, contracts.CodeAuth)
	for status, want := range map[int]struct {
		status int
		code   contracts.Code
	}{
		http.StatusInternalServerError: {http.StatusInternalServerError, contracts.CodeInternal},
		http.StatusServiceUnavailable:  {http.StatusServiceUnavailable, contracts.CodeResourceExhausted},
	} {
		w := newWorld(gateway.Config{Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "inner secret", status) })})
		rec := w.get("/metrics")
		wantProblem(t, rec, want.status, want.code)
		if strings.Contains(rec.Body.String(), "secret") || rec.Header().Get("Retry-After") == "" && want.status == http.StatusServiceUnavailable {
			t.Errorf("%d: %v %s", status, rec.Header(), rec.Body)
		}
	}
	bare := &world{fabric: newFabric(), key: operatorKey()}
	bare.handler = gateway.New(bare.fabric, gateway.Config{}, slog.New(slog.DiscardHandler))
	wantProblem(t, bare.get("/metrics"), http.StatusNotImplemented, contracts.CodeUnsupported)
}
