package worker

import (
	"context"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox"
)

// InProcess is a Runner that runs guests in this process: for tests, and for
// whoever runs only modules of its own. A guest in it can keep the garbage
// collector, and with it everything else, waiting for a slice of fuel or for one
// long instruction.
type InProcess struct {
	box      *sandbox.Sandbox
	maxInput int64
	gate     *gate
	turns    chan *turn
}

// NewInProcess makes a Runner that shares a code directory with Processes.
func NewInProcess(ctx context.Context, o Options) (*InProcess, error) {
	p := &InProcess{maxInput: o.MaxInput, gate: newGate(), turns: make(chan *turn, o.Slots)}
	for range o.Slots {
		p.turns <- &turn{gate: p.gate}
	}
	var err error
	p.box, err = sandbox.New(ctx, sandbox.Config{
		CacheDir: o.CacheDir, CacheBytes: o.CacheBytes, ModuleCacheBytes: o.ModuleBytes,
		MaxModuleBytes: o.MaxModule, MaxMemoryPages: o.MaxPages, Yield: yield, Engine: o.Engine,
	})
	return p, err
}

// Admit implements Runner.
func (p *InProcess) Admit(ctx context.Context, id cid.Cid, wasm []byte) error {
	if pace, _ := p.gate.get(); pace.Paused {
		return errPaused(id)
	}
	_, err := p.box.Admit(ctx, wasm)
	return err
}

// Run implements Runner.
func (p *InProcess) Run(tasks []Task, blocks Blocks, ended func(int, End)) {
	t := <-p.turns
	defer func() { p.turns <- t }()
	defer t.idle()
	for i := range tasks {
		ended(i, p.run(&tasks[i], blocks, t))
	}
}

func (p *InProcess) run(task *Task, blocks Blocks, t *turn) End {
	job, err := p.job(task, blocks)
	if err != nil {
		return End{Err: err}
	}
	ctx, cancel := context.WithTimeout(context.WithValue(task.Context, turnKey{}, t), task.Limit)
	defer cancel()
	t.pass(ctx)
	began := time.Now()
	o, err := p.box.Run(ctx, job)
	return End{Outcome: o, Took: time.Since(began), Err: err}
}

func (p *InProcess) job(task *Task, blocks Blocks) (sandbox.Job, error) {
	job := jobOf(task)
	var err error
	if job.Module, err = readyModule(task.Context, p.box, task.Call.Module.Cid); err != nil {
		return job, err
	}
	left := p.maxInput
	get := func(id cid.Cid) []byte {
		var data []byte
		if err == nil {
			data, err = blocks.Get(task.Context, id, left)
			left -= int64(len(data))
		}
		return data
	}
	if link := task.Call.Input.Link; link.Defined() {
		job.Input = get(link.Cid)
	}
	for name, link := range task.Call.Blobs {
		job.Blobs[name] = get(link.Cid)
	}
	return job, err
}

// jobOf is a task as the sandbox takes it, but for its module and blocks.
func jobOf(t *Task) sandbox.Job {
	job := sandbox.Job{
		Entry: t.Call.Entry, Input: t.Call.Input.Inline, Fuel: t.Call.Fuel, MemoryPages: t.Call.MemoryPages, Unit: t.Unit,
	}
	if len(t.Call.Blobs) > 0 {
		job.Blobs = make(map[string][]byte, len(t.Call.Blobs))
	}
	return job
}

// readyModule returns a module that was admitted before, here or by another
// process.
func readyModule(ctx context.Context, box *sandbox.Sandbox, id cid.Cid) (*sandbox.Module, error) {
	if m, ok := box.Module(id); ok {
		return m, nil
	}
	m, err := box.Load(ctx, id)
	if contracts.CodeOf(err) == contracts.CodeNotFound {
		return nil, ErrNotAdmitted
	}
	return m, err
}

// MaxBatch implements Runner: there is nothing to save.
func (p *InProcess) MaxBatch() int { return 1 }

// SetPace implements Runner.
func (p *InProcess) SetPace(pace Pace) { p.gate.set(pace) }

// Release implements Runner: what is here belongs to the whole process.
func (p *InProcess) Release() {}

// Report implements Runner.
func (p *InProcess) Report() Report { return Report{Isolation: "none"} }

// Close implements Runner.
func (p *InProcess) Close() error { return p.box.Close(context.Background()) }
