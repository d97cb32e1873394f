package worker

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
)

// Kinds of frames.
const (
	kindSetup   = 1
	kindBatch   = 2
	kindBlock   = 3
	kindDrop    = 4
	kindCancel  = 5
	kindModule  = 6
	kindReady   = 65
	kindResults = 66
	kindVerdict = 67
	kindRunning = 68
)

const (
	headBytes = 5 // length and kind
	// keptBuffer is how large a buffer a side keeps between frames.
	keptBuffer = 64 << 10
)

// frameReader reads frames of at most max bytes.
type frameReader struct {
	r   *bufio.Reader
	max int
	buf []byte
}

func newFrameReader(r io.Reader, max int) *frameReader {
	return &frameReader{r: bufio.NewReaderSize(r, keptBuffer), max: max}
}

// next returns the next frame. A body longer than keptBuffer is the caller's, a
// shorter one is gone when next is called again. The error is io.EOF at the end
// of the stream, if that is between frames.
func (f *frameReader) next() (kind byte, body []byte, err error) {
	var head [headBytes]byte
	if _, err := io.ReadFull(f.r, head[:]); err != nil {
		return 0, nil, err
	}
	n := int64(binary.BigEndian.Uint32(head[:])) - 1
	if n < 0 || n > int64(f.max) {
		return 0, nil, malformed("frame of %d bytes, allowed are %d", n, f.max)
	}
	if n > int64(len(f.buf)) && n <= keptBuffer {
		f.buf = make([]byte, keptBuffer)
	}
	if n > keptBuffer {
		body = make([]byte, n)
	} else {
		body = f.buf[:n]
	}
	if _, err := io.ReadFull(f.r, body); err != nil {
		return 0, nil, fmt.Errorf("read frame: %w", io.ErrUnexpectedEOF)
	}
	return head[4], body, nil
}

// malformedError tells what is wrong with what the other side sent.
type malformedError struct{ text string }

func (e *malformedError) Error() string { return "malformed message: " + e.text }

func malformed(format string, args ...any) error {
	return &malformedError{fmt.Sprintf(format, args...)}
}

// frameWriter writes frames. Safe for concurrent use.
type frameWriter struct {
	mu  sync.Mutex
	w   io.Writer
	buf []byte
}

// frame begins a frame in b; finish completes it.
func appendHead(b []byte, kind byte) []byte { return append(b, 0, 0, 0, 0, kind) }

// finish sets the length of the frame that begins at start and goes to the end.
func finish(b []byte, start int) []byte {
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-headBytes+1))
	return b
}

// send writes one frame: head is the beginning of its body, rest what follows,
// which is not copied if it is long.
func (f *frameWriter) send(kind byte, head, rest []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.buf = append(appendHead(f.buf[:0], kind), head...)
	if len(rest) <= keptBuffer/2 {
		f.buf = append(f.buf, rest...)
		rest = nil
	}
	binary.BigEndian.PutUint32(f.buf, uint32(len(f.buf)-headBytes+1+len(rest)))
	if _, err := f.w.Write(f.buf); err != nil {
		return fmt.Errorf("write frame: %w", err)
	}
	if cap(f.buf) > keptBuffer {
		f.buf = nil
	}
	if len(rest) == 0 {
		return nil
	}
	if _, err := f.w.Write(rest); err != nil {
		return fmt.Errorf("write frame: %w", err)
	}
	return nil
}
