package server

import (
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// process is one running llama-server; its zero value is one that somebody else
// runs, which never ends as far as this one can see.
type process struct {
	cmd   *exec.Cmd
	pid   int
	ended chan struct{} // closed when it is gone
	err   error         // of Wait; set before ended is closed
	tail  *tail
}

// launch starts the server.
func (s *Server) launch(e endpoint) (*process, error) {
	cmd := exec.Command(s.cfg.Program, append(s.cfg.arguments(s.slotDir()), e.arguments()...)...)
	cmd.Env = e.environment()
	p := &process{cmd: cmd, ended: make(chan struct{}), tail: &tail{}}
	cmd.Stdout, cmd.Stderr = p.tail, p.tail
	ownGroup(cmd)
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", s.cfg.Program, err)
	}
	return p, nil
}

// run owns the thread that starts the process: on Linux the process is killed
// when that thread ends, so that it does not outlive this one.
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	if err == nil {
		p.pid = p.cmd.Process.Pid
	}
	started <- err
	if err == nil {
		p.err = p.cmd.Wait()
	}
	close(p.ended)
}

// failure says how a process ended that was not asked to, with its last words.
func (p *process) failure() error {
	words := p.tail.last()
	if p.err != nil {
		return fmt.Errorf("server ended: %w; its last words: %s", p.err, words)
	}
	return fmt.Errorf("server ended by itself; its last words: %s", words)
}

// stop asks the process to end and kills it if it does not: a server that reads
// a prompt hears nothing.
func (p *process) stop(patience time.Duration) {
	_ = terminate(p.cmd.Process) // it may have ended
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-p.ended:
		return
	case <-t.C:
	}
	p.kill()
	<-p.ended
}

func (p *process) kill() {
	if p.cmd != nil {
		_ = p.cmd.Process.Kill()
	}
}

// tail keeps the end of what a server writes. It writes no prompts unless it is
// started to.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const maxTail = 8 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if over := len(t.buf) - maxTail; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(b), nil
}

// lastWords is how many lines of what a server writes are told when it has ended.
const lastWords = 5

// last returns the first warnings and errors and the last ones, or the last lines of
// all if there are none: one failure follows from the other, and the first says why a
// model could not be fetched.
func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(t.buf)), "\n")
	grave := slices.DeleteFunc(slices.Clone(lines), func(line string) bool {
		fields := strings.Fields(line) // time, level, where, what
		return len(fields) < 3 || fields[1] != "E" && fields[1] != "W"
	})
	if len(grave) > 0 {
		lines = grave
	}
	if len(grave) > lastWords {
		lines = append(grave[:2], grave[len(grave)-lastWords+2:]...)
	}
	return strings.TrimSpace(strings.Join(lines[max(0, len(lines)-lastWords):], " | "))
}
