package studio_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
	"github.com/krako-labs/krako/kora/local"
	"github.com/krako-labs/krako/studio"
	"github.com/krako-labs/krako/studio/history"
)

// compiled keeps compiled tasks for all tests of a process.
var compiled string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "studio")
	if err != nil {
		panic(err)
	}
	compiled = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// page is a Studio that is reached like one.
type page struct {
	t    *testing.T
	base string
}

const host = "studio.test:80"

// open starts a Studio on a real engine; change may change its options.
func open(t *testing.T, dir string, change func(*studio.Options)) *page {
	t.Helper()
	k, err := local.Open(t.Context(), local.Options{CacheDir: sandboxtest.CodeCache(compiled)})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := history.Open(t.Context(), filepath.Join(dir, "history.db"))
	if err != nil {
		t.Fatal(err)
	}
	o := studio.Options{
		Engine: k.Engine, History: kept, UI: fstest.MapFS{"index.html": {Data: []byte("the page")}}, Key: ed25519.NewKeyFromSeed(make([]byte, 32)),
		Hosts: []string{"studio.test"}, Zone: "UTC", Locale: "en-GB", Version: "test", Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&o)
	}
	s, err := studio.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		web.Close()
		s.Close()
		if err := k.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	return &page{t, web.URL}
}

// do sends a request as the page would, and fails unless it is answered so.
func (p *page) do(method, path string, body any, status int) []byte {
	p.t.Helper()
	r := p.request(method, path, body)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		p.t.Fatalf("%s %s: %d %s %v", method, path, res.StatusCode, b, err)
	}
	return b
}

func (p *page) request(method, path string, body any) *http.Request {
	p.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.base+path, bytes.NewReader(b))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Host = host
	r.Header.Set("Content-Type", "application/json")
	return r
}

func get[T any](p *page, path string) T {
	p.t.Helper()
	var v T
	if err := json.Unmarshal(p.do(http.MethodGet, path, nil, 200), &v); err != nil {
		p.t.Fatal(err)
	}
	return v
}

const both = "what is 15% of 2,340 and how many days from 3 March 2026 to 17 November 2026"

func question(text string) studio.Question {
	id := func() string { return uuid.Must(uuid.NewV7()).String() }
	return studio.Question{Chat: id(), Message: id(), Reply: id(), Run: id(), Text: text, Mode: "auto", Attachments: []history.Attachment{}}
}

// frame is one of a stream, as it came.
type frame struct{ ID, Event, Data string }

// stream reads at most most frames after the one with the given id.
func (p *page) stream(run, after string, most int) []frame {
	p.t.Helper()
	r := p.request(http.MethodGet, "/api/runs/"+run+"/stream", nil)
	r.Header.Set("Last-Event-ID", after)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	var frames []frame
	var f frame
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for len(frames) < most && lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			f.ID = value
		case "event":
			f.Event = value
		case "data":
			f.Data = value
		case "":
			if f.Data != "" {
				frames, f = append(frames, f), frame{}
			}
		}
	}
	return frames
}

// A question of two parts is computed, and everything about it can be seen: that
// is the whole story of Studio.
func TestAskAndSeeWhy(t *testing.T) {
	p := open(t, t.TempDir(), nil)
	q := question(both)
	p.do(http.MethodPost, "/api/messages", q, 200)
	p.do(http.MethodPost, "/api/messages", q, 200) // sent twice, said once
	whole := p.stream(q.Run, "", 1000)
	if n := len(whole); n < 3 || whole[0].Event != "plan" || whole[n-1].Event != "done" {
		t.Fatalf("frames: %v", whole)
	}
	run := get[studio.Run](p, "/api/runs/"+q.Run)
	if run.Text != "351\n259 days" || run.Kind != "deterministic" || run.Steps != 3 || run.WithoutModel != 3 || !run.Signed || run.State != "done" {
		t.Errorf("run: %+v", run)
	}
	for _, u := range run.Units {
		if len(u.Attempts) != 1 || u.Attempts[0].Outcome != "completed" {
			t.Errorf("attempts of %s: %+v", u.ID, u.Attempts)
		}
		steps := get[[]struct {
			Name, Detail string
			OK           bool
		}](p, "/api/runs/"+q.Run+"/units/"+u.ID+"/proof")
		if len(steps) != 4 {
			t.Errorf("proof of %s: %v", u.ID, steps)
		}
		for _, s := range steps {
			if !s.OK {
				t.Errorf("proof of %s: %+v", u.ID, s)
			}
		}
	}
	d := get[studio.Detail](p, "/api/runs/"+q.Run+"/units/answer")
	if !strings.Contains(d.Output, "259 days") || !strings.Contains(fmt.Sprint(d.Input), "351") {
		t.Errorf("answer: %+v", d)
	}
	var again studio.Repeat
	if err := json.Unmarshal(p.do(http.MethodPost, "/api/runs/"+q.Run+"/repeat", nil, 200), &again); err != nil || again.Same != 3 || again.Other != 0 {
		t.Errorf("repeat: %+v, %v", again, err)
	}
	for format, want := range map[string]string{"json": `"kora-run/1"`, "svg": "<svg", "markdown": "259 days", "mermaid": "flowchart", "dot": "digraph"} {
		if b := p.do(http.MethodGet, "/api/runs/"+q.Run+"/export?format="+format, nil, 200); !bytes.Contains(b, []byte(want)) {
			t.Errorf("%s: %.200s", format, b)
		}
	}
	p.do(http.MethodGet, "/api/runs/"+q.Run+"/export?format=pdf", nil, 422)
	if chats := get[[]history.Found](p, "/api/chats?q=MARCH"); len(chats) != 1 || !strings.Contains(chats[0].Excerpt, "3 March") {
		t.Errorf("found: %+v", chats)
	}
}

