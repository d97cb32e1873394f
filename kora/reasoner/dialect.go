package reasoner

import (
	"bufio"
	"context"
	"encoding/json"
	"io"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama"
)

// ask is one request to a model.
type ask struct {
	model     string
	talk      []llama.Message
	maxTokens int64
	invoked   *contracts.ModelInvocation // the sampling
	schema    json.RawMessage
	context   int // that the model can have, 0 if not known
}

// said is a generation as far as it came.
type said struct {
	text string
	// limit says that the bound of tokens, or the context, ended it.
	limit bool
	// tokensIn and tokensOut are the server's counts; counted says that it gave any.
	tokensIn, tokensOut int64
	counted             bool
}

// dialect is what one kind of server understands.
type dialect interface {
	// models lists what is on offer.
	models(ctx context.Context) ([]Model, error)
	// generate streams one generation. An error of emit ends it. What came until
	// an error is returned with it.
	generate(ctx context.Context, a *ask, emit func(text string) error) (said, error)
	// embed returns the vector of a text and how many tokens that has.
	embed(ctx context.Context, model, text string) ([]float64, int64, error)
}

func dialectOf(e Endpoint) dialect {
	if e.Kind == Ollama {
		return &ollama{e.wire(), e.URL}
	}
	return &openAI{e.wire(), e.URL, e.Kind}
}

// lines reads a stream line by line.
type lines struct{ scan *bufio.Scanner }

func newLines(r io.Reader) *lines {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 16<<10), maxEvent)
	return &lines{s}
}

// next returns a line that is not empty, valid until the one after. The end of
// the stream is io.ErrUnexpectedEOF: what matters comes before.
func (l *lines) next() ([]byte, error) {
	for l.scan.Scan() {
		if b := l.scan.Bytes(); len(b) > 0 {
			return b, nil
		}
	}
	if err := l.scan.Err(); err != nil {
		return nil, err
	}
	return nil, io.ErrUnexpectedEOF
}
