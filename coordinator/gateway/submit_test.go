package gateway_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/gateway"
)

func submission(t testing.TB, g *contracts.TaskGraph) string {
	return encode(t, contracts.SubmitRequest{TaskGraph: *g, Metadata: metadata()})
}

func TestSubmit(t *testing.T) {
	w := newWorld(gateway.Config{})
	body := submission(t, graph())
	rec := w.submit(body)
	if rec.Code != http.StatusAccepted {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	out := decode[contracts.SubmitResponse](t, rec)
	if out.Status != contracts.SubmitAccepted || out.Existing || rec.Header().Get("Location") != "/v1/sessions/"+string(out.SessionID) {
		t.Errorf("%+v at %q", out, rec.Header().Get("Location"))
	}
	again := decode[contracts.SubmitResponse](t, w.submit(body))
	if !again.Existing || again.SessionID != out.SessionID {
		t.Errorf("submitted again: %+v, want the session of %+v", again, out)
	}
}

func TestSubmitIsStrict(t *testing.T) {
	w := newWorld(gateway.Config{})
	whole := submission(t, graph())
	edit := func(old, new string) string {
		if !strings.Contains(whole, old) {
			t.Fatalf("%q is not in %s", old, whole)
		}
		return strings.Replace(whole, old, new, 1)
	}
	for name, c := range map[string]struct{ body, offender string }{
		"empty":                  {"", ""},
		"not JSON":               {"task_graph", ""},
		"array":                  {"[]", ""},
		"null":                   {"null", ""},
		"cut short":              {whole[:len(whole)-1], ""},
		"trailing data":          {whole + "{}", ""},
		"invalid UTF-8":          {edit("wordcount", "\xff"), "/work_units/0/program/task"},
		"unknown field":          {edit(`{"task_graph"`, `{"extra":1,"task_graph"`), "/extra"},
		"unknown field in graph": {edit(`"graph_version"`, `"Graph_Version":"x","graph_version"`), "/Graph_Version"},
		"unknown field in unit":  {edit(`{"id":"unit"`, `{"id":"unit","colour":"red"`), "/work_units/0/colour"},
		"duplicate key":          {edit(`{"id":"unit"`, `{"id":"other","id":"unit"`), "/work_units/0/id"},
		"wrong type":             {edit(`"tenant_id":"tenant"`, `"tenant_id":7`), "/tenant_id"},
		"inexact number":         {edit(`"budgets":{}`, `"budgets":{"max_fuel":9007199254740993}`), "/budgets/max_fuel"},
		"no metadata":            {`{"task_graph":` + encode(t, graph()) + `}`, "/submission_metadata/submitted_at"},
		"no version":             {edit(`"kora_version":"test"`, `"kora_version":""`), "/submission_metadata/kora_version"},
		"long trace":             {edit(`"kora_version"`, `"trace_id":"`+strings.Repeat("x", 129)+`","kora_version"`), "/submission_metadata/trace_id"},
	} {
		t.Run(name, func(t *testing.T) {
			p := wantProblem(t, w.submit(c.body), http.StatusUnprocessableEntity, contracts.CodeValidation)
			if p.Offender != c.offender || p.Submission != contracts.SubmitRejectedSchema {
				t.Errorf("offender is %q, want %q: %+v", p.Offender, c.offender, p)
			}
			for _, v := range p.Violations {
				if v.Rule != contracts.RuleDocument || v.Path != c.offender {
					t.Errorf("violation %+v", v)
				}
			}
		})
	}
	if len(w.sessions) > 0 {
		t.Errorf("%d sessions were made", len(w.sessions))
	}
}

func TestSubmitNamesEveryViolation(t *testing.T) {
	w := newWorld(gateway.Config{})
	g := graph()
	g.GraphID = strings.Repeat("é", 1<<20)
	g.WorkUnits[0].Dependencies = []contracts.UnitID{"unit"}
	p := wantProblem(t, w.submit(submission(t, g)), http.StatusUnprocessableEntity, contracts.CodeValidation)
	rules := map[contracts.Rule]bool{}
	for _, v := range p.Violations {
		rules[v.Rule] = true
	}
	if !rules[contracts.RuleIdentity] || !rules[contracts.RuleDepSelf] || p.Submission != contracts.SubmitRejectedSchema {
		t.Errorf("%+v", p)
	}
	if size := len(encode(t, p)); size > 10<<10 {
		t.Errorf("the problem quotes %d bytes of what is wrong", size)
	}

	g = graph()
	negative := int64(-1)
	g.Budgets.MaxTokens = &negative
	p = wantProblem(t, w.submit(submission(t, g)), http.StatusUnprocessableEntity, contracts.CodeValidation)
	if p.Submission != contracts.SubmitRejectedBudget {
		t.Errorf("%+v", p)
	}
}

func TestSubmitRefusals(t *testing.T) {
	w := newWorld(gateway.Config{})
	g := graph()
	first := submission(t, g)
	w.submit(first)
	g.GraphVersion = "other"
	p := wantProblem(t, w.submit(submission(t, g)), http.StatusConflict, contracts.CodeConflict)
	if p.Submission != "" {
		t.Errorf("%+v", p)
	}
	w.fail = contracts.Errorf(contracts.CodeRateLimited, "tenant", "too many sessions")
	rec := w.submit(first)
	p = wantProblem(t, rec, http.StatusTooManyRequests, contracts.CodeRateLimited)
	if p.Submission != contracts.SubmitRejectedCapacity || rec.Header().Get("Retry-After") != "1" {
		t.Errorf("%+v, retry after %q", p, rec.Header().Get("Retry-After"))
	}
}

func TestBodiesAreBounded(t *testing.T) {
	body := submission(t, graph())
	size := int64(len(body))
	fits := newWorld(gateway.Config{MaxDocumentBytes: size})
	if rec := fits.submit(body); rec.Code != http.StatusAccepted {
		t.Errorf("a body of the limit: %d %s", rec.Code, rec.Body)
	}
	small := newWorld(gateway.Config{MaxDocumentBytes: size - 1, MaxBlockBytes: 3})
	wantProblem(t, small.submit(body), http.StatusRequestEntityTooLarge, contracts.CodeValidation)
	wantProblem(t, small.do(request{http.MethodPut, "/v1/blocks", "four", []string{"Content-Type: application/vnd.ipld.raw"}}),
		http.StatusRequestEntityTooLarge, contracts.CodeValidation)

	chunked := httptest.NewRequest(http.MethodPost, "/v1/sessions", io.MultiReader(strings.NewReader(body)))
	chunked.Host, chunked.ContentLength = "localhost", -1
	chunked.Header.Set("Authorization", "Bearer "+operatorKey())
	chunked.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	small.handler.ServeHTTP(rec, chunked)
	wantProblem(t, rec, http.StatusRequestEntityTooLarge, contracts.CodeValidation)

	busy := newWorld(gateway.Config{MaxBufferedBytes: size - 1})
	rec = busy.submit(body)
	wantProblem(t, rec, http.StatusTooManyRequests, contracts.CodeResourceExhausted)
	if rec.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestBodyThatBreaksOff(t *testing.T) {
	w := newWorld(gateway.Config{MaxBufferedBytes: 100, MaxDocumentBytes: 100})
	for range 3 { // the room for the body is given back each time
		r := httptest.NewRequest(http.MethodPost, "/v1/sessions", io.MultiReader(strings.NewReader("{"), brokenReader{}))
		r.Host = "localhost"
		r.Header.Set("Authorization", "Bearer "+operatorKey())
		r.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		wantProblem(t, rec, http.StatusBadRequest, contracts.CodeNetwork)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestMediaTypes(t *testing.T) {
	w := newWorld(gateway.Config{})
	body := submission(t, graph())
	for _, head := range [][]string{
		nil, {"Content-Type: text/plain"}, {"Content-Type: application/x-www-form-urlencoded"}, {"Content-Type: ;"},
		{jsonBody, "Content-Encoding: gzip"}, {jsonBody + "; charset=iso-8859-1"},
	} {
		wantProblem(t, w.do(request{http.MethodPost, "/v1/sessions", body, head}), http.StatusUnsupportedMediaType, contracts.CodeUnsupported)
	}
	if rec := w.do(request{http.MethodPost, "/v1/sessions", body, []string{jsonBody + "; charset=utf-8"}}); rec.Code != http.StatusAccepted {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	wantProblem(t, w.do(request{http.MethodPut, "/v1/blocks", "x", []string{jsonBody}}), http.StatusUnsupportedMediaType, contracts.CodeUnsupported)
}

func FuzzSubmit(f *testing.F) {
	whole := submission(f, graph())
	f.Add([]byte(whole))
	f.Add([]byte(whole[:len(whole)/2]))
	f.Add([]byte(strings.Replace(whole, `"unit"`, `"u\u0000"`, 1)))
	f.Add([]byte(`{"task_graph":{"work_units":[{"input":{"a":1e999}}]}}`))
	f.Add([]byte(`{"task_graph":{"outputs":{"final":null},"ext":{"":[]}},"submission_metadata":{"submitted_at":"2026-01-01T00:00:00Z"}}`))
	f.Add(bytes.Repeat([]byte("["), 2000))
	w := newWorld(gateway.Config{MaxDocumentBytes: 1 << 20})
	f.Fuzz(func(t *testing.T, body []byte) {
		clear(w.sessions)
		w.log.Reset()
		rec := w.submit(string(body))
		if rec.Code == http.StatusAccepted {
			return
		}
		if rec.Code >= http.StatusInternalServerError || w.log.Len() > 0 {
			t.Fatalf("%d %s\n%s", rec.Code, rec.Body, w.log)
		}
		p := wantProblem(t, rec, rec.Code, decode[gateway.Problem](t, rec).Code)
		if len(p.Detail) > 2<<10 {
			t.Errorf("detail of %d bytes", len(p.Detail))
		}
	})
}

// Whoever traces is told of each new session once, and of nothing that was refused.
func TestNewSessionsAreTold(t *testing.T) {
	var told []contracts.SessionID
	began := time.Now()
	w := newWorld(gateway.Config{Answered: func(id contracts.SessionID, from, to time.Time) {
		told = append(told, id)
		if from.Before(began) || to.Before(from) || time.Now().Before(to) {
			t.Errorf("from %s to %s, it began at %s", from, to, began)
		}
	}})
	g := graph()
	id := decode[contracts.SubmitResponse](t, w.submit(submission(t, g))).SessionID
	w.submit(submission(t, g)) // again
	w.submit("{")
	w.fail = contracts.Errorf(contracts.CodeResourceExhausted, "", "no room")
	w.submit(submission(t, graph()))
	if len(told) != 1 || told[0] != id {
		t.Errorf("told of %v, want %s once", told, id)
	}
}
