package reasoner

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama"
	"github.com/krako-labs/krako/internal/llama/render"
	"github.com/krako-labs/krako/internal/llama/wire"
)

// Invoke answers a call. say gets what comes, one piece after the other; it must
// not block for long, and may be nil. The answer's Use is filled in as far as it
// came also with an error. Errors are *contracts.Error: NOT_FOUND for a model that
// is not there, MODEL_UNAVAILABLE when no server answers, CONTEXT_OVERFLOW,
// BUDGET_EXCEEDED, PRIVACY_VIOLATION, TIMEOUT, CANCELLED, NETWORK_ERROR when an
// answer broke off, and what a server's refusal means.
func (r *Reasoner) Invoke(ctx context.Context, c Call, say func(Piece)) (Answer, error) {
	m, s, err := r.choose(ctx, &c)
	if err != nil {
		return Answer{}, err
	}
	if say == nil {
		say = func(Piece) {}
	}
	w := &work{Reasoner: r, call: c, model: m, server: s, say: say}
	w.answer.Use = contracts.ModelUse{Model: m.Name, Class: "attached/" + m.Name}
	if c.Operation == contracts.Embed {
		err = w.embed(ctx)
	} else {
		err = w.generate(ctx)
	}
	return w.answer, err
}

// work is one call being answered.
type work struct {
	*Reasoner
	call   Call
	model  Model
	server server
	say    func(Piece)
	answer Answer
}

// generate asks, and asks once more if the document is not valid.
func (w *work) generate(ctx context.Context) error {
	var schema *contracts.OutputSchema
	if len(w.call.Schema) > 0 {
		var err error
		if schema, err = contracts.CompileSchema(contracts.JSON(w.call.Schema)); err != nil {
			return contracts.Errorf(contracts.CodeValidation, "schema", "%w", err)
		}
	}
	talk := render.Conversation(w.call.ModelInvocation)
	out, err := w.ask(ctx, talk)
	if err != nil {
		return err
	}
	if schema == nil {
		return w.answer.prose(out.text)
	}
	why := w.answer.document(schema, out)
	if why == "" || out.limit || w.answer.Use.Calls >= w.mostCalls() {
		return nil // a second answer would be cut off as well, or may not be asked for
	}
	w.say(Piece{Restart: true})
	out, err = w.ask(ctx, render.Repair(talk, out.text, why))
	switch contracts.CodeOf(err) {
	case contracts.CodeBudgetExceeded, contracts.CodeContextOverflow:
		return nil // there is no room for a second answer: the first stands as it is
	}
	if err == nil {
		w.answer.document(schema, out)
	}
	return err
}

func (w *work) mostCalls() int {
	if w.call.AllowCalls > 0 {
		return min(w.call.AllowCalls, 2)
	}
	return 2
}

// longestToken bounds the bytes of one token: what is longer was never one.
const longestToken = 256

// errEnough ends a stream that is longer than asked for.
var errEnough = errors.New("the answer is long enough")

// ask has the model answer a conversation once and counts that. A server that
// cannot decode under the schema is asked without, which is another call.
func (w *work) ask(ctx context.Context, talk []llama.Message) (said, error) {
	a := &ask{
		model: w.model.Name, talk: talk, invoked: w.call.ModelInvocation, context: w.model.Context, schema: w.call.Schema,
		maxTokens: w.call.MaxTokens,
	}
	out, err := w.once(ctx, a)
	if contracts.CodeOf(err) == contracts.CodeUnsupported && len(a.schema) > 0 && out.text == "" && w.answer.Use.Calls < w.mostCalls() {
		a.schema = nil
		out, err = w.once(ctx, a)
	}
	return out, err
}

