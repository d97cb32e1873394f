package llama

import (
	"context"

	"github.com/krako-labs/krako/contracts"
)

// Message is one turn of a conversation.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// ApplyTemplate renders a conversation with the model's own template, up to
// where the model's turn begins. The error is VALIDATION_ERROR when the template
// does not take such a conversation.
func (c *Client) ApplyTemplate(ctx context.Context, messages []Message) (string, error) {
	var out struct {
		Prompt string `json:"prompt"`
	}
	err := c.post(ctx, "/apply-template", struct {
		Messages []Message `json:"messages"`
	}{messages}, &out)
	if contracts.CodeOf(err) == contracts.CodeInternal {
		// A template that raises an exception is the server's 500.
		return "", contracts.Errorf(contracts.CodeValidation, "messages", "the model's template refuses this conversation: %w", err)
	}
	return out.Prompt, err
}

// Tokenize returns a text's token ids. begin adds what the model wants at the
// beginning of a prompt; control reads the names of control tokens as these
// tokens, which must be false for text that may not give orders.
func (c *Client) Tokenize(ctx context.Context, text string, begin, control bool) ([]int, error) {
	var out struct {
		Tokens []int `json:"tokens"`
	}
	err := c.post(ctx, "/tokenize", struct {
		Content string `json:"content"`
		Begin   bool   `json:"add_special"`
		Control bool   `json:"parse_special"`
	}{text, begin, control}, &out)
	return out.Tokens, err
}

// Detokenize returns the text of token ids.
func (c *Client) Detokenize(ctx context.Context, tokens []int) (string, error) {
	var out struct {
		Content string `json:"content"`
	}
	err := c.post(ctx, "/detokenize", struct {
		Tokens []int `json:"tokens"`
	}{tokens}, &out)
	return out.Content, err
}

// Embedding is a text as a vector.
type Embedding struct {
	Vector []float64
	// Tokens is how many the text has.
	Tokens int
}

// Embed returns the embedding of a text. UNSUPPORTED says that the server was not
// started for it.
func (c *Client) Embed(ctx context.Context, text string) (Embedding, error) {
	var out struct {
		Data []struct {
			Embedding []float64 `json:"embedding"`
		} `json:"data"`
		Usage struct {
			PromptTokens int `json:"prompt_tokens"`
		} `json:"usage"`
	}
	err := c.post(ctx, "/v1/embeddings", struct {
		Input  string `json:"input"`
		Format string `json:"encoding_format"`
	}{text, "float"}, &out)
	if err != nil {
		return Embedding{}, err
	}
	if len(out.Data) != 1 || len(out.Data[0].Embedding) == 0 {
		return Embedding{}, contracts.Errorf(contracts.CodeInternal, "/v1/embeddings", "server returned %d vectors for one text", len(out.Data))
	}
	return Embedding{Vector: out.Data[0].Embedding, Tokens: out.Usage.PromptTokens}, nil
}
