// Package mcp offers a KORA as tools of the Model Context Protocol: every task of the
// catalogue, and ask, plan, run and get_run. It is the only door to the protocol's SDK.
//
// A call of a task is a graph of one unit that the engine's backend runs: in the
// sandbox, with the task's own schemas, and with the same answer for the same input
// every time. Nothing is kept between requests but runs that last, which are polled by
// their id, so that the HTTP form needs no sessions; over stdio it is the same server.
// Who may ask is the caller's to check (internal/guard). Tools never call a model but
// ask, and ask only where a model was allowed.
package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora"
)

// Options say what is offered.
type Options struct {
	Engine *kora.Engine
	// Tasks become a tool each.
	Tasks []contracts.TaskView
	// Zone and Locale are those of whoever asks.
	Zone, Locale string
	Version      string
	Now          func() time.Time
}

// Server offers tools. It is safe for concurrent use. Close ends runs that last.
type Server struct {
	opts Options
	sdk  *sdk.Server
	runs *runs
}

const instructions = `Deterministic tools: each computes its answer in a sandbox, the same for the same input. Use ask for a question in words; it says how it was answered. Use run for a whole graph of tasks.`

// New makes a server. A task whose schema is no JSON object is a VALIDATION_ERROR.
func New(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{
		opts: o, runs: newRuns(),
		sdk: sdk.NewServer(&sdk.Implementation{Name: "kora", Title: "KORA", Version: o.Version}, &sdk.ServerOptions{Instructions: instructions, PageSize: 1000}),
	}
	for i := range o.Tasks {
		if err := s.addTask(&o.Tasks[i]); err != nil {
			return nil, err
		}
	}
	s.addOwn()
	return s, nil
}

// Close cancels runs that last and returns when they have ended.
func (s *Server) Close() { s.runs.close() }

// Stdio serves one client over standard input and output, until the context ends or
// the client goes.
func (s *Server) Stdio(ctx context.Context) error { return s.Speak(ctx, os.Stdin, os.Stdout) }

// Speak serves one client that writes to in and reads from out, a message a line. A
// line that is no JSON is answered as the protocol wants it, and is no reason to go.
// What was asked before the end of in is answered, if that takes no longer than lastWords.
func (s *Server) Speak(ctx context.Context, in io.ReadCloser, out io.Writer) error {
	w := &lineWriter{to: out, wrote: make(chan struct{}, 1)}
	return s.sdk.Run(ctx, &sdk.IOTransport{Reader: newJSONLines(in, w), Writer: w})
}

const maxBody = 16 << 20

// Handler serves the protocol over HTTP, each request by itself.
func (s *Server) Handler() http.Handler {
	return sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return s.sdk },
		&sdk.StreamableHTTPOptions{Stateless: true, JSONResponse: true, MaxRequestBodyBytes: maxBody})
}

// ToolName is the name of a task as a tool: names of tools have no slash.
func ToolName(task string) string { return strings.NewReplacer("/", "_", "@", "_v").Replace(task) }

// result is an answer as the protocol wants it: as a value where it is an object, and
// as text.
func result(media string, output []byte) *sdk.CallToolResult {
	r := &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: strings.ToValidUTF8(string(output), "\uFFFD")}}}
	if media == contracts.DefaultMediaType && len(output) > 0 && output[0] == '{' {
		r.StructuredContent = json.RawMessage(output)
	}
	return r
}

// trouble is a call that failed, said so that a model can do better.
func trouble(err *contracts.Error) *sdk.CallToolResult {
	r := &sdk.CallToolResult{IsError: true, Content: []sdk.Content{&sdk.TextContent{Text: err.Error()}}}
	return r
}

// troubleOf is trouble with any error.
func troubleOf(err error) *sdk.CallToolResult {
	if e, ok := errors.AsType[*contracts.Error](err); ok {
		return trouble(e)
	}
	return trouble(contracts.Errorf(contracts.CodeOf(err), "", "%s", err.Error()))
}
