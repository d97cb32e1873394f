package p2p

import (
	"bufio"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// conn is what the protocols need of a libp2p stream; Pipe has another.
type conn interface {
	io.ReadWriter
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
	CloseWrite() error
	Close() error
	ResetWithError(network.StreamErrorCode) error
}

const (
	readBuffer = 16 << 10
	// writeChunk is how much a peer must read within the patience to be no
	// stalled one, and enough that a batch of small frames is one write.
	writeChunk = 64 << 10
	// readProgress renews the deadline inside a frame: a slow link may take
	// longer for a large one, a trickle of single bytes may not.
	readProgress = 4 << 10
)

// patientReader reads from c and takes a peer that sends nothing for too long
// for dead. The clock starts at the first wait of each frame, so that a slow
// consumer on this side is not held against the peer.
type patientReader struct {
	c        conn
	patience time.Duration
	fresh    bool // the next wait begins a new term
	progress int

	mu      sync.Mutex
	closing bool // the deadline belongs to the closer
}

func newPatientReader(c conn, patience time.Duration) *patientReader {
	return &patientReader{c: c, patience: patience, fresh: true}
}

func (p *patientReader) buffered() *bufio.Reader { return bufio.NewReaderSize(p, readBuffer) }

// renew starts a new term with the next wait. Only the reader calls it.
func (p *patientReader) renew() { p.fresh = true }

func (p *patientReader) Read(b []byte) (int, error) {
	if p.fresh || p.progress >= readProgress {
		p.extend()
	}
	n, err := p.c.Read(b)
	p.progress += n
	if err != nil && isTimeout(err) {
		return n, fmt.Errorf("%w for %s", ErrSilent, p.patience)
	}
	return n, err
}

func (p *patientReader) extend() {
	p.fresh, p.progress = false, 0
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closing {
		// An error means that the stream is gone; the read then tells.
		_ = p.c.SetReadDeadline(time.Now().Add(p.patience))
	}
}

// close ends the current and all later reads by the deadline t.
func (p *patientReader) close(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closing = true
	_ = p.c.SetReadDeadline(t)
}

// patientWriter writes to c and takes a peer that reads nothing for too long
// for dead.
type patientWriter struct {
	c        conn
	patience time.Duration
}

// Write writes all of b or fails.
func (p patientWriter) Write(b []byte) (int, error) {
	written := 0
	for written < len(b) {
		chunk := b[written:min(len(b), written+writeChunk)]
		// An error means that the stream is gone; the write then tells.
		_ = p.c.SetWriteDeadline(time.Now().Add(p.patience))
		n, err := p.c.Write(chunk)
		written += n
		switch {
		case err == nil:
		case !isTimeout(err):
			return written, err
		case n == 0:
			return written, fmt.Errorf("%w for %s", ErrStalled, p.patience)
		}
	}
	return written, nil
}
