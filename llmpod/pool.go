package llmpod

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama"
	"github.com/krako-labs/krako/internal/llama/server"
	"github.com/krako-labs/krako/llmpod/residence"
	"github.com/krako-labs/krako/llmpod/slots"
)

// Pool is one model, served by one server, and the broker of its slots. It is
// safe for concurrent use.
type Pool struct {
	cfg    Config
	server *server.Server
	broker *broker
	solo   bool // one request at a time, from nothing: see classOf
	log    *slog.Logger
	class  string
	totals totals
	// spelling is nil for a model whose file is not here.
	spelling spelling
	frames   frames

	device *Device // nil for a pool whose model is always loaded
	place  residence.Model
}

// NewPool makes a pool over a server that the caller made and that Run runs.
// Errors are those of Validate and of reading the model's file.
func NewPool(cfg Config, sc server.Config, log *slog.Logger) (*Pool, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s, err := server.New(sc)
	if err != nil {
		return nil, err
	}
	p := &Pool{cfg: cfg, server: s, log: log}
	if p.class, p.solo, err = classOf(s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if sc.Model != "" {
		p.spelling = newSpelling(s.Info().Marks)
	}
	p.broker = newBroker(s, p.class, &p.cfg)
	return p, nil
}

// Run serves until ctx ends and returns when the server is gone. A pool of a
// Device is run by that.
func (p *Pool) Run(ctx context.Context) {
	var tasks sync.WaitGroup
	tasks.Go(func() { p.serveSlots(ctx) })
	p.server.Run(ctx)
	tasks.Wait()
}

// serveSlots keeps the broker's slots those of the server until ctx ends.
func (p *Pool) serveSlots(ctx context.Context) {
	var tasks sync.WaitGroup
	tasks.Go(func() { p.broker.follow(ctx) })
	tasks.Go(func() { p.broker.tidy(ctx, p) })
	tasks.Wait()
}

// Close releases what NewPool made. It must not be called while Run runs.
func (p *Pool) Close() error { return p.server.Close() }

// Model describes what the pool serves.
func (p *Pool) Model() Model {
	c := p.server.Config()
	return Model{Name: c.Alias, Tier: p.cfg.Tier, Class: p.class, Profile: string(c.Profile), Context: c.Context, Slots: c.Slots, Embeddings: c.Embeddings}
}

// Model is a model on offer.
type Model struct {
	Name  string              `json:"name"`
	Tier  contracts.ModelTier `json:"tier"`
	Class string              `json:"class"`
	// Profile is replay or fast.
	Profile    string `json:"profile"`
	Context    int    `json:"context"`
	Slots      int    `json:"slots"`
	Embeddings bool   `json:"embeddings,omitempty"`
}

// Ready returns nil when requests can be served, else why not.
func (p *Pool) Ready() error {
	st, _ := p.server.Status()
	if st.State == server.Ready {
		return nil
	}
	return contracts.Errorf(contracts.CodeModelUnavailable, p.server.Config().Alias, "server is %s: %s", st.State, st.Reason)
}

// Usage returns how many slots there are, how many are free and how many
// requests wait. The slots of a model that can be loaded are there.
func (p *Pool) Usage() (total, free, waiting int) {
	total, free, waiting = p.broker.usage()
	if total == 0 && p.device != nil && !p.device.resident(p.place) {
		n := p.server.Config().Slots
		return n, n, waiting
	}
	return total, free, waiting
}

// Call is an invocation and on whose behalf it runs.
type Call struct {
	*contracts.ModelInvocation
	Owner slots.Owner
	// Resume are the tokens and their text that the caller has already from a pod
	// that was lost.
	Resume     []int
	ResumeText string
	// AllowTokens and AllowCalls bound what all calls of a model for this one may take
	// together; 0 does not. (The invocation's own MaxTokens bounds one answer.)
	AllowTokens int64
	AllowCalls  int
	// Last says that its owner will ask nothing more: when it is answered, nothing is
	// kept of it.
	Last bool

	unit cid.Cid // unit_cid, for an agent's reports
}

// Piece is what a caller may show of an answer that is not complete. Restart
// says that what came before is void.
type Piece struct {
	Text    string
	Tokens  []int
	Restart bool
	// Missing is how many tokens before these are known to nobody: what came cannot be
	// gone on from then (llama.Piece).
	Missing int
}

// Answer is how a call ended.
type Answer struct {
	Output    []byte
	MediaType string
	Use       contracts.ModelUse
	// Cached is how many of the tokens read were in the slot already.
	Cached int
	// Code is BAD_OUTPUT when no valid answer came; Why says what was wrong with
	// the last one, without quoting it. Output is then nil.
	Code contracts.Code
	Why  string

	restarted bool // the second answer has begun
}

// Invoke runs a call. emit gets what comes, one piece after the other; it must
// not block for long. Errors are *contracts.Error: those of package llama,
// RESOURCE_EXHAUSTED when too many calls wait, CANCELLED and TIMEOUT by ctx,
// UNSUPPORTED for what the model cannot do. The Answer's Use is filled in as far
// as it came also with an error.
func (p *Pool) Invoke(ctx context.Context, c Call, emit func(Piece)) (Answer, error) {
	a := Answer{Use: contracts.ModelUse{Model: p.server.Config().Alias, Class: p.class}}
	if want := c.Name; want != "" && want != a.Use.Model {
		return a, contracts.Errorf(contracts.CodeModelUnavailable, want, "this pod serves %s", a.Use.Model)
	}
	st, leave, err := p.enter(ctx)
	if err != nil {
		return a, err
	}
	defer leave()
	if c.Operation == contracts.Embed {
		return a, p.embed(ctx, st, c, &a)
	}
	if p.server.Config().Embeddings {
		return a, contracts.Errorf(contracts.CodeUnsupported, a.Use.Model, "this server makes embeddings only")
	}
	if err = p.generate(ctx, st, c, emit, &a); err == nil && c.Last {
		p.broker.forgotten(c.Owner)
	}
	return a, err
}

// enter waits until the model is loaded and its server there, and keeps it loaded
// until leave.
func (p *Pool) enter(ctx context.Context) (st server.Status, leave func(), err error) {
	leave = func() {}
	if p.device != nil {
		if leave, err = p.device.enter(ctx, p.place); err != nil {
			return st, nil, err
		}
	}
	if st, err = p.await(ctx); err != nil {
		leave()
	}
	return st, leave, err
}

// await waits until there is a server. A pod without one keeps calls for as long
// as their deadline lets it.
func (p *Pool) await(ctx context.Context) (server.Status, error) {
	st, err := p.server.Await(ctx)
	if err != nil && ctx.Err() != nil {
		return st, ended(ctx)
	}
	return st, err
}

// ended is the error of a context that ended.
func ended(ctx context.Context) error {
	cause := context.Cause(ctx)
	if e, ok := errors.AsType[*contracts.Error](cause); ok {
		return e
	}
	if errors.Is(cause, context.DeadlineExceeded) {
		return contracts.Errorf(contracts.CodeTimeout, "", "deadline passed: %w", cause)
	}
	return contracts.Errorf(contracts.CodeCancelled, "", "call was cancelled: %w", cause)
}

// embed answers with the vector of the call's text.
func (p *Pool) embed(ctx context.Context, st server.Status, c Call, a *Answer) error {
	text := c.Prompt
	for _, m := range c.Messages {
		text += m.Content
	}
	t, err := p.broker.acquire(ctx, c.Owner, len(text)/4)
	if err != nil {
		return err
	}
	e, err := t.status.Client.Embed(ctx, text)
	p.broker.release(t, false) // whoever comes next finds an empty slot
	if err != nil {
		return err
	}
	p.server.Progress()
	a.Use.TokensIn, a.Use.Calls = int64(e.Tokens), 1
	p.totals.add(e.Tokens, 0, 0)
	out, err := contracts.JSONOf(numbers(e.Vector))
	if err != nil {
		return fmt.Errorf("encode embedding: %w", err)
	}
	a.Output, a.MediaType = out, contracts.DefaultMediaType
	return nil
}

func numbers(v []float64) []any {
	out := make([]any, len(v))
	for i, x := range v {
		out[i] = x
	}
	return out
}

// request makes a prompt one generation of a call, where the context has room for so
// many tokens.
func (p *Pool) request(c Call, r llama.Request, room int) llama.Request {
	r.MaxTokens, r.Temperature, r.TopP, r.Seed, r.Stop = min(int(c.MaxTokens), room), c.Temperature, c.TopP, c.Seed, c.Stop
	r.Schema, r.FirstToken, r.NextToken = c.Schema, p.cfg.FirstToken, p.cfg.NextToken
	return r
}

// Server is the pool's server, for who watches it or breaks it on purpose.
func (p *Pool) Server() *server.Server { return p.server }
