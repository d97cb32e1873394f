package worker

import (
	"io"
	"os"
	"strings"
	"sync"
)

const (
	// keptComplaint is how much of a worker's stderr is kept: the beginning, where
	// a Go program says why it panics.
	keptComplaint = 2 << 10
	// mostComplaint is how much a worker may write before it is ended: an honest
	// one writes a stack trace at most.
	mostComplaint = 1 << 20
)

// complaint is what a worker process writes to stderr. Safe for concurrent use.
type complaint struct {
	mu   sync.Mutex
	text []byte
	done chan struct{}
}

// listen reads f until it ends, and calls tooMuch if that takes too long.
func (c *complaint) listen(f *os.File, tooMuch func()) {
	c.done = make(chan struct{})
	go func() {
		defer close(c.done)
		var total int
		b := make([]byte, 1024)
		for {
			n, err := f.Read(b)
			c.mu.Lock()
			c.text = append(c.text, b[:min(n, keptComplaint-len(c.text))]...)
			c.mu.Unlock()
			if total += n; total > mostComplaint {
				tooMuch()
			}
			if err != nil {
				_, _ = io.Copy(io.Discard, f)
				return
			}
		}
	}()
}

// String is ", saying …" or nothing. It waits for the end of what is said by a
// process that has ended.
func (c *complaint) String() string {
	if c.done != nil {
		<-c.done
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	text := strings.TrimSpace(strings.ToValidUTF8(string(c.text), "?"))
	if text == "" {
		return ""
	}
	return ", saying " + text
}
