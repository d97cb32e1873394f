package worker

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/ipfs/go-cid"
	"golang.org/x/sync/singleflight"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/confine"
)

// Processes is a Runner whose guests run in worker processes.
type Processes struct {
	opts     Options
	log      *slog.Logger
	launcher *confine.Launcher
	admits   singleflight.Group
	// compiling has room for as many admissions as may go on at once: each takes a
	// processor and up to 200 MB.
	compiling chan struct{}
	ending    context.Context // ends when Close begins
	end       context.CancelFunc
	watching  sync.WaitGroup // the watch, and the ends of processes

	mu       sync.Mutex
	free     sync.Cond // a process is idle, or there is room for another
	idle     []*process
	live     map[*process]struct{}
	units    int // processes for units that live or are being started
	closed   bool
	asked    Pace // by SetPace
	paceSet  bool
	pace     Pace // what processes are held to: no share while the system holds it
	failures int  // deaths since a task last ended
	suspects suspects
	report   Report
}

const (
	maxCompiling = 2
	// overhead is what a worker process needs besides modules, blocks and the
	// memory of its guest: Go's runtime, stacks of guests, outputs.
	overhead = 256 << 20
	// admissionBytes bounds the memory of an admission: 200 MB is the most that
	// was seen, for a Go module of 3.3 MB.
	admissionBytes = 1 << 30
	// dismissal is how long a process may take to end by itself.
	dismissal = time.Second
)

// leastModules is what each process may keep ready whatever its share would be:
// the four modules that carry most of the catalogue, so that a node of many slots
// does not load them again and again (docs/adr/0023).
const leastModules = 192 << 20

// moduleShare bounds the modules that one process keeps ready.
func moduleShare(o *Options) int64 { return max(o.ModuleBytes/int64(o.Slots), leastModules) }

// NewProcesses starts the first worker process, so that a machine on which none
// can be started is known at once; the others are started when they are needed.
func NewProcesses(o Options, log *slog.Logger) (*Processes, error) {
	var err error
	if o.CacheDir, err = filepath.Abs(o.CacheDir); err != nil {
		return nil, fmt.Errorf("locate code cache: %w", err)
	}
	// Processes for units only read it, so somebody must have made it.
	if err := os.MkdirAll(o.CacheDir, 0o700); err != nil {
		return nil, fmt.Errorf("create code cache: %w", err)
	}
	p := &Processes{
		opts: o, log: log, launcher: confine.NewLauncher(), compiling: make(chan struct{}, maxCompiling),
		live: map[*process]struct{}{}, report: Report{Isolation: "process"},
	}
	p.free.L = &p.mu
	if o.TotalBytes > 0 {
		p.launcher.BoundMemory(o.TotalBytes) // besides watch, which is slower and everywhere
	}
	p.ending, p.end = context.WithCancel(context.Background())
	first, err := p.start(modeUnits)
	if err != nil {
		p.end()
		return nil, err
	}
	p.idle, p.units = append(p.idle, first), 1
	p.watching.Go(p.watch)
	return p, nil
}