// Whenever a stream is cut, the rest of it makes the same page.
func TestStreamIsCutAnywhere(t *testing.T) {
	p := open(t, t.TempDir(), nil)
	q := question(both)
	p.do(http.MethodPost, "/api/messages", q, 200)
	// Cut after every frame while it runs. A run that has ended meanwhile is told in
	// one frame that says all.
	var pieces []frame
	after := ""
	for len(pieces) == 0 || pieces[len(pieces)-1].Event != "done" {
		got := p.stream(q.Run, after, 1)
		if len(got) != 1 {
			t.Fatalf("after %q: %v", after, got)
		}
		pieces, after = append(pieces, got...), got[0].ID
	}
	if !slices.IsSortedFunc(pieces, func(a, b frame) int { return len(a.ID) - len(b.ID) }) {
		t.Errorf("out of order: %v", pieces)
	}
	last := pieces[len(pieces)-1].Data
	for n := range 30 {
		got := p.stream(q.Run, fmt.Sprint(n), 1000)
		if end := got[len(got)-1]; end.Event != "done" || end.Data != last {
			t.Fatalf("after %d: %s", n, cmp.Diff(last, end.Data))
		}
	}
}

// Editing makes a branch; chats leave and come back with everything.
func TestBranchesAndExport(t *testing.T) {
	p := open(t, t.TempDir(), nil)
	q := question("2 + 2")
	p.do(http.MethodPost, "/api/messages", q, 200)
	p.stream(q.Run, "", 1000)
	edited := question("2 + 3")
	edited.Chat = q.Chat
	p.do(http.MethodPost, "/api/messages", edited, 200)
	p.stream(edited.Run, "", 1000)
	c := get[studio.Thread](p, "/api/chats/"+q.Chat)
	if len(c.Messages) != 4 || len(c.Runs) != 2 || c.Leaf != edited.Reply {
		t.Fatalf("chat: %+v", c)
	}
	file := get[studio.Export](p, "/api/chats/"+q.Chat+"/export?format=json")
	var in history.Chat
	if err := json.Unmarshal(p.do(http.MethodPost, "/api/chats", file, 200), &in); err != nil {
		t.Fatal(err)
	}
	back := get[studio.Thread](p, "/api/chats/"+in.ID)
	if len(back.Messages) != 4 || len(back.Runs) != 2 || back.Messages[3].Text != "5" || back.Runs[1].Text != "5" || back.Messages[0].ID == c.Messages[0].ID {
		t.Errorf("imported: %+v", back)
	}
	md := p.do(http.MethodGet, "/api/chats/"+q.Chat+"/export?format=markdown", nil, 200)
	if !strings.Contains(string(md), "2 + 3") || strings.Contains(string(md), "\n2 + 2\n") {
		t.Errorf("the branch that is shown: %s", md)
	}
	p.do(http.MethodPatch, "/api/chats/"+q.Chat, map[string]string{"title": "Sums", "leaf": q.Reply}, 200)
	if c := get[studio.Thread](p, "/api/chats/"+q.Chat); c.Title != "Sums" || c.Leaf != q.Reply {
		t.Errorf("changed: %+v", c.Chat)
	}
	p.do(http.MethodDelete, "/api/chats/"+q.Chat, nil, 200)
	p.do(http.MethodGet, "/api/chats/"+q.Chat, nil, 404)
	p.do(http.MethodGet, "/api/runs/"+q.Run, nil, 404)
}

func TestNoAnswerIsSaid(t *testing.T) {
	p := open(t, t.TempDir(), nil)
	q := question("write me a poem about the sea")
	p.do(http.MethodPost, "/api/messages", q, 200)
	p.stream(q.Run, "", 1000)
	run := get[studio.Run](p, "/api/runs/"+q.Run)
	if run.State != "failed" || run.Kind != "none" || run.Failure == nil || len(run.Decisions) == 0 {
		t.Errorf("run: %+v", run)
	}
	only := question("2 + 2")
	only.Mode = "only"
	p.do(http.MethodPost, "/api/messages", only, 422)
	p.do(http.MethodPost, "/api/messages", question("  "), 422)
}

