package llmpod

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama"
	"github.com/krako-labs/krako/internal/llama/render"
	"github.com/krako-labs/krako/internal/llama/server"
)

// generate answers a call, with one repair if its schema does not hold.
func (p *Pool) generate(ctx context.Context, st server.Status, c Call, emit func(Piece), a *Answer) error {
	schema, err := compile(c.Schema)
	if err != nil {
		return err
	}
	talk := render.Conversation(c.ModelInvocation)
	out, err := p.ask(ctx, st, c, talk, emit, a)
	if err != nil {
		return err
	}
	if schema == nil {
		return free(out.Text, a)
	}
	why := check(schema, out, a)
	if why == "" || out.Stop == llama.StopLimit || a.Use.Calls == c.AllowCalls {
		return nil // a second answer would be cut off as well, or may not be asked for
	}
	c.Resume, c.ResumeText = nil, ""
	out, err = p.ask(ctx, st, c, render.Repair(talk, out.Text, why), func(piece Piece) {
		piece.Restart = piece.Restart || !a.restarted
		a.restarted = true
		emit(piece)
	}, a)
	if contracts.CodeOf(err) == contracts.CodeBudgetExceeded || contracts.CodeOf(err) == contracts.CodeContextOverflow {
		return nil // there is no room for a second answer: the first stands as it is
	}
	if err == nil {
		check(schema, out, a)
	}
	return err
}

func compile(schema []byte) (*contracts.OutputSchema, error) {
	if len(schema) == 0 {
		return nil, nil
	}
	s, err := contracts.CompileSchema(contracts.JSON(schema))
	if err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, "schema", "%w", err)
	}
	return s, nil
}

// free makes prose the answer: a JSON string, so that pointers and binds reach it.
func free(text string, a *Answer) error {
	out, err := contracts.JSONOf(strings.ToValidUTF8(text, "\uFFFD"))
	if err != nil {
		return contracts.Errorf(contracts.CodeInternal, "answer", "encode: %w", err)
	}
	a.Output, a.MediaType, a.Code, a.Why = out, contracts.DefaultMediaType, "", ""
	return nil
}

// check makes a document the answer, in its RFC 8785 form, if it is valid. Else
// it returns why it is not, in words for the model.
func check(schema *contracts.OutputSchema, out llama.Completion, a *Answer) (why string) {
	a.Output, a.MediaType, a.Code = nil, "", contracts.CodeBadOutput
	if out.Stop == llama.StopLimit {
		a.Why = "the answer was cut off by its bound of tokens"
		return a.Why
	}
	doc, err := contracts.NewJSON([]byte(out.Text))
	if err != nil {
		a.Why = "the answer is not a JSON document"
		return a.Why
	}
	if err := schema.Check(doc); err != nil {
		a.Why = "the answer does not match the schema"
		return err.Error()
	}
	a.Output, a.MediaType, a.Code, a.Why = doc, contracts.DefaultMediaType, "", ""
	return ""
}

// ask has the model answer a conversation once and adds what that took to the
// answer's account. A schema that the server cannot decode under is left to the
// model's good will and to check.
func (p *Pool) ask(ctx context.Context, st server.Status, c Call, talk []llama.Message, emit func(Piece), a *Answer) (llama.Completion, error) {
	if t, ok := p.guessed(ctx, st, c, talk, emit, a); ok {
		*a = t.answer
		return t.out, t.err
	}
	prompt, err := p.tokens(ctx, st.Client, talk)
	if err != nil {
		return llama.Completion{}, err
	}
	room := st.Props.Context - len(prompt)
	if room < 1 {
		return llama.Completion{}, contracts.Errorf(contracts.CodeContextOverflow, c.Name, "prompt has %d tokens, the context %d", len(prompt), st.Props.Context)
	}
	if left := c.AllowTokens - a.Use.TokensIn - a.Use.TokensOut - int64(len(prompt)) - c.MaxTokens; c.AllowTokens > 0 && left < 0 {
		return llama.Completion{}, contracts.Errorf(contracts.CodeBudgetExceeded, c.Name, "the call may take %d tokens more than are left for it", -left)
	}
	r := p.request(c, llama.Request{Prompt: prompt}, room)
	out, err := p.stream(ctx, c, r, len(prompt), emit, a)
	if contracts.CodeOf(err) == contracts.CodeUnsupported && len(c.Schema) > 0 && out.OutputTokens == 0 {
		r.Schema = nil
		out, err = p.stream(ctx, c, r, len(prompt), emit, a)
	}
	return out, err
}

