package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

var errSilent = errors.New("the gateway fell silent")

// watchdog ends a request that is silent for too long: a peer that is gone
// without a word looks like one that has nothing to say.
type watchdog struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	first  time.Duration // until the answer begins, from the last byte sent
}

// watch returns the context for one request. It ends with ctx, when the watchdog
// is stopped, or when it finds silence.
func watch(ctx context.Context, first time.Duration) (context.Context, *watchdog) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(first, func() { cancel(errSilent) })
	return ctx, &watchdog{ctx, cancel, timer, first}
}

func (w *watchdog) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// why returns the better reason for err, which the end of the context may be.
func (w *watchdog) why(err error) error {
	if context.Cause(w.ctx) == errSilent {
		return errSilent
	}
	return err
}

// sending returns the body of a request: as long as the gateway takes it, it
// lives.
func (w *watchdog) sending(body []byte) io.Reader {
	if len(body) == 0 {
		return http.NoBody
	}
	return &sending{bytes.NewReader(body), w}
}

type sending struct {
	io.Reader
	dog *watchdog
}

func (s *sending) Read(b []byte) (int, error) {
	s.dog.timer.Reset(s.dog.first)
	return s.Reader.Read(b)
}

// receiving returns the body of an answer, which may pause for idle. To close it
// ends the request.
func (w *watchdog) receiving(body io.ReadCloser, idle time.Duration) io.ReadCloser {
	return &receiving{body, w, idle}
}

type receiving struct {
	io.ReadCloser
	dog  *watchdog
	idle time.Duration
}

func (r *receiving) Read(b []byte) (int, error) {
	r.dog.timer.Reset(r.idle)
	n, err := r.ReadCloser.Read(b)
	if err != nil && err != io.EOF {
		err = r.dog.why(err)
	}
	return n, err
}

func (r *receiving) Close() error {
	r.dog.stop()
	return r.ReadCloser.Close()
}
