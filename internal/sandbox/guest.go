package sandbox

import (
	"context"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/krako-labs/krako/contracts"
)

// guest is one instance of a module and the state behind its host calls.
type guest struct {
	module   *Module
	x        *execution
	ctx      *runContext
	instance api.Module
	memory   *linearMemory
}

func (s *Sandbox) instantiate(ctx context.Context, m *Module, limitPages uint32) (*guest, error) {
	g := &guest{module: m, x: s.newExecution(), memory: newLinearMemory(limitPages)}
	g.ctx = &runContext{ctx, g.x}
	// No start functions: who calls what, and when, is the ABI's. No name: any
	// number of instances may live at once.
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	var err error
	g.instance, err = s.runtime.InstantiateModule(experimental.WithMemoryAllocator(g.ctx, g.memory), m.compiled, config)
	if err != nil {
		return nil, contracts.Errorf(contracts.CodeInternal, m.id.String(), "instantiate module: %w", err)
	}
	return g, nil
}

func (g *guest) close() {
	// Closing releases memory only; there is nothing that could fail and
	// nobody who could act on it.
	_ = g.instance.Close(context.WithoutCancel(g.ctx))
}

func (s *Sandbox) newExecution() *execution {
	x := &execution{media: DefaultMediaType}
	x.output.limit = s.cfg.MaxOutput
	x.log.limit = s.cfg.MaxStderr
	return x
}

// beginInit sets what initialisation sees: nothing but entropy of the module.
func (x *execution) beginInit(m *Module) {
	x.args = []string{programName, ""}
	seed(&x.random, entropyInit, m.id)
	x.files.reset()
}

// beginUnit sets what a unit sees. The clock goes on from where initialisation
// left it: a monotonic clock must not go back.
func (x *execution) beginUnit(job Job) {
	x.args = []string{programName, job.Entry}
	x.blobs = job.Blobs
	seed(&x.random, entropyUnit, job.Unit)
	x.files.reset()
	x.media = DefaultMediaType
	x.output.b, x.log.b = nil, nil
	if job.Module.abi == ABICommand {
		x.stdin = job.Input
	}
}

// call calls an export and tells how the guest took it.
func (g *guest) call(name string, stack []uint64) (*stop, error) {
	err := g.instance.ExportedFunction(name).CallWithStack(g.ctx, stack)
	return g.x.verdict(g.ctx, err)
}
