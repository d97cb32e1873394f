package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// Process is one supervised child: it is started again when it ends by itself,
// after a pause that grows while it keeps ending early.
type Process struct {
	Name string
	path string
	args []string
	log  string

	mu       sync.Mutex
	cmd      *exec.Cmd
	starts   int
	killed   bool // by Kill, since it was started
	stopping bool
	ended    chan struct{} // closed when the supervisor has ended
}

// Restart pauses. A child that lived longer than settled starts from the first
// again.
const (
	firstPause = 200 * time.Millisecond
	maxPause   = 10 * time.Second
	settled    = 30 * time.Second
	// stopGrace is how long a child may take to drain before it is killed.
	stopGrace = 20 * time.Second
)

// newProcess describes a child; its output is appended to the file log.
func newProcess(name, path, log string, args ...string) *Process {
	return &Process{Name: name, path: path, args: args, log: log, ended: make(chan struct{})}
}

// start launches the child and its supervisor, which ends when ctx does.
func (p *Process) start(ctx context.Context) error {
	if err := p.launch(); err != nil {
		close(p.ended)
		return err
	}
	go p.supervise(ctx)
	return nil
}

func (p *Process) launch() error {
	if err := os.MkdirAll(filepath.Dir(p.log), 0o700); err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	defer out.Close() // the child has its own descriptor
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopping {
		return errors.New("cluster is stopping")
	}
	cmd := exec.Command(p.path, p.args...)
	cmd.Stdout, cmd.Stderr = out, out
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	p.cmd = cmd
	p.starts++
	return nil
}

// supervise waits for the child and starts it again until ctx ends.
func (p *Process) supervise(ctx context.Context) {
	defer close(p.ended)
	pause := firstPause
	for {
		began := time.Now()
		_ = p.current().Wait() // how it ended is in its log
		if time.Since(began) > settled {
			pause = firstPause
		}
		p.mu.Lock()
		stopping := p.stopping
		if p.killed {
			pause, p.killed = firstPause, false // that it ended says nothing about it
		}
		p.mu.Unlock()
		if stopping || ctx.Err() != nil {
			return
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		pause = min(2*pause, maxPause)
		if err := p.launch(); err != nil {
			return
		}
	}
}

func (p *Process) current() *exec.Cmd {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd
}

// PID returns the process id of the running child.
func (p *Process) PID() int { return p.current().Process.Pid }

// Starts returns how often the child was started.
func (p *Process) Starts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.starts
}

// Kill ends the child at once, as kill -9 does; the supervisor soon starts it again.
func (p *Process) Kill() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	return p.cmd.Process.Kill()
}

// Log returns the file with the child's output.
func (p *Process) Log() string { return p.log }

// stop asks the child to drain and end, kills it when it takes too long, and
// returns when it is gone.
func (p *Process) stop() {
	p.mu.Lock()
	p.stopping = true
	cmd := p.cmd
	p.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = terminate(cmd.Process) // it may have ended by itself
	select {
	case <-p.ended:
		return
	case <-time.After(stopGrace):
	}
	_ = cmd.Process.Kill()
	<-p.ended
}
