package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/confine"
)

// body is what a process needs to have to be talked to and ended.
type body interface {
	PID() int
	Kill()
	Ended() <-chan struct{}
	State() string
	stoppable
}

// process is one worker process, seen from the agent. One goroutine at a time
// uses it; kill may be called by any.
type process struct {
	body
	mode   string
	in     *frameWriter
	out    *frameReader
	close  func() // of this side's ends of the pipes
	shelf  shelf
	loaded map[cid.Cid]struct{} // modules that it has run
	batch  uint64
	why    atomic.Pointer[DeathError] // why it was killed
	noise  *complaint
	pace   *throttle
}

const (
	// startTime bounds the time from the start of a process to its first message.
	startTime = time.Minute
	// transferRate is the least that a live process reads in a second.
	transferRate = 4 << 20
)

// start starts a worker process and waits until it is ready.
func start(l *confine.Launcher, c confine.Command, s setup) (*process, []confine.Measure, error) {
	pipes, err := openPipes()
	if err != nil {
		return nil, nil, err
	}
	c.Files = pipes.theirs[:]
	child, measures, err := l.Start(c)
	pipes.closeTheirs()
	if err != nil {
		pipes.closeOurs()
		return nil, nil, fmt.Errorf("start worker process: %w", err)
	}
	p := newProcess(child, pipes.ours[0], pipes.ours[1], pipes.closeOurs)
	p.noise.listen(pipes.ours[2], p.Kill)
	theirs, err := p.greet(s)
	if err != nil {
		p.kill(contracts.CodeInternal, "it did not become ready")
		<-p.Ended()
		err = fmt.Errorf("start worker process: %w; it ended with %s%s", err, p.State(), p.noise)
		p.close()
		return nil, nil, err
	}
	return p, append(measures, theirs...), nil
}

func newProcess(b body, in io.Writer, out io.Reader, close func()) *process {
	return &process{
		body: b, in: &frameWriter{w: in}, out: newFrameReader(out, maxResults), close: close,
		loaded: map[cid.Cid]struct{}{}, noise: &complaint{}, pace: newThrottle(b),
	}
}

// greet exchanges the first messages.
func (p *process) greet(s setup) ([]confine.Measure, error) {
	defer time.AfterFunc(startTime, func() { p.kill(contracts.CodeInternal, "it did not become ready") }).Stop()
	if err := p.in.sendCold(kindSetup, s); err != nil {
		return nil, err
	}
	kind, b, err := p.out.next()
	if err != nil {
		return nil, err
	}
	r, err := decodeCold[ready](b)
	if err == nil && (kind != kindReady || r.V != version) {
		err = malformed("kind %d and version %d, %d and %d were due", kind, r.V, kindReady, version)
	}
	return r.Measures, err
}

// kill ends the process; the first reason counts.
func (p *process) kill(code contracts.Code, reason string) {
	p.end(&DeathError{Code: code, Reason: reason})
}

// cut ends a process that has done nothing wrong, with the task that it runs. Nobody
// waits for what it still says, nor for the system to take its memory apart.
func (p *process) cut(code contracts.Code) {
	p.end(&DeathError{Code: code, Reason: "its task was ended", meant: true})
	p.close()
}

func (p *process) end(why *DeathError) {
	p.why.CompareAndSwap(nil, why)
	p.Kill()
}

// autopsy waits for the end of a process that can no longer be talked to, unless it
// was meant to end, and says why it ended. err is what talking to it gave.
func (p *process) autopsy(err error) *DeathError {
	if why := p.why.Load(); why != nil && why.meant {
		return why
	}
	if _, ok := errors.AsType[*malformedError](err); ok {
		p.kill(contracts.CodeInternal, err.Error())
	} else if err != nil {
		// Its pipes are broken, so it has ended or is about to.
		p.Kill()
	}
	<-p.Ended()
	death := DeathError{Code: contracts.CodeInternal, Reason: "it ended with " + p.State()}
	if why := p.why.Load(); why != nil {
		death = *why
	}
	death.Reason += p.noise.String()
	return &death
}

// dead reports whether the process has ended.
func (p *process) dead() bool {
	select {
	case <-p.Ended():
		return true
	default:
		return false
	}
}

// dismiss lets the process end by itself, and ends it if it does not.
func (p *process) dismiss(ctx context.Context) {
	p.close()
	select {
	case <-p.Ended():
	case <-ctx.Done():
		p.Kill()
		<-p.Ended()
	}
}

// pipes are a process's stdin, stdout and stderr.
type pipes struct{ ours, theirs [3]*os.File }

func openPipes() (p pipes, err error) {
	for i := range p.ours {
		var r, w *os.File
		if r, w, err = os.Pipe(); err != nil {
			p.closeOurs()
			p.closeTheirs()
			return p, fmt.Errorf("open pipe: %w", err)
		}
		p.ours[i], p.theirs[i] = r, w
		if i == 0 {
			p.ours[i], p.theirs[i] = w, r
		}
	}
	return p, nil
}

func (p *pipes) closeOurs()   { closeAll(p.ours[:]) }
func (p *pipes) closeTheirs() { closeAll(p.theirs[:]) }

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close() // a pipe's end loses nothing; nil is refused
	}
}