// stream runs one generation, on a prompt of about so many tokens, in a slot of its
// own.
func (p *Pool) stream(ctx context.Context, c Call, r llama.Request, tokens int, emit func(Piece), a *Answer) (llama.Completion, error) {
	before := c.continuation(&r)
	t, err := p.broker.acquire(ctx, c.Owner, tokens+r.MaxTokens)
	if err != nil {
		return llama.Completion{}, err
	}
	healthy := false
	defer func() { p.broker.release(t, healthy) }()
	if r.Reuse, err = p.prepare(ctx, t); err != nil {
		return llama.Completion{}, err
	}
	r.Slot = t.Slot
	out, err := t.status.Client.Generate(ctx, r, func(piece llama.Piece) error {
		p.server.Progress()
		before.pass(piece, emit)
		return nil
	})
	a.account(&out, before)
	p.totals.add(out.PromptTokens, out.CachedTokens, out.OutputTokens)
	if err != nil {
		return out, err
	}
	if out.Slot != t.Slot {
		return out, contracts.Errorf(contracts.CodeInternal, a.Use.Model, "server used slot %d in place of %d: the answer is not used", out.Slot, t.Slot)
	}
	if !r.Reuse && out.CachedTokens > 0 {
		return out, contracts.Errorf(contracts.CodeInternal, a.Use.Model, "server went on from %d tokens of slot %d, which it was not to: the answer is not used", out.CachedTokens, t.Slot)
	}
	healthy = true
	out.Text = before.prefix + out.Text
	return out, nil
}

// prepare makes the slot the call's, in bounded time.
func (p *Pool) prepare(ctx context.Context, t turn) (reuse bool, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.cfg.SlotTimeout, errors.New("the slot was not free in time"))
	defer cancel()
	reuse, err = p.broker.prepare(ctx, t)
	return reuse && !p.solo, err
}

// account adds one generation, complete or not.
func (a *Answer) account(out *llama.Completion, before *continuation) {
	a.Use.Calls++
	a.Use.TokensIn += int64(out.PromptTokens - len(before.tokens))
	a.Use.TokensOut += int64(out.OutputTokens + len(before.tokens))
	a.Use.Resumed += int64(len(before.tokens))
	a.Cached += out.CachedTokens
}

// continuation is how a generation goes on from what the caller has.
type continuation struct {
	tokens []int  // appended to the prompt
	prefix string // their text
	skip   string // what the caller has, and has not come again yet, of an answer that is made again
	again  Piece  // what has come again
}

// continuation appends what is there to the prompt: greedy decoding goes on as if
// nothing had happened. Under a schema, or at a temperature, the state of the
// decoder is lost: then the answer is made again, and what the caller has is
// not sent twice if it comes out the same.
func (c *Call) continuation(r *llama.Request) *continuation {
	if len(c.Resume) == 0 {
		return &continuation{}
	}
	if len(r.Schema) > 0 || c.Temperature > 0 || len(c.Resume) >= r.MaxTokens {
		return &continuation{skip: c.ResumeText}
	}
	r.Prompt = append(slices.Clone(r.Prompt), c.Resume...)
	r.MaxTokens -= len(c.Resume)
	return &continuation{tokens: c.Resume, prefix: c.ResumeText}
}

// pass hands a piece on, but for what the caller has already.
func (b *continuation) pass(p llama.Piece, emit func(Piece)) {
	switch {
	case b.skip == "":
		emit(Piece{Text: p.Text, Tokens: p.Tokens, Missing: p.Missing})
	case strings.HasPrefix(b.skip, p.Text):
		b.skip = b.skip[len(p.Text):]
		b.again.Text += p.Text
		b.again.Tokens = append(b.again.Tokens, p.Tokens...)
		b.again.Missing += p.Missing
	case strings.HasPrefix(p.Text, b.skip):
		emit(Piece{Text: p.Text[len(b.skip):], Tokens: p.Tokens, Missing: b.again.Missing + p.Missing})
		b.skip = ""
	default: // it comes out differently
		b.skip = ""
		emit(Piece{Restart: true})
		emit(Piece{Text: b.again.Text + p.Text, Tokens: append(b.again.Tokens, p.Tokens...), Missing: b.again.Missing + p.Missing})
	}
}
