package llama

import (
	"context"

	"github.com/krako-labs/krako/contracts"
)

// Candidate is a token that may come next, with the natural logarithm of its
// probability before any sampling: at temperature 1, of the whole vocabulary.
type Candidate struct {
	Token   int     `json:"id"`
	LogProb float64 `json:"logprob"`
}

// Next returns the most likely tokens after a prompt, up to most, the likeliest
// first. The slot is the caller's, as in Generate, and keeps the prompt: asking for
// one prompt after the other, each the beginning of the next, computes each token
// once. An answer from another slot is CONFLICT.
func (c *Client) Next(ctx context.Context, prompt []int, slot, most int) ([]Candidate, error) {
	in := struct {
		generation
		Most int `json:"n_probs"`
	}{generation{Prompt: prompt, Slot: slot, MaxTokens: 1, TopP: 1, Stop: []string{}, Reuse: true}, most}
	var out struct {
		Slot          int `json:"id_slot"`
		Probabilities []struct {
			Top []Candidate `json:"top_logprobs"`
		} `json:"completion_probabilities"`
	}
	if err := c.post(ctx, pathCompletion, in, &out); err != nil {
		return nil, err
	}
	switch {
	case out.Slot != slot:
		return nil, contracts.Errorf(contracts.CodeConflict, pathCompletion, "the server used slot %d in place of %d", out.Slot, slot)
	case len(out.Probabilities) != 1 || len(out.Probabilities[0].Top) == 0:
		return nil, contracts.Errorf(contracts.CodeUnsupported, pathCompletion, "the server gives no probabilities")
	}
	return out.Probabilities[0].Top, nil
}
