package llmpod

import (
	"context"
	"errors"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama"
	"github.com/krako-labs/krako/internal/llama/server"
)

// errOtherwise ends a generation whose prompt was guessed wrong.
var errOtherwise = errors.New("the template makes another prompt of the conversation")

// attempt is a generation on a guessed prompt.
type attempt struct {
	out    llama.Completion
	answer Answer // what it took
	err    error
}

// guessed asks the server to answer the prompt that a conversation is likely to
// become, in one turn, and meanwhile what it does become: nothing is let out before
// the two are the same. ok is false if there was no guess, or it was wrong: then
// nothing has happened for the caller.
func (p *Pool) guessed(outer context.Context, st server.Status, c Call, talk []llama.Message, emit func(Piece), a *Answer) (attempt, bool) {
	text, ok := p.guess(st, c, talk, a)
	if !ok {
		return attempt{}, false
	}
	ctx, cancel := context.WithCancelCause(outer)
	defer cancel(nil)
	var (
		right    bool
		refusal  error
		rendered = make(chan struct{})
	)
	go func() {
		defer close(rendered)
		var made string
		if made, refusal = st.Client.ApplyTemplate(ctx, talk); refusal != nil {
			cancel(refusal)
		} else if right = made == text; !right {
			p.frames.learn(talk, made)
			cancel(errOtherwise)
		}
	}()
	t := attempt{answer: *a}
	t.out, t.err = p.stream(ctx, c, p.request(c, llama.Request{Text: text}, int(c.MaxTokens)), len(text)/bytesPerToken, func(piece Piece) {
		if <-rendered; right {
			emit(piece)
		}
	}, &t.answer)
	if <-rendered; refusal != nil && outer.Err() == nil {
		return attempt{answer: *a, err: refusal}, true
	}
	if outer.Err() != nil {
		return t, true
	}
	// A schema that the server cannot decode under is asked for again without it.
	return t, right && contracts.CodeOf(t.err) != contracts.CodeUnsupported
}

const (
	// bytesPerToken is about how long tokens are, mostTokens how many one byte may be
	// at most: a space of which the vocabulary has no piece is three.
	bytesPerToken = 4
	mostTokens    = 3
	// beside is what may stand around a prompt's text.
	beside = 8
)

// guess is the prompt that a conversation is likely to become, if it may be sent as
// text: no text in it spells a control token, and however many tokens it has, they fit
// the context and what the call may take.
func (p *Pool) guess(st server.Status, c Call, talk []llama.Message, a *Answer) (string, bool) {
	if len(c.Resume) > 0 || !p.spelling.harmless(talk) {
		return "", false
	}
	text, ok := p.frames.guess(talk)
	most := int64(mostTokens*len(text)+beside) + c.MaxTokens
	return text, ok && most <= int64(st.Props.Context) && (c.AllowTokens == 0 || a.Use.TokensIn+a.Use.TokensOut+most <= c.AllowTokens)
}
