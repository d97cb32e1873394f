package llama

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// maxEvent bounds one event of a stream. The last one repeats the prompt's text.
const maxEvent = 32 << 20

// events reads server-sent events, of which only data lines matter here.
type events struct{ lines *bufio.Scanner }

func newEvents(r io.Reader) *events {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 16<<10), maxEvent)
	return &events{s}
}

// next returns the data of the next event, valid until the one after. A stream
// that ends is io.ErrUnexpectedEOF: the last event of interest comes before.
func (e *events) next() ([]byte, error) {
	for e.lines.Scan() {
		if data, ok := bytes.CutPrefix(e.lines.Bytes(), []byte("data:")); ok {
			return bytes.TrimSpace(data), nil
		}
		// A server of another kind writes its error without the prefix.
		if data, ok := bytes.CutPrefix(e.lines.Bytes(), []byte("error:")); ok {
			return append([]byte(`{"error":`), append(bytes.TrimSpace(data), '}')...), nil
		}
	}
	if err := e.lines.Err(); err != nil {
		return nil, err
	}
	return nil, io.ErrUnexpectedEOF
}

// patience ends a generation that makes no progress.
type patience struct {
	timer *time.Timer
	next  time.Duration
	off   bool
}

func newPatience(end context.CancelCauseFunc, first, next time.Duration) *patience {
	if first <= 0 && next <= 0 {
		return &patience{off: true}
	}
	expire := func() {
		end(contracts.Errorf(contracts.CodeTimeout, pathCompletion, "the server made no progress in time"))
	}
	if first <= 0 {
		first = 1<<63 - 1
	}
	return &patience{timer: time.AfterFunc(first, expire), next: next}
}

// renew starts the term for the next token.
func (p *patience) renew() {
	switch {
	case p.off:
	case p.next > 0:
		p.timer.Reset(p.next)
	default:
		p.timer.Stop()
	}
}

func (p *patience) stop() {
	if !p.off {
		p.timer.Stop()
	}
}
