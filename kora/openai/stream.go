package openai

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora"
	"github.com/krako-labs/krako/kora/plan"
)

// delta is what one chunk adds to a message.
type delta struct {
	Role    string     `json:"role,omitempty"`
	Content *string    `json:"content,omitempty"`
	Refusal *string    `json:"refusal,omitempty"`
	Calls   []chatCall `json:"tool_calls,omitempty"`
}

// sse writes server-sent events.
type sse struct {
	w http.ResponseWriter
}

func newSSE(w http.ResponseWriter) *sse {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	return &sse{w}
}

// send writes an event; name is "" for one without.
func (s *sse) send(name string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("openai: event: %v", err)) // events are made of plain values
	}
	_ = http.NewResponseController(s.w).SetWriteDeadline(time.Now().Add(maxPause)) // a writer without one never waits
	if name != "" {
		fmt.Fprintf(s.w, "event: %s\n", name)
	}
	fmt.Fprintf(s.w, "data: %s\n\n", b)
	s.flush()
}

// maxPause is how long a reader may take nothing before it counts as gone.
const maxPause = 30 * time.Second

func (s *sse) flush() {
	_ = http.NewResponseController(s.w).Flush() // whoever read is gone; the end of the request says so
}

// speech passes on text while it is made, as long as nothing that was passed on is
// taken back. It is used by one goroutine at a time.
type speech struct {
	said  strings.Builder
	lost  bool // what was said is void
	quiet bool // nothing is passed on
	emit  func(text string)
}

func (p *speech) hear(text string, void bool) {
	if void && p.said.Len() > 0 {
		p.lost = true
	}
	if p.quiet || p.lost || text == "" {
		return
	}
	p.said.WriteString(text)
	p.emit(text)
}

// finish passes on what is left of the whole text. It reports false when something
// else was said before.
func (p *speech) finish(whole string) bool {
	rest, ok := strings.CutPrefix(whole, p.said.String())
	if ok && rest != "" {
		p.said.WriteString(rest)
		p.emit(rest)
	}
	return ok
}

// streamChat answers in chunks. The last one before [DONE] carries usage and Krako's
// member.
func (s *Server) streamChat(w http.ResponseWriter, r *http.Request, a *ask, withUsage bool) error {
	a.ID = uuid.Must(uuid.NewV7()).String()
	w.Header().Set("Krako-Run-Id", a.ID)
	c := &chunks{completion: completion{ID: "chatcmpl-" + a.ID, Object: "chat.completion.chunk", Created: s.now().Unix(), Model: a.model}, withUsage: withUsage}
	c.open = func() { c.sse = newSSE(w); c.send(delta{Role: "assistant", Content: new("")}, nil) }
	said := &speech{quiet: a.shape != nil, emit: func(text string) { c.send(delta{Content: &text}, nil) }}
	reply, err := s.carry(r.Context(), a, said.hear)
	if err == nil {
		err = failure(reply)
	}
	if err == nil && said.lost {
		err = contracts.Errorf(contracts.CodeNetwork, reply.RunID, "the answer was begun anew after some of it was sent")
	}
	if err == nil {
		err = c.finish(reply, a.shape, said)
	}
	if err != nil {
		return c.fail(r.Context(), err)
	}
	fmt.Fprint(w, "data: [DONE]\n\n")
	c.sse.flush()
	return nil
}

// chunks writes the chunks of one completion.
type chunks struct {
	completion
	*sse
	open      func() // begins the stream
	withUsage bool
}

func (c *chunks) send(d delta, finish *string) {
	if c.sse == nil {
		c.open()
	}
	v := c.completion
	v.Choices = []choice{{Delta: &d, Finish: finish}}
	c.sse.send("", v)
}

// finish sends what was not sent yet, and the end.
func (c *chunks) finish(r *kora.Reply, s *shape, said *speech) error {
	m := messageOf(r, s)
	switch {
	case m.Refusal != nil:
		c.send(delta{Refusal: m.Refusal}, nil)
	case len(m.Calls) > 0:
		for i := range m.Calls {
			m.Calls[i].Index = &i
		}
		c.send(delta{Calls: m.Calls}, nil)
	case !said.finish(*m.Content):
		return contracts.Errorf(contracts.CodeInternal, r.RunID, "the answer is another than what was sent of it")
	}
	if c.sse == nil { // there was no word of an answer
		c.open()
	}
	note := noteOf(r)
	last := c.completion
	last.Choices = []choice{{Delta: &delta{}, Finish: finish(r, m.Calls)}}
	if c.withUsage {
		c.sse.send("", last)
		last.Choices = []choice{}
	}
	last.Usage, last.Krako = usageOf(r), &note
	c.sse.send("", last)
	return nil
}

// fail ends a stream that has begun with an error event, or returns the error for an
// ordinary answer.
func (c *chunks) fail(ctx context.Context, err error) error {
	if c.sse == nil || ctx.Err() != nil {
		return err
	}
	c.sse.send("", asAPI(err).body())
	return nil
}

func callID(run string, i int) string {
	return fmt.Sprintf("call_%s_%d", strings.ReplaceAll(run, "-", ""), i)
}

// byModel says whether a model made the answer.
func byModel(r *kora.Reply) bool { return r.Kind == plan.Model }
