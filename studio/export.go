package studio

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/layout"
	"github.com/krako-labs/krako/studio/history"
)

// Bundle is a run as it leaves: the graph, the result, the events and what was
// signed. Nothing in it depends on this machine.
type Bundle struct {
	Format string                     `json:"format"`
	Run    string                     `json:"run_id"`
	Graph  *contracts.TaskGraph       `json:"graph,omitempty"`
	CID    string                     `json:"graph_cid,omitempty"`
	Result *contracts.ExecutionResult `json:"result,omitempty"`
	Error  *contracts.Error           `json:"error,omitempty"`
	Events json.RawMessage            `json:"events"`
	// Plan says how the graph came about.
	Decisions any `json:"decisions"`
	// Batches are signed envelopes of results, in base64.
	Batches [][]byte `json:"batches,omitempty"`
}

// formats are the forms in which a run can be taken away.
var formats = map[string]struct{ ending, mediaType string }{
	"json": {"json", "application/json"}, "svg": {"svg", "image/svg+xml"}, "markdown": {"md", "text/markdown; charset=utf-8"},
	"mermaid": {"mmd", "text/plain; charset=utf-8"}, "dot": {"dot", "text/vnd.graphviz; charset=utf-8"},
}

func (s *Server) exportRun(w http.ResponseWriter, r *http.Request) {
	id, name := r.PathValue("id"), r.URL.Query().Get("format")
	format, ok := formats[name]
	if !ok {
		s.problem(w, r, contracts.Errorf(contracts.CodeValidation, "format", "a run can be exported as json, svg, markdown, mermaid or dot"))
		return
	}
	rec, events, err := s.finished(r.Context(), id)
	var b bytes.Buffer
	if err == nil {
		err = s.writeRun(&b, id, name, rec, events, layout.Direction(r.URL.Query().Get("direction")))
	}
	if err != nil {
		s.problem(w, r, err)
		return
	}
	download(w, "run-"+id+"."+format.ending, format.mediaType, b.Bytes())
}

func (s *Server) writeRun(w io.Writer, id, format string, rec *record, events json.RawMessage, dir layout.Direction) error {
	switch format {
	case "json":
		b := Bundle{Format: "kora-run/1", Run: id, Error: rec.Error, Events: events, Batches: rec.Sealed}
		if p := rec.Reply; p != nil {
			b.Graph, b.CID, b.Result, b.Decisions = p.Plan.Graph, p.Plan.CID, p.Result, p.Plan.Decisions
			if b.Error == nil {
				b.Error = p.Error
			}
		}
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(b)
	case "markdown":
		return markdownRun(w, s.view(id, rec, events))
	}
	g, err := graphOf(id, rec)
	if err != nil {
		return err
	}
	var marks layout.Marks
	if rec.Reply.Result != nil {
		marks = layout.MarksOf(rec.Reply.Result)
	}
	v, err := layout.Of(g, marks)
	if err != nil {
		return err
	}
	switch format {
	case "mermaid":
		return layout.Mermaid(w, v, dir)
	case "dot":
		return layout.DOT(w, v, dir)
	}
	d, err := v.Draw(layout.Options{Direction: dir})
	if err != nil {
		return err
	}
	return layout.SVG(w, v, d)
}

// markdownRun writes a run for people.
func markdownRun(w io.Writer, v Run) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Run %s\n\n%s. %d of %d steps without a model, %.1f ms, %d tokens in, %d out.\n\n", v.ID, strings.ToUpper(v.Kind[:1])+v.Kind[1:], v.WithoutModel, v.Steps, v.RanMS, v.TokensIn, v.TokensOut)
	if v.GraphCID != "" {
		fmt.Fprintf(&b, "Graph `%s`\n\n", v.GraphCID)
	}
	fmt.Fprintf(&b, "## Answer\n\n%s\n\n## Why\n\n", v.Text)
	for _, d := range v.Decisions {
		fmt.Fprintf(&b, "- %s: %s %s %s %s\n", d.Stage, d.Outcome, d.Reason, d.Parser, d.Reading)
	}
	b.WriteString("\n## Units\n\n| unit | runs | status | ms | result |\n|---|---|---|---|---|\n")
	for _, u := range v.Units {
		fmt.Fprintf(&b, "| %s | %s | %s | %.2f | `%s` |\n", cell(u.Name), cell(u.Program), u.Status, u.DurationMS, u.ResultCID)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func cell(s string) string { return strings.NewReplacer("|", `\|`, "\n", " ").Replace(s) }

func (s *Server) exportChat(w http.ResponseWriter, r *http.Request) {
	e, err := s.export(r.Context(), r.PathValue("id"))
	if err != nil {
		s.problem(w, r, err)
		return
	}
	if r.URL.Query().Get("format") == "markdown" {
		download(w, "chat.md", "text/markdown; charset=utf-8", markdownChat(e))
		return
	}
	b, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		s.problem(w, r, err)
		return
	}
	download(w, "chat.json", "application/json", b)
}

// markdownChat is the branch of a chat that is shown.
func markdownChat(e *Export) []byte {
	by := make(map[string]*history.Message, len(e.Messages))
	for i := range e.Messages {
		by[e.Messages[i].ID] = &e.Messages[i]
	}
	var turns []string
	for m := by[e.Chat.Leaf]; m != nil && len(turns) <= len(e.Messages); m = by[m.Parent] {
		who := "You"
		if m.Role == history.Assistant {
			who = "KORA"
		}
		turns = append(turns, fmt.Sprintf("**%s**, %s\n\n%s\n", who, time.UnixMilli(m.Created).UTC().Format(time.RFC3339), m.Text))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", e.Chat.Title)
	for i := len(turns) - 1; i >= 0; i-- {
		b.WriteString("\n" + turns[i])
	}
	return []byte(b.String())
}

func download(w http.ResponseWriter, name, mediaType string, data []byte) {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	_, _ = w.Write(data)
}

// attach keeps a file as a block and answers with its address. It leaves the
// machine only inside a graph that is sent elsewhere.
func (s *Server) attach(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		s.problem(w, r, tooLong(err))
		return
	}
	id, err := s.keepBlock(r.Context(), data)
	if err != nil {
		s.problem(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	at := history.Attachment{Name: r.URL.Query().Get("name"), MediaType: r.Header.Get("Content-Type"), CID: id.String(), Bytes: int64(len(data))}
	if err := json.NewEncoder(w).Encode(at); err != nil {
		s.log.Debug("attachment not answered", "error", err)
	}
}

func (s *Server) keepBlock(ctx context.Context, data []byte) (cid.Cid, error) {
	return s.o.Engine.Blocks.PutBlock(ctx, cid.Raw, data)
}