// What a Studio that was killed left unanswered is said to have been stopped.
func TestInterruptedRuns(t *testing.T) {
	dir := t.TempDir()
	kept, err := history.Open(t.Context(), filepath.Join(dir, "history.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = kept.Say(t.Context(), history.Chat{ID: "c"}, &history.Run{ID: "r", Message: "m", Request: json.RawMessage("{}")},
		history.Message{ID: "m", Chat: "c", Role: history.Assistant, Run: "r"})
	if err != nil {
		t.Fatal(err)
	}
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
	p := open(t, dir, nil)
	if run := get[studio.Run](p, "/api/runs/r"); run.State != "stopped" {
		t.Errorf("run: %+v", run)
	}
}

// A run that was stopped has no result. Its events say what was done and what was not.
func TestStoppedRuns(t *testing.T) {
	p := open(t, t.TempDir(), nil)
	event := func(kind contracts.EventType, unit string) contracts.Event {
		return contracts.Event{ID: uuid.NewString(), Type: kind, Subject: unit, SessionID: "the-session"}
	}
	events, err := json.Marshal([]contracts.Event{
		event(contracts.EventSessionStarted, ""),
		event(contracts.EventUnitReady, "a"), event(contracts.EventUnitScheduled, "a"), event(contracts.EventUnitStarted, "a"), event(contracts.EventUnitCompleted, "a"),
		event(contracts.EventUnitReady, "b"), event(contracts.EventUnitScheduled, "b"), event(contracts.EventUnitLeaseLost, "b"), event(contracts.EventUnitCancelled, "b"),
		event(contracts.EventUnitCancelled, "c"), event(contracts.EventSessionCancelled, ""),
	})
	if err != nil {
		t.Fatal(err)
	}
	units := []map[string]string{{"id": "a", "type": "deterministic"}, {"id": "b", "type": "llm"}, {"id": "c", "type": "deterministic"}, {"id": "d", "type": "deterministic"}}
	chat := map[string]any{
		"format": "kora-chat/1", "chat": history.Chat{ID: "chat", Title: "Stopped", Leaf: "said"},
		"messages": []history.Message{{ID: "said", Chat: "chat", Role: history.Assistant, Run: "run", Attachments: []history.Attachment{}}},
		"runs": []history.Run{{
			ID: "run", Message: "said", Request: json.RawMessage("{}"), Events: events,
			Reply: must(json.Marshal(map[string]any{
				"reply": map[string]any{"kind": "model", "plan": map[string]any{"graph": map[string]any{"work_units": units}}},
				"error": map[string]string{"code": "CANCELLED", "message": "cancelled"}, "text": "half an ans",
			})),
		}},
	}
	var c history.Chat
	if err := json.Unmarshal(p.do(http.MethodPost, "/api/chats", chat, 200), &c); err != nil {
		t.Fatal(err)
	}
	run := get[studio.Thread](p, "/api/chats/"+c.ID).Runs[0]
	var got []string
	for _, u := range run.Units {
		got = append(got, u.ID+" "+u.Status)
	}
	if want := []string{"a success", "b cancelled", "c cancelled", "d queued"}; !slices.Equal(got, want) {
		t.Errorf("units: %v, want %v", got, want)
	}
	if run.State != "stopped" || run.Text != "half an ans" || run.Session != "the-session" {
		t.Errorf("run: %+v", run)
	}
}

func must(b []byte, err error) json.RawMessage {
	if err != nil {
		panic(err)
	}
	return b
}

func TestWhoMayAsk(t *testing.T) {
	p := open(t, t.TempDir(), func(o *studio.Options) { o.Token = "secret" })
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		status int
	}{
		{"nobody", func(*http.Request) {}, 403},
		{"with the token", func(r *http.Request) { r.Header.Set("Authorization", "Bearer secret") }, 200},
		{"with it in the address", func(r *http.Request) { r.URL.RawQuery = "token=secret" }, 200},
		{"with it in the cookie", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "kora_studio", Value: "secret"}) }, 200},
		{"with another", func(r *http.Request) { r.Header.Set("Authorization", "Bearer secret2") }, 403},
		{"under another name", func(r *http.Request) {
			r.Header.Set("Authorization", "Bearer secret")
			r.Host = "evil.test"
		}, 403},
		{"from another page", func(r *http.Request) {
			r.Header.Set("Authorization", "Bearer secret")
			r.Header.Set("Origin", "http://evil.test")
		}, 403},
		{"from its own page", func(r *http.Request) {
			r.Header.Set("Authorization", "Bearer secret")
			r.Header.Set("Origin", "http://"+host)
		}, 200},
		{"from a frame elsewhere", func(r *http.Request) {
			r.Header.Set("Authorization", "Bearer secret")
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			r.Header.Set("Sec-Fetch-Mode", "no-cors")
		}, 403},
	} {
		r := p.request(http.MethodGet, "/api/state", nil)
		c.change(r)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", c.name, res.StatusCode, c.status)
		}
		if csp := res.Header.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("%s: policy %q", c.name, csp)
		}
	}
}

// The document that the page's types are made from is the server's.
func TestOpenAPI(t *testing.T) {
	want, err := studio.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("ui/openapi.json")
	if err != nil || !bytes.Equal(have, want) {
		t.Errorf("ui/openapi.json is not up to date (go generate): %v", err)
	}
}
