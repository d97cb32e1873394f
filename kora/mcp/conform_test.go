package mcp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/krako-labs/krako/internal/guard"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
	"github.com/krako-labs/krako/kora/local"
	"github.com/krako-labs/krako/kora/mcp"
)

// asServer is set in the environment of a test program that is to be a server over
// standard input and output, as an assistant starts one.
const asServer = "KORA_TEST_MCP_STDIO"

func TestMain(m *testing.M) {
	if dir := os.Getenv(asServer); dir != "" {
		if err := overStdio(context.Background(), dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func overStdio(ctx context.Context, dir string) error {
	s, done, err := server(ctx, dir)
	if err != nil {
		return err
	}
	defer done()
	return s.Stdio(ctx)
}

func server(ctx context.Context, dir string) (*mcp.Server, func(), error) {
	l, err := local.Open(ctx, local.Options{CacheDir: dir})
	if err != nil {
		return nil, nil, err
	}
	s, err := mcp.New(mcp.Options{Engine: l.Engine, Tasks: l.Tasks(), Zone: "UTC", Locale: "en-US", Version: "test"})
	if err != nil {
		return nil, nil, err
	}
	return s, func() { s.Close(); l.Close(context.WithoutCancel(ctx)) }, nil
}

// TestProtocol holds the server to the protocol with the client of its own SDK, over
// both transports, method by method: those it offers, and those it does not, which it
// must refuse as the protocol says.
func TestProtocol(t *testing.T) {
	dir := sandboxtest.CodeCache(filepath.Join(t.TempDir(), "compiled"))
	s, done, err := server(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	web := httptest.NewServer(guard.Rules{}.Wrap(s.Handler()))
	defer web.Close()
	for name, over := range map[string]func() sdk.Transport{
		"http": func() sdk.Transport {
			return &sdk.StreamableClientTransport{Endpoint: web.URL, DisableStandaloneSSE: true}
		},
		"stdio": func() sdk.Transport {
			cmd := exec.Command(os.Args[0])
			cmd.Env, cmd.Stderr = append(os.Environ(), asServer+"="+dir), os.Stderr
			return &sdk.CommandTransport{Command: cmd}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), over(), nil)
			if err != nil {
				t.Fatal(err)
			}
			conforms(t, c)
			if err := c.Close(); err != nil {
				t.Errorf("the server does not end well: %v", err)
			}
		})
	}
}

func conforms(t *testing.T, c *sdk.ClientSession) {
	t.Helper()
	ctx := t.Context()
	i := c.InitializeResult()
	if i == nil || i.ServerInfo == nil || i.ServerInfo.Name != "kora" || i.Capabilities == nil || i.Capabilities.Tools == nil || i.Instructions == "" {
		t.Fatalf("initialise: %+v", i)
	}
	first, err := c.ListTools(ctx, nil)
	if err != nil || len(first.Tools) == 0 {
		t.Fatalf("tools/list: %v", err)
	}
	for _, tool := range first.Tools {
		// The client for TypeScript takes objects only, also as schemas of members.
		for _, s := range []any{tool.InputSchema, tool.OutputSchema} {
			var schema struct {
				Type       string
				Properties map[string]map[string]any
			}
			b, err := json.Marshal(s)
			if s != nil && (err != nil || json.Unmarshal(b, &schema) != nil || schema.Type != "object") {
				t.Errorf("tool %s has the schema %s", tool.Name, b)
			}
		}
	}
	if _, err := c.ListTools(ctx, &sdk.ListToolsParams{Cursor: "no cursor"}); code(err) != jsonrpc.CodeInvalidParams {
		t.Errorf("tools/list with a cursor that is none: %v", err)
	}
	r, err := c.CallTool(ctx, &sdk.CallToolParams{Name: "num_eval_v1", Arguments: map[string]any{"expression": "6 * 7", "digits": 0, "rounding": "half_even"}})
	if err != nil || r.IsError || r.StructuredContent == nil || !strings.Contains(r.Content[0].(*sdk.TextContent).Text, `"decimal":"42"`) {
		t.Errorf("tools/call: %+v, %v", r, err)
	}
	if r, err := c.CallTool(ctx, &sdk.CallToolParams{Name: "num_eval_v1", Arguments: map[string]any{"expression": "6 *"}}); err == nil && !r.IsError {
		t.Errorf("tools/call with an input that is none: %+v", r)
	}
	if _, err := c.CallTool(ctx, &sdk.CallToolParams{Name: "no_such_tool"}); code(err) != jsonrpc.CodeInvalidParams && code(err) != jsonrpc.CodeMethodNotFound {
		t.Errorf("tools/call of no tool: %v", err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := c.CallTool(gone, &sdk.CallToolParams{Name: "ask", Arguments: map[string]any{"message": "2 + 2"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("tools/call that is cancelled: %v", err)
	}
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	// Nothing else is offered, and what is not offered is refused or empty.
	for method, call := range map[string]func() (int, error){
		"resources/list": func() (int, error) {
			r, err := c.ListResources(limited, nil)
			return counted(err, func() int { return len(r.Resources) })
		},
		"resources/templates/list": func() (int, error) {
			r, err := c.ListResourceTemplates(limited, nil)
			return counted(err, func() int { return len(r.ResourceTemplates) })
		},
		"resources/read": func() (int, error) {
			_, err := c.ReadResource(limited, &sdk.ReadResourceParams{URI: "file:///etc/passwd"})
			return 1, err
		},
		"prompts/list": func() (int, error) {
			r, err := c.ListPrompts(limited, nil)
			return counted(err, func() int { return len(r.Prompts) })
		},
		"prompts/get": func() (int, error) {
			_, err := c.GetPrompt(limited, &sdk.GetPromptParams{Name: "none"})
			return 1, err
		},
	} {
		if n, err := call(); err == nil && n > 0 {
			t.Errorf("%s is answered", method)
		} else if err != nil && code(err) == 0 {
			t.Errorf("%s: %v is no error of the protocol", method, err)
		}
	}
	if r, err := c.CallTool(ctx, &sdk.CallToolParams{Name: "ask", Arguments: map[string]any{"message": "2 + 2"}}); err != nil || r.IsError {
		t.Errorf("after all that, a call is answered with %+v, %v", r, err)
	}
}

func counted(err error, n func() int) (int, error) {
	if err != nil {
		return 0, err
	}
	return n(), nil
}

// code is that of an error of the protocol, 0 for another.
func code(err error) int64 {
	if e, ok := errors.AsType[*jsonrpc.Error](err); ok {
		return e.Code
	}
	return 0
}
