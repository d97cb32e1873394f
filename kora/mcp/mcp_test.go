package mcp_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/guard"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
	"github.com/krako-labs/krako/kora/local"
	"github.com/krako-labs/krako/kora/mcp"
)

// connect starts a server over HTTP and a client of the protocol's own SDK.
func connect(t *testing.T) (*sdk.ClientSession, *local.Local) {
	t.Helper()
	l, err := local.Open(t.Context(), local.Options{CacheDir: sandboxtest.CodeCache(filepath.Join(t.TempDir(), "compiled"))})
	if err != nil {
		t.Fatal(err)
	}
	s, err := mcp.New(mcp.Options{Engine: l.Engine, Tasks: l.Tasks(), Zone: "UTC", Locale: "en-US", Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(guard.Rules{}.Wrap(s.Handler()))
	c := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil)
	session, err := c.Connect(t.Context(), &sdk.StreamableClientTransport{Endpoint: web.URL, DisableStandaloneSSE: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		session.Close()
		s.Close()
		web.Close()
		l.Close(context.Background())
	})
	return session, l
}

func call(t *testing.T, s *sdk.ClientSession, name string, arguments any) (text string, failed bool) {
	t.Helper()
	r, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: name, Arguments: arguments})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return r.Content[0].(*sdk.TextContent).Text, r.IsError
}

func TestEveryTaskIsATool(t *testing.T) {
	s, l := connect(t)
	tools := map[string]*sdk.Tool{}
	for tool, err := range s.Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		tools[tool.Name] = tool
		if tool.Description == "" || tool.InputSchema == nil || !tool.Annotations.ReadOnlyHint {
			t.Errorf("tool %+v", tool)
		}
	}
	for _, task := range l.Tasks() {
		if tools[mcp.ToolName(task.Task)] == nil {
			t.Errorf("task %s is no tool", task.Task)
		}
	}
	if len(tools) != len(l.Tasks())+4 {
		t.Errorf("%d tools for %d tasks", len(tools), len(l.Tasks()))
	}
}

// TestExamplesAreCallable calls tools with an example of their task and wants the
// output that the catalogue promises.
func TestExamplesAreCallable(t *testing.T) {
	s, l := connect(t)
	called := map[string]bool{}
	for _, task := range l.Tasks() {
		family, _, _ := strings.Cut(task.Task, "/")
		if testing.Short() && called[family] {
			continue
		}
		for _, e := range task.Examples {
			if e.Output.IsZero() || len(e.Blobs) > 0 || len(e.BlobsFrom) > 0 {
				continue
			}
			called[family] = true
			var arguments map[string]any
			if json.Unmarshal(e.Input, &arguments) != nil {
				continue
			}
			text, failed := call(t, s, mcp.ToolName(task.Task), json.RawMessage(e.Input))
			got, err := contracts.NewJSON([]byte(text))
			if failed || err != nil || string(got) != string(e.Output) {
				t.Errorf("%s, %s: %s, want %s", task.Task, e.Name, text, e.Output)
			}
			break
		}
	}
	if len(called) < 5 {
		t.Errorf("only tools of %v were called", called)
	}
}

func TestAskPlanAndRun(t *testing.T) {
	s, _ := connect(t)
	text, failed := call(t, s, "ask", map[string]any{"message": "what is 15% of 2,340"})
	if failed || !strings.Contains(text, `"text":"351"`) || !strings.Contains(text, `"model_calls":0`) {
		t.Errorf("ask: %s", text)
	}
	if text, failed = call(t, s, "ask", map[string]any{"message": "why is the sky blue?"}); !failed || !strings.Contains(text, "UNSUPPORTED") {
		t.Errorf("ask for what cannot be computed: %s", text)
	}
	text, failed = call(t, s, "plan", map[string]any{"message": "2 + 2"})
	var p struct {
		Graph json.RawMessage `json:"graph"`
	}
	if failed || json.Unmarshal([]byte(text), &p) != nil || len(p.Graph) == 0 {
		t.Fatalf("plan: %s", text)
	}
	var g struct {
		RequestID string `json:"request_id"`
	}
	if err := json.Unmarshal(p.Graph, &g); err != nil {
		t.Fatal(err)
	}
	if text, failed = call(t, s, "run", map[string]any{"graph": p.Graph, "wait_ms": 0}); failed || !strings.Contains(text, g.RequestID) {
		t.Errorf("run: %s", text)
	}
	if text, failed = call(t, s, "get_run", map[string]any{"run_id": g.RequestID, "wait_ms": 60000}); failed || !strings.Contains(text, `"final_output":"4"`) {
		t.Errorf("get_run: %s", text)
	}
	if text, failed = call(t, s, "get_run", map[string]any{"run_id": "x"}); !failed || !strings.Contains(text, "NOT_FOUND") {
		t.Errorf("get_run of none: %s", text)
	}
	if text, failed = call(t, s, "run", map[string]any{"graph": map[string]any{}}); !failed || !strings.Contains(text, "VALIDATION_ERROR") {
		t.Errorf("run of nothing: %s", text)
	}
}
