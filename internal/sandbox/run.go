package sandbox

import (
	"context"
	"maps"
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
	// Fuel bounds the work.
	Fuel uint64
	// MemoryPages bounds the memory, in pages of 64 KiB; 0 means
	// DefaultMemoryPages.
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
	FuelUsed  uint64
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
	if job.MemoryPages == 0 {
		job.MemoryPages = DefaultMemoryPages
	}
	if err := s.checkJob(job); err != nil {
		return Outcome{}, err
	}
	if ctx.Err() != nil {
		return Outcome{}, interrupted(ctx, "run")
	}
	if job.Module.minPages > job.MemoryPages {
		return Outcome{Code: contracts.CodeOutOfMemory, Detail: "the module starts with more memory than the job allows"}, nil
	}
	g, err := s.instantiate(ctx, job.Module, job.MemoryPages)
	if err != nil {
		return Outcome{}, err
	}
	defer g.close()
	return g.run(job)
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

// run takes an instance through initialisation and one unit.
func (g *guest) run(job Job) (Outcome, error) {
	stopped, err := g.initialize()
	if stopped == nil && err == nil {
		g.x.beginUnit(job)
		if g.module.abi == ABIReactor {
			stopped, err = g.runReactor(job)
		} else {
			stopped, err = g.runCommand()
		}
	}
	if err != nil {
		return Outcome{}, err
	}
	return g.outcome(stopped), nil
}

func (g *guest) outcome(stopped *stop) Outcome {
	o := Outcome{MemoryPages: g.memory.pages(), Stderr: g.x.log.b}
	if stopped == nil || stopped.code == "" {
		o.Output, o.MediaType = g.x.output.b, g.x.media
		return o
	}
	o.Code, o.Detail = stopped.code, stopped.detail
	failed := o.Code == contracts.CodeTrap || o.Code == contracts.CodeExitNonzero
	if failed && g.memory.refused {
		o.Code, o.Detail = contracts.CodeOutOfMemory, "memory limit reached, then: "+o.Detail
	}
	return o
}