// once sends one request.
func (w *work) once(ctx context.Context, a *ask) (said, error) {
	if err := w.afford(a); err != nil {
		return said{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	patience := time.AfterFunc(w.opts.FirstToken, func() {
		cancel(contracts.Errorf(contracts.CodeTimeout, w.model.Name, "the server made no progress in time"))
	})
	defer patience.Stop()
	var pieces, bytes int64
	w.asked.Add(1)
	w.answer.Use.Calls++
	out, err := w.server.dialect.generate(ctx, a, func(text string) error {
		patience.Reset(w.opts.NextToken)
		// A server may put several tokens into a piece but never less than one.
		pieces++
		bytes += int64(len(text))
		if pieces > a.maxTokens || bytes > a.maxTokens*longestToken {
			return errEnough
		}
		w.say(Piece{Text: text})
		return nil
	})
	if errors.Is(err, errEnough) {
		out.limit, err = true, nil
	}
	w.uncount(err)
	if !out.counted {
		out.tokensOut = min(pieces, a.maxTokens)
	}
	w.answer.Use.TokensIn += out.tokensIn
	w.answer.Use.TokensOut += out.tokensOut
	return out, err
}

// uncount takes back a call that nobody heard of: no model was asked, and whoever may
// ask one once may try again.
func (w *work) uncount(err error) {
	if wire.NobodyListens(err) {
		w.asked.Add(-1)
		w.answer.Use.Calls--
	}
}

// afford checks that a further request fits into what the call may take. The first
// always does: whoever allowed it knew its size.
func (w *work) afford(a *ask) error {
	u := &w.answer.Use
	if w.call.AllowTokens == 0 || u.Calls == 0 {
		return nil
	}
	need := a.maxTokens
	for _, m := range a.talk {
		need += overheadTurn + int64(len(m.Content)) // a token stands for at least a byte
	}
	if left := w.call.AllowTokens - u.TokensIn - u.TokensOut; need > left {
		return contracts.Errorf(contracts.CodeBudgetExceeded, w.model.Name, "another request may take %d tokens, %d are left for the call", need, left)
	}
	return nil
}

// overheadTurn is more tokens than a template adds to a turn.
const overheadTurn = 32

// prose makes text the answer: a JSON string, so that pointers and binds reach it.
func (a *Answer) prose(text string) error {
	out, err := contracts.JSONOf(strings.ToValidUTF8(text, "\uFFFD"))
	if err != nil {
		return contracts.Errorf(contracts.CodeInternal, "answer", "encode: %w", err)
	}
	a.Output = out
	return nil
}

// document makes a valid document the answer, in its RFC 8785 form. Else it
// returns why it is not, in words for the model.
func (a *Answer) document(schema *contracts.OutputSchema, out said) string {
	a.Output, a.Code = nil, contracts.CodeBadOutput
	if out.limit {
		a.Why = "the answer was cut off by its bound of tokens"
		return a.Why
	}
	doc, err := contracts.NewJSON([]byte(out.text))
	if err != nil {
		a.Why = "the answer is not a JSON document"
		return a.Why
	}
	if err := schema.Check(doc); err != nil {
		a.Why = "the answer does not match the schema"
		return err.Error()
	}
	a.Output, a.Code, a.Why = doc, "", ""
	return ""
}

// embed answers with the vector of the call's text.
func (w *work) embed(ctx context.Context) error {
	text := w.call.Prompt
	for _, m := range w.call.Messages {
		text += m.Content
	}
	ctx, cancel := context.WithTimeoutCause(ctx, w.opts.FirstToken, contracts.Errorf(contracts.CodeTimeout, w.model.Name, "the server made no progress in time"))
	defer cancel()
	w.asked.Add(1)
	w.answer.Use.Calls++
	v, tokens, err := w.server.dialect.embed(ctx, w.model.Name, text)
	w.uncount(err)
	if err != nil {
		return err
	}
	w.answer.Use.TokensIn = tokens
	numbers := make([]any, len(v))
	for i, x := range v {
		numbers[i] = x
	}
	out, err := contracts.JSONOf(numbers)
	if err != nil {
		return contracts.Errorf(contracts.CodeInternal, w.model.Name, "encode embedding: %w", err)
	}
	w.answer.Output = out
	return nil
}
