package mcp

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// maxLine bounds a message in bytes.
const maxLine = 16 << 20

// What answers a line that is no JSON, or no message: nobody knows its id.
const (
	parseError     = `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"a line is no JSON"}}` + "\n"
	invalidRequest = `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"a line is no message of JSON-RPC 2.0"}}` + "\n"
)

// lastWords is how long a session goes on behind the end of its input, for what was
// asked before. A request that was cancelled gets no answer.
const lastWords = 5 * time.Second

// jsonLines reads lines that are messages, and answers all others: the SDK ends the session
// at the first of them, and at the end of the input whatever is under way.
type jsonLines struct {
	from  io.ReadCloser
	lines *bufio.Reader
	left  []byte // of a line that was handed on in part
	reply *lineWriter
}

func newJSONLines(from io.ReadCloser, reply *lineWriter) *jsonLines {
	return &jsonLines{from: from, lines: bufio.NewReaderSize(from, 64<<10), reply: reply}
}

func (j *jsonLines) Close() error { return j.from.Close() }

func (j *jsonLines) Read(p []byte) (int, error) {
	for len(j.left) == 0 {
		line, err := j.line()
		switch {
		case len(bytes.TrimSpace(line)) == 0:
			if err != nil {
				j.reply.drain()
				return 0, err
			}
		case isMessage(line):
			if isRequest, _ := kindOf(line); isRequest {
				j.reply.open.Add(1)
			}
			j.left = append(line, '\n')
		case json.Valid(line):
			err = j.answer(invalidRequest)
		default:
			err = j.answer(parseError)
		}
		if err != nil && len(j.left) == 0 && !errors.Is(err, io.EOF) {
			return 0, err
		}
	}
	n := copy(p, j.left)
	j.left = j.left[n:]
	return n, nil
}

func (j *jsonLines) answer(text string) error {
	_, err := io.WriteString(j.reply, text)
	return err
}

// isMessage reports whether the SDK can read a line; of several messages in one it
// knows more.
func isMessage(line []byte) bool {
	if text := bytes.TrimSpace(line); text[0] == '[' {
		return json.Valid(text) && string(bytes.TrimSpace(text[1:])) != "]"
	}
	_, err := jsonrpc.DecodeMessage(line)
	return err == nil
}

// errLongLine is the end of a session whose client writes without an end.
var errLongLine = errors.New("a line is longer than a message may be")

// line reads a line without its end.
func (j *jsonLines) line() ([]byte, error) {
	var line []byte
	for {
		part, err := j.lines.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return nil, errLongLine
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimRight(line, "\r\n"), err
		}
	}
}

// kindOf says what a message is that has an id.
func kindOf(line []byte) (isRequest, isAnswer bool) {
	var m struct {
		ID     json.RawMessage `json:"id"`
		Method *string         `json:"method"`
	}
	there := json.Unmarshal(line, &m) == nil && len(m.ID) > 0 && string(m.ID) != "null"
	return there && m.Method != nil, there && m.Method == nil
}

// lineWriter keeps writes of several goroutines apart, and counts answers.
type lineWriter struct {
	mu    sync.Mutex
	to    io.Writer
	open  atomic.Int64  // requests without an answer
	wrote chan struct{} // has one element after a write
}

func (w *lineWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.to.Write(b)
	if _, isAnswer := kindOf(b); isAnswer {
		w.open.Add(-1)
	}
	select {
	case w.wrote <- struct{}{}:
	default:
	}
	return n, err
}

// drain returns when every request has its answer, or after lastWords.
func (w *lineWriter) drain() {
	late := time.NewTimer(lastWords)
	defer late.Stop()
	for w.open.Load() > 0 {
		select {
		case <-w.wrote:
		case <-late.C:
			return
		}
	}
}

// Close does nothing: the writer is its owner's.
func (w *lineWriter) Close() error { return nil }
