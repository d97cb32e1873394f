package llmpod

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama"
	"golang.org/x/sync/errgroup"
)

// tokens is spelling.tokens for a model of which it may be known what its template
// makes of such a conversation: then the server renders it and tokenizes what it is
// likely to become at the same time.
func (p *Pool) tokens(ctx context.Context, c *llama.Client, talk []llama.Message) ([]int, error) {
	if !p.spelling.harmless(talk) {
		return p.spelling.tokens(ctx, c, talk)
	}
	var (
		rendered string
		likely   []int
	)
	guess, known := p.frames.guess(talk)
	both, asking := errgroup.WithContext(ctx)
	both.Go(func() (err error) { rendered, err = c.ApplyTemplate(asking, talk); return err })
	if known {
		both.Go(func() (err error) { likely, err = c.Tokenize(asking, guess, true, true); return err })
	}
	if err := both.Wait(); err != nil {
		return nil, err
	}
	if known && rendered == guess {
		return likely, nil
	}
	p.frames.learn(talk, rendered)
	return c.Tokenize(ctx, rendered, true, true)
}

// tokens renders a conversation by the model's template and returns its tokens.
// Only the template may speak in control tokens: where a text spells one, it is
// tokenized apart from the template, as the text it is.
func (s spelling) tokens(ctx context.Context, c *llama.Client, talk []llama.Message) ([]int, error) {
	if s.harmless(talk) {
		rendered, err := c.ApplyTemplate(ctx, talk)
		if err != nil {
			return nil, err
		}
		return c.Tokenize(ctx, rendered, true, true)
	}
	var (
		rendered string
		spelled  bool
	)
	// The time to the first token has these calls in it: they are made at once.
	both, asking := errgroup.WithContext(ctx)
	both.Go(func() (err error) { rendered, err = c.ApplyTemplate(asking, talk); return err })
	both.Go(func() (err error) { spelled, err = spellsControl(asking, c, talk); return err })
	if err := both.Wait(); err != nil {
		return nil, err
	}
	if !spelled {
		return c.Tokenize(ctx, rendered, true, true)
	}
	return apart(ctx, c, talk)
}

// spellsControl reports whether a text of the conversation contains the name of a
// control token: whether it is other tokens when such names are read as orders.
func spellsControl(ctx context.Context, c *llama.Client, talk []llama.Message) (bool, error) {
	var all strings.Builder
	for _, m := range talk {
		all.WriteString(m.Content)
		all.WriteByte('\n')
	}
	var asText, asOrders []int
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() (err error) { asText, err = c.Tokenize(ctx, all.String(), false, false); return err })
	both.Go(func() (err error) { asOrders, err = c.Tokenize(ctx, all.String(), false, true); return err })
	err := both.Wait()
	return !slices.Equal(asText, asOrders), err
}

// apart renders the conversation with stand-ins for its texts, and tokenizes the
// template and the texts piece by piece.
func apart(ctx context.Context, c *llama.Client, talk []llama.Message) ([]int, error) {
	stand := slices.Clone(talk)
	for i := range stand {
		stand[i].Content = standIn(talk, i)
	}
	rendered, err := c.ApplyTemplate(ctx, stand)
	if err != nil {
		return nil, err
	}
	var all []int
	add := func(text string, control bool) error {
		if text == "" {
			return nil
		}
		t, err := c.Tokenize(ctx, text, len(all) == 0, control)
		all = append(all, t...)
		return err
	}
	for i, m := range talk {
		before, after, found := strings.Cut(rendered, stand[i].Content)
		if !found {
			return nil, contracts.Errorf(contracts.CodeUnsupported, "messages", "the model's template does not keep texts as they are, and one spells a control token")
		}
		if err := add(before, true); err != nil {
			return nil, err
		}
		if err := add(m.Content, false); err != nil {
			return nil, err
		}
		rendered = after
	}
	return all, add(rendered, true)
}

// standIn is a word for a text that occurs in no text of the conversation.
func standIn(talk []llama.Message, i int) string {
	for n := 0; ; n++ {
		word := fmt.Sprintf("text-%d-%d-stands-here", i, n)
		if !slices.ContainsFunc(talk, func(m llama.Message) bool { return strings.Contains(m.Content, word) }) {
			return word
		}
	}
}
