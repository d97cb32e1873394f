package sandbox

import (
	"context"
	"maps"
	"runtime"
	"slices"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
)

// Job is one computation. Everything a guest can observe is in it.
type Job struct {
	Module *Module
	// Entry names what the module is to do: argv[1] of a command, "entry" of a
	// reactor's envelope.
	Entry string
	// Input is a JSON value in RFC 8785 form.
	Input []byte
	// Blobs are the read-only files under /blobs, by name.
	Blobs map[string][]byte
	// Fuel bounds the work; 0 means contracts.DefaultFuel.
	Fuel uint64
	// MemoryPages bounds the memory, in pages of 64 KiB; 0 means
	// contracts.DefaultMemoryPages.
	MemoryPages uint32
	// Unit is the content address of the invocation; the random stream is
	// derived from it.
	Unit cid.Cid
}

// Outcome is how a guest ended. All of it but Stderr and Detail, which are for
// people, is equal on every machine.
type Outcome struct {
	// Code is "" for success, else TRAP, EXIT_NONZERO, OUT_OF_FUEL,
	// OUT_OF_MEMORY, STACK_OVERFLOW or BAD_OUTPUT.
	Code contracts.Code
	// Output and MediaType are set on success only.
	Output    []byte
	MediaType string
	// FuelUsed is at most the job's fuel, and all of it for OUT_OF_FUEL.
	FuelUsed uint64
	// MemoryPages is the largest size that the memory had.
	MemoryPages uint32
	// Stderr is the beginning of what the guest logged.
	Stderr []byte
	// Detail says more about Code: the trap's name, the exit code.
	Detail string
}

// Run executes a job. The outcome tells what the guest did; the error tells of
// what was not the guest's doing: TIMEOUT or CANCELLED for an ended context,
// VALIDATION_ERROR for a job that cannot be, RESOURCE_EXHAUSTED for one that is
// too large for this machine, INTERNAL otherwise. An error is never a result.
func (s *Sandbox) Run(ctx context.Context, job Job) (Outcome, error) {
	if job.Fuel == 0 {
		job.Fuel = contracts.DefaultFuel
	}
	if job.MemoryPages == 0 {
		job.MemoryPages = contracts.DefaultMemoryPages
	}
	if err := s.checkJob(job); err != nil {
		return Outcome{}, err
	}
	if ctx.Err() != nil {
		return Outcome{}, interrupted(ctx, "run")
	}
	m := job.Module
	if m.start.pages > job.MemoryPages {
		return tooLittleMemory(), nil
	}
	g, err := m.takeGuest(ctx, job.MemoryPages)
	if err != nil {
		return Outcome{}, err
	}
	runtime.LockOSThread() // for watch
	defer runtime.UnlockOSThread()
	g.memory.watch()
	o, err := g.run(ctx, job)
	g.giveBack(err == nil && (o.Code == "" || g.x.returned))
	return o, err
}

func (s *Sandbox) checkJob(job Job) error {
	switch {
	case job.Module == nil || job.Module.sandbox != s:
		return invalid("module", "not admitted by this sandbox")
	case !job.Unit.Defined():
		return invalid("unit", "a job needs its content address")
	case !validEntry(job.Entry):
		return invalid("entry", "not a name: at most %d bytes of UTF-8 without control characters", maxEntry)
	case job.MemoryPages > s.cfg.MaxMemoryPages:
		return contracts.Errorf(contracts.CodeResourceExhausted, "memory_pages",
			"%d pages, this machine allows %d", job.MemoryPages, s.cfg.MaxMemoryPages)
	}
	for _, name := range slices.Sorted(maps.Keys(job.Blobs)) {
		if !validBlobName(name) {
			return invalid(name, "not a blob name")
		}
	}
	return nil
}

// pooledPages is what the memory of a pooled instance can grow to. Jobs that
// allow more get an instance of their own.
func (m *Module) pooledPages() uint32 { return max(m.start.pages, contracts.DefaultMemoryPages) }

func (m *Module) takeGuest(ctx context.Context, pages uint32) (*guest, error) {
	if pages <= m.pooledPages() {
		if g := m.pool.take(); g != nil {
			return g, nil
		}
	}
	return m.newGuest(ctx, max(pages, m.initPages()))
}

// giveBack keeps the guest for another unit if it is as good as a fresh one: it
// returned, be it with an error, its memory did not grow, which it cannot undo, and memory and
// globals are all the state it has.
func (g *guest) giveBack(ended bool) {
	m := g.module
	keep := ended && !m.Stateful && g.memory.pages() == m.start.pages
	if !keep || g.reset() != nil {
		g.close()
		return
	}
	m.pool.put(g)
}

// run takes a guest in its starting state through one unit.
func (g *guest) run(ctx context.Context, job Job) (Outcome, error) {
	clock := g.module.start.clock
	if g.module.initEachRun {
		if _, stopped, err := g.initialise(ctx); stopped != nil || err != nil {
			return Outcome{}, initChanged(stopped, err)
		}
		clock.ahead = g.x.now()
		if g.memory.pages() > job.MemoryPages {
			return tooLittleMemory(), nil
		}
	}
	g.begin(ctx, job.MemoryPages)
	g.x.beginUnit(job, clock)
	runABI := g.runCommand
	if g.module.ABI() == ABIReactor {
		runABI = g.runReactor
	}
	stopped, err := runABI(job)
	if err != nil {
		return Outcome{}, err
	}
	return g.outcome(stopped), nil
}

// tooLittleMemory is the outcome of a job whose limit the module exceeds before
// its first instruction.
func tooLittleMemory() Outcome {
	return Outcome{Code: contracts.CodeOutOfMemory, Detail: "the module starts with more memory than the job allows"}
}

// initChanged is the error of an initialisation that went well at admission: it
// depends on nothing that could have changed since but this machine.
func initChanged(s *stop, err error) error {
	if err != nil {
		return err
	}
	return contracts.Errorf(contracts.CodeInternal, "initialisation", "ended with %s (%s), which it did not at admission", s.code, s.detail)
}

func (g *guest) outcome(stopped *stop) Outcome {
	fuel := &g.x.fuel
	o := Outcome{FuelUsed: uint64(fuel.used()), MemoryPages: g.memory.pages(), Stderr: g.x.log.b}
	if fuel.exhausted() { // since the last check, or it would have been stopped
		stopped = &stop{code: contracts.CodeOutOfFuel}
	}
	if stopped == nil || stopped.code == "" {
		o.Output, o.MediaType = g.x.output.b, g.x.media
		return o
	}
	o.Code, o.Detail = stopped.code, stopped.detail
	switch o.Code {
	case contracts.CodeOutOfFuel:
		o.FuelUsed = uint64(fuel.budget)
	case contracts.CodeTrap, contracts.CodeExitNonzero:
		if g.memory.refused {
			o.Code, o.Detail = contracts.CodeOutOfMemory, "memory limit reached, then: "+o.Detail
		}
	}
	return o
}
