package llmpod

import (
	"context"
	"errors"
	"slices"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama"
	"github.com/krako-labs/krako/internal/llama/render"
	"github.com/krako-labs/krako/llmpod/scoring"
)

// scoreListed is how many of the likeliest tokens a referee asks for.
const scoreListed = 512

// Score shows this pool's model an answer that another instance of the same weights
// is said to have given to a call, token by token, and judges how plausible that is.
// At most as many tokens are looked at as most says. The error is UNSUPPORTED where
// no judgement would be sound: under a schema, with a top_p, of an embedding.
func (p *Pool) Score(ctx context.Context, c Call, said []int, most int) (scoring.Finding, error) {
	if c.Operation != contracts.Generate || len(c.Schema) > 0 || c.TopP < 1 {
		return scoring.Finding{}, contracts.Errorf(contracts.CodeUnsupported, c.Name, "only free answers of the whole distribution can be scored")
	}
	st, leave, err := p.enter(ctx)
	if err != nil {
		return scoring.Finding{}, err
	}
	defer leave()
	prompt, err := p.tokens(ctx, st.Client, render.Conversation(c.ModelInvocation))
	if err != nil {
		return scoring.Finding{}, err
	}
	n := min(len(said), most, st.Props.Context-len(prompt)-1)
	if n < 1 {
		return scoring.Finding{}, contracts.Errorf(contracts.CodeContextOverflow, c.Name, "the answer has %d tokens and there is no room for them", len(said))
	}
	t, err := p.broker.acquire(ctx, c.Owner, len(prompt)+n)
	if err != nil {
		return scoring.Finding{}, err
	}
	healthy := false
	defer func() { p.broker.release(t, healthy) }()
	if _, err := p.prepare(ctx, t); err != nil {
		return scoring.Finding{}, err
	}
	positions := make([]scoring.Position, n)
	shown := slices.Clone(prompt)
	for i := range positions {
		list, err := t.status.Client.Next(ctx, shown, t.Slot, scoreListed)
		if err != nil {
			return scoring.Finding{}, errors.Join(err, context.Cause(ctx))
		}
		p.server.Progress()
		positions[i] = position(list, said[i])
		shown = append(shown, said[i])
	}
	healthy = true
	return scoring.Score(positions, c.Temperature), nil
}

// Judge is Score for an answer whose text is there too. Tokens that do not spell it
// are not those that it was made of: then nothing can be said, and the finding is not
// sound. Nothing is kept of a call that is its owner's last.
func (p *Pool) Judge(ctx context.Context, c Call, said []int, text string, most int) (scoring.Finding, error) {
	if c.Last {
		defer p.broker.forgotten(c.Owner)
	}
	spelled, err := p.spell(ctx, said)
	if err != nil || spelled != text {
		return scoring.Finding{}, err
	}
	f, err := p.Score(ctx, c, said, most)
	f.Sound = f.Sound && f.Deviation-f.Deviation == 0 // finite
	if !f.Sound {
		f = scoring.Finding{Positions: f.Positions, Misses: f.Misses}
	}
	return f, err
}

// spell is the text of tokens.
func (p *Pool) spell(ctx context.Context, tokens []int) (string, error) {
	st, leave, err := p.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	return st.Client.Detokenize(ctx, tokens)
}

func position(list []llama.Candidate, said int) scoring.Position {
	var p scoring.Position
	for _, c := range list {
		p.Top = append(p.Top, c.LogProb)
		if c.Token == said {
			p.Said, p.Listed = c.LogProb, true
		}
	}
	return p
}
