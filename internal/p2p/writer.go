package p2p

import (
	"context"
	"io"
	"sync"
	"time"
)

// maxQueue is the greatest number of bytes that wait to be written, one larger
// frame excepted.
const maxQueue = 256 << 10

// frameWriter is the queue of frames to one peer. One goroutine, run, takes
// everything that waits and writes it at once: frames that come while it
// writes travel together, a lone frame goes out alone and at once.
type frameWriter struct {
	mu    sync.Mutex
	queue []byte        // whole frames
	shut  bool          // nothing more is accepted
	room  chan struct{} // closed when the queue was taken, then replaced

	wake chan struct{} // holds a token while there is something for run to do
	done chan struct{} // closed when run has returned
}

func newFrameWriter() *frameWriter {
	return &frameWriter{room: make(chan struct{}), wake: make(chan struct{}, 1), done: make(chan struct{})}
}

// put queues one frame. It waits while the queue is full, until ctx ends or
// the writer does (ErrClosed).
func (w *frameWriter) put(ctx context.Context, frame []byte) error {
	for {
		room, err := w.offer(frame)
		if room == nil || err != nil {
			return err
		}
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// offer queues the frame, or returns what to wait for when the queue is full.
func (w *frameWriter) offer(frame []byte) (room <-chan struct{}, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shut {
		return nil, ErrClosed
	}
	if len(w.queue) > 0 && len(w.queue)+len(frame) > maxQueue {
		return w.room, nil
	}
	w.queue = append(w.queue, frame...)
	w.signal()
	return nil, nil
}

// finish queues a last frame, however full the queue, and accepts no more.
func (w *frameWriter) finish(last []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shut {
		return
	}
	w.shut = true
	w.queue = append(w.queue, last...)
	w.signal()
	w.free()
}

// abort drops what waits and accepts no more.
func (w *frameWriter) abort() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shut = true
	w.queue = nil
	w.signal()
	w.free()
}

func (w *frameWriter) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *frameWriter) free() {
	close(w.room)
	w.room = make(chan struct{})
}

// take exchanges the queue for an empty one on spare.
func (w *frameWriter) take(spare []byte) (frames []byte, last bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	frames, w.queue = w.queue, spare[:0]
	w.free()
	return frames, w.shut
}

// run writes until finish or abort, or an error, and calls beat at every tick,
// which may offer a frame. Buffers that idle from one tick to the next are
// given back.
func (w *frameWriter) run(out io.Writer, tick <-chan time.Time, beat func()) error {
	defer close(w.done)
	defer w.abort()
	var spare []byte
	for {
		select {
		case <-w.wake:
		case <-tick:
			beat()
			w.release()
			spare = nil
			continue
		}
		frames, last := w.take(spare)
		if _, err := out.Write(frames); err != nil {
			return err
		}
		if last {
			return nil
		}
		spare = frames
	}
}

func (w *frameWriter) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		w.queue = nil
	}
}
