package server

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama"
	"github.com/krako-labs/krako/internal/llama/gguf"
)

// State is what a server is doing.
type State string

// The states of a server.
const (
	Starting State = "starting"
	Ready    State = "ready"
	Pausing  State = "pausing" // it died and is started again soon
	Stopped  State = "stopped"
)

// Status is a state with what belongs to it.
type Status struct {
	State State
	// Generation counts the starts; the slots of another generation are gone.
	Generation uint64
	Client     *llama.Client // nil unless Ready
	// Endpoint is where it listens, for tests and benchmarks that speak to it
	// beside the broker.
	Endpoint llama.Endpoint
	Props    llama.Props
	// Reason says why it is not ready, if it was.
	Reason string
}

// Server is one supervised server. Its methods are safe for concurrent use.
type Server struct {
	cfg  Config
	info gguf.Info
	dir  *folder // socket and saved slots

	progress atomic.Int64 // unix nanoseconds of the last sign of progress

	mu      sync.Mutex
	status  Status
	changed chan struct{} // closed and replaced at every change
	pid     int
}

// New inspects the model, makes the server's private folder and removes those of
// owners that were killed. Nothing runs until Run does. Errors are those of Validate, of gguf.Inspect, or the disk's.
func New(cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, changed: make(chan struct{}), status: Status{State: Starting}}
	if cfg.Model != "" {
		info, err := inspect(cfg.Model)
		if err != nil {
			return nil, err
		}
		s.info = info
	}
	dir, err := newFolder(memoryDir())
	s.dir = dir
	return s, err
}

func inspect(path string) (gguf.Info, error) {
	f, err := os.Open(path)
	if err != nil {
		return gguf.Info{}, contracts.Errorf(contracts.CodeNotFound, path, "open model: %w", err)
	}
	defer f.Close()
	return gguf.Inspect(f)
}

// memoryDir is a folder in memory, "" the system's for temporary files where
// there is none: what slots are saved to holds prompts.
func memoryDir() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

func (s *Server) slotDir() string { return s.dir.file("slots") }

// SlotFile is the path of a saved slot.
func (s *Server) SlotFile(name string) string { return filepath.Join(s.slotDir(), name) }

// Info is what the model's header says, empty for one that is downloaded.
func (s *Server) Info() gguf.Info { return s.info }

// Config returns what the server was made from.
func (s *Server) Config() Config { return s.cfg }

// Close removes the private folder. It must not be called while Run runs.
func (s *Server) Close() error { return s.dir.remove() }

// Status returns what the server is doing and a channel that is closed when that
// changes.
func (s *Server) Status() (Status, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status, s.changed
}

// Await waits until the server is ready. The error is ctx's, or
// MODEL_UNAVAILABLE when it was stopped.
func (s *Server) Await(ctx context.Context) (Status, error) {
	for {
		st, changed := s.Status()
		switch st.State {
		case Ready:
			return st, nil
		case Stopped:
			return st, contracts.Errorf(contracts.CodeModelUnavailable, s.cfg.Alias, "server is stopped: %s", st.Reason)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return st, context.Cause(ctx)
		}
	}
}

// Progress notes that the server did something: whoever reads tokens from it
// calls it with each.
func (s *Server) Progress() { s.progress.Store(time.Now().UnixNano()) }

// PID is the process id of the running server, 0 without one.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pid
}

func (s *Server) set(change func(*Status)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.status)
	close(s.changed)
	s.changed = make(chan struct{})
}

// Rouse makes a server that was stopped one that starts, for those who wait for it:
// Run is called next.
func (s *Server) Rouse() {
	s.set(func(st *Status) {
		if st.State == Stopped {
			st.State = Starting
		}
	})
}

// Run keeps the server running until ctx ends, and returns when it is gone.
// It may be called again then.
func (s *Server) Run(ctx context.Context) {
	pause := s.cfg.FirstPause
	for ctx.Err() == nil {
		began := time.Now()
		err := s.once(ctx)
		if ctx.Err() != nil {
			break
		}
		s.cfg.Log.Warn("model server ended", "model", s.cfg.Alias, "error", err)
		s.set(func(st *Status) { st.State, st.Client, st.Reason = Pausing, nil, err.Error() })
		if time.Since(began) > 2*s.cfg.MaxPause {
			pause = s.cfg.FirstPause
		}
		rest(ctx, pause)
		pause = min(2*pause, s.cfg.MaxPause)
	}
	s.set(func(st *Status) { st.State, st.Client, st.Reason = Stopped, nil, "its owner stopped it" })
}

// rest waits for d or the end of ctx.
func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// once runs one process from its start to its end and returns why it ended.
func (s *Server) once(ctx context.Context) error {
	if s.cfg.Attach != nil {
		return s.attached(ctx)
	}
	end, err := s.endpoint()
	if err != nil {
		return err
	}
	client, err := llama.New(end.client())
	if err != nil {
		return err
	}
	s.set(func(st *Status) { st.State, st.Generation, st.Endpoint = Starting, st.Generation+1, end.client() })
	p, err := s.launch(end)
	if err != nil {
		return err
	}
	s.setPID(p.pid)
	defer s.setPID(0)
	defer p.stop(s.cfg.StopTimeout)
	if err := s.load(ctx, client, p); err != nil {
		return err
	}
	return s.watch(ctx, client, p)
}

// attached watches a server that somebody else runs, from when it answers until
// it does not.
func (s *Server) attached(ctx context.Context) error {
	client, err := llama.New(*s.cfg.Attach)
	if err != nil {
		return err
	}
	s.set(func(st *Status) { st.State, st.Generation = Starting, st.Generation+1 })
	foreign := &process{}
	if err := s.load(ctx, client, foreign); err != nil {
		return err
	}
	return s.watch(ctx, client, foreign)
}

func (s *Server) setPID(pid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pid = pid
}

// pollEvery is how often a server that loads is asked whether it is ready.
const pollEvery = 20 * time.Millisecond

// load waits until the model is there.
func (s *Server) load(ctx context.Context, c *llama.Client, p *process) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.LoadTimeout, errors.New("it did not load its model in time"))
	defer cancel()
	for {
		if c.Health(ctx) == nil {
			props, err := c.Props(ctx)
			if err != nil {
				return err
			}
			s.Progress()
			s.cfg.Log.Info("model server ready", "model", s.cfg.Alias, "profile", s.cfg.Profile, "slots", props.Slots,
				"context", props.Context, "build", props.Build, "pid", p.pid)
			s.set(func(st *Status) { st.State, st.Client, st.Props, st.Reason = Ready, c, props, "" })
			return nil
		}
		t := time.NewTimer(pollEvery)
		select {
		case <-t.C:
		case <-p.ended:
			t.Stop()
			return p.failure()
		case <-ctx.Done():
			t.Stop()
			return context.Cause(ctx)
		}
	}
}

// watch returns when the process has ended, or hangs.
func (s *Server) watch(ctx context.Context, c *llama.Client, p *process) error {
	every := max(s.cfg.HangTimeout/4, 10*time.Millisecond)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-p.ended:
			return p.failure()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		// Health has its own threads and may answer late when all others are in
		// use: a server that gives tokens does not hang, whatever it says.
		ask, cancel := context.WithTimeout(ctx, every)
		if c.Health(ask) == nil {
			s.Progress()
		}
		cancel()
		if idle := time.Since(time.Unix(0, s.progress.Load())); idle > s.cfg.HangTimeout {
			p.kill()
			return contracts.Errorf(contracts.CodeModelUnavailable, s.cfg.Alias, "server made no progress for %s", s.cfg.HangTimeout)
		}
	}
}