// start starts a process.
func (p *Processes) start(mode string) (*process, error) {
	o := &p.opts
	share := moduleShare(o)
	child, measures, err := start(p.launcher, confine.Command{
		Path: o.Command.Path, Args: o.Command.Args, Env: environment(), Dir: o.CacheDir,
		Read: []string{o.CacheDir}, MemoryBytes: p.mostMemory(mode), Rank: o.Rank,
	}, setup{
		V: version, Mode: mode, CacheDir: o.CacheDir, CacheBytes: o.CacheBytes, ModuleBytes: share,
		MaxModule: o.MaxModule, MaxPages: o.MaxPages, MaxInput: o.MaxInput,
		HeapBytes: overhead/2 + share + o.MaxInput + o.KeepBlocks, Engine: uint8(o.Engine),
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.report.Deaths++
		p.report.LastDeath = err.Error()
		return nil, err
	}
	if p.report.Measures == nil {
		p.report.Measures = measures
	}
	child.mode = mode
	p.live[child] = struct{}{}
	if mode == modeAdmission && p.asked.Paused {
		child.kill(contracts.CodeCancelled, whyPaused)
	}
	child.pace.set(p.pace)
	return child, nil
}

// mostMemory is how much memory a process may have for itself.
func (p *Processes) mostMemory(mode string) int64 {
	o := &p.opts
	guest := int64(o.MaxPages) << 16
	if mode == modeAdmission {
		return admissionBytes + guest
	}
	return overhead + moduleShare(o) + 2*(o.MaxInput+o.KeepBlocks) + guest
}

// environment is what a worker process is told of this one's: nothing, but for
// what Windows needs to start one.
func environment() []string {
	if runtime.GOOS == "windows" {
		return []string{"SystemRoot=" + os.Getenv("SystemRoot")}
	}
	return []string{}
}

// Run implements Runner.
func (p *Processes) Run(tasks []Task, blocks Blocks, ended func(int, End)) {
	tasks, places := p.admissible(tasks, ended)
	if len(tasks) == 0 {
		return
	}
	report := func(i int, e End) {
		if e.Err == nil {
			p.completed()
		}
		ended(places[i], e)
	}
	child := p.take(tasks[0].Call.Module.Cid)
	if child == nil { // closed
		for i := range tasks {
			ended(places[i], End{Err: ErrNotRun})
		}
		return
	}
	b, death := child.run(tasks, blocks, bounds{p.opts.MaxInput, p.opts.KeepBlocks, p.opts.Grace}, report)
	if death == nil {
		p.giveBack(child)
		return
	}
	p.bury(child, b, death)
}

// admissible ends the tasks whose modules are refused and returns the others,
// with their places.
func (p *Processes) admissible(tasks []Task, ended func(int, End)) (rest []Task, places []int) {
	for i := range tasks {
		if p.refused(tasks[i].Call.Module.Cid) {
			ended(i, End{Err: refusal(&tasks[i])})
			continue
		}
		rest, places = append(rest, tasks[i]), append(places, i)
	}
	return rest, places
}

// bury ends the tasks of a process that died.
func (p *Processes) bury(child *process, b *batch, death *DeathError) {
	var modules []cid.Cid
	for i, at := range b.sent {
		if b.open[i].Load() {
			modules = append(modules, b.tasks[at].Call.Module.Cid)
		}
	}
	if death.meant { // until it is gone it takes its place
		p.watching.Go(func() { <-child.Ended(); p.died(child, death, modules) })
	} else {
		p.died(child, death, modules)
	}
	b.bury(func(t *Task) error {
		switch {
		case t.Context.Err() != nil:
			return cancelled(t)
		case death.meant && death.Code == contracts.CodeTimeout && t == b.running():
			return contracts.Errorf(contracts.CodeTimeout, t.Unit.String(), "deadline: %w", context.DeadlineExceeded)
		case death.meant || death.Code == contracts.CodeCancelled:
			return ErrNotRun
		case p.refused(t.Call.Module.Cid):
			return refusal(t)
		}
		return death
	})
}

// cancelled is the error of a task whose context has ended.
func cancelled(t *Task) error {
	return contracts.Errorf(contracts.CodeCancelled, t.Unit.String(), "cancelled: %w", context.Cause(t.Context))
}

// refusal is the error of a task whose module has killed its processes.
func refusal(t *Task) error {
	return contracts.Errorf(contracts.CodeInternal, t.Unit.String(),
		"module %s has killed %d worker processes of this node and is refused", t.Call.Module, mostKilled)
}

// MaxBatch implements Runner: a round trip through the pipe costs as much as
// three no-op units, and 256 make it nothing.
func (p *Processes) MaxBatch() int { return maxBatch }

// SetPace implements Runner.
func (p *Processes) SetPace(pace Pace) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paceSet && pace == p.asked {
		return
	}
	p.asked, p.paceSet = pace, true
	processors := 0.0
	if pace.bounded() {
		processors = float64(pace.Share*p.opts.Slots) / 100
	}
	if p.launcher.BoundProcessors(processors) {
		pace.Share = 0
	}
	p.pace = pace
	for child := range p.live {
		if pace.Paused && child.mode == modeAdmission {
			child.kill(contracts.CodeCancelled, whyPaused)
		}
		child.pace.set(pace)
	}
}

func (p *Processes) paused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked.Paused
}

// Release implements Runner.
func (p *Processes) Release() {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.units -= len(idle)
	for _, child := range idle {
		delete(p.live, child)
	}
	p.free.Broadcast()
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), dismissal)
	defer cancel()
	for _, child := range idle {
		child.dismiss(ctx)
	}
}

// Report implements Runner.
func (p *Processes) Report() Report {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.report
	for child := range p.live {
		r.Processes = append(r.Processes, child.PID())
	}
	r.Refused = p.suspects.refused()
	return r
}

// Close implements Runner.
func (p *Processes) Close() error {
	p.mu.Lock()
	p.closed = true
	p.free.Broadcast()
	var all []*process
	for child := range p.live {
		all = append(all, child)
	}
	p.mu.Unlock()
	p.end()
	p.watching.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), dismissal)
	defer cancel()
	for _, child := range all {
		child.dismiss(ctx)
	}
	return nil
}
