package sandbox

import (
	"context"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// guest is one instance of a module and the state behind its host calls. It
// runs one unit at a time.
type guest struct {
	module   *Module
	x        execution
	ctx      runContext
	instance api.Module
	memory   *linearMemory
	depth    api.MutableGlobal
	globals  []api.MutableGlobal
	exports  map[string]*export
}

// newGuest makes an instance in the module's starting state whose memory can
// grow to reservePages.
func (m *Module) newGuest(ctx context.Context, reservePages uint32) (*guest, error) {
	s := m.sandbox
	mem, err := newLinearMemory(m.start.image, max(reservePages, m.start.pages), s.pagemap)
	if err != nil {
		return nil, contracts.Errorf(contracts.CodeInternal, m.id.String(), "%w", err)
	}
	g := &guest{module: m, memory: mem, exports: map[string]*export{}}
	g.ctx.x, g.x.yield, g.x.uninterrupted = &g.x, s.cfg.Yield, s.cfg.Uninterrupted
	g.x.output.limit, g.x.log.limit = s.cfg.MaxOutput, s.cfg.MaxStderr
	// No start functions: who calls what, and when, is the ABI's. No name: any
	// number of instances may live at once.
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	g.instance, err = s.runtime.InstantiateModule(experimental.WithMemoryAllocator(ctx, mem), m.compiled, config)
	if err != nil {
		mem.Free()
		return nil, contracts.Errorf(contracts.CodeInternal, m.id.String(), "instantiate module: %w", err)
	}
	if err := g.adopt(); err != nil {
		g.close()
		return nil, err
	}
	return g, nil
}

// adopt takes hold of the instance's state and makes it the snapshot's.
func (g *guest) adopt() error {
	g.x.fuel.counter = g.global(rewrite.FuelExport)
	g.depth = g.global(rewrite.DepthExport)
	for _, name := range g.module.Globals {
		g.globals = append(g.globals, g.global(name))
	}
	start := &g.module.start
	if _, ok := g.instance.Memory().Grow(start.pages - g.memory.pages()); !ok {
		return contracts.Errorf(contracts.CodeInternal, g.module.id.String(), "grow memory to its snapshot")
	}
	g.restoreGlobals()
	return nil
}

func (g *guest) global(name string) api.MutableGlobal {
	return g.instance.ExportedGlobal(name).(api.MutableGlobal)
}

func (g *guest) restoreGlobals() {
	for i, v := range g.module.start.globals {
		g.globals[i].Set(v)
	}
}

func (g *guest) close() {
	// Closing releases memory only; there is nothing that could fail and
	// nobody who could act on it.
	_ = g.instance.Close(context.Background())
}

// reset brings the guest back to its starting state.
func (g *guest) reset() error {
	g.restoreGlobals()
	g.x.reset()
	g.ctx.Context, g.x.ctx = nil, nil
	for name, e := range g.exports {
		if !e.reusable() {
			delete(g.exports, name)
		}
	}
	return g.memory.reset(g.module.start.pages)
}

// snapshot copies the guest's state, of whose memory runs are not zero.
func (g *guest) snapshot(runs []segment) (snapshot, error) {
	image, err := newImage(runs)
	if err != nil {
		return snapshot{}, contracts.Errorf(contracts.CodeInternal, g.module.id.String(), "%w", err)
	}
	return snapshot{
		image: image, pages: g.memory.pages(), globals: g.globalValues(), clock: clock{ahead: g.x.now()},
	}, nil
}

func (g *guest) globalValues() []uint64 {
	values := make([]uint64, len(g.globals))
	for i, global := range g.globals {
		values[i] = global.Get()
	}
	return values
}

// call calls an export and tells how the guest took it. Only a guest that
// returned may be called again.
func (g *guest) call(name string, stack []uint64) (*stop, error) {
	e, ok := g.exports[name]
	if !ok {
		e = newExport(g.instance, name)
		g.exports[name] = e
	}
	g.depth.Set(uint64(g.module.StackUnits))
	return g.x.verdict(e.call(&g.ctx, stack))
}

// initialise runs what comes before the first unit, out of a budget of its own.
// Where the guest stops that, failed is the export that did.
func (g *guest) initialise(ctx context.Context) (failed string, _ *stop, _ error) {
	g.begin(ctx, g.module.initPages())
	g.x.beginInit(g.module)
	for _, name := range g.module.Init {
		stopped, err := g.call(name, nil)
		if stopped != nil && stopped.code == "" {
			stopped = &stop{contracts.CodeExitNonzero, "exited"}
		}
		if stopped != nil || err != nil {
			return name, stopped, err
		}
	}
	return "", nil, nil
}

// begin gives the guest to a caller.
func (g *guest) begin(ctx context.Context, limitPages uint32) {
	g.ctx.Context, g.x.ctx = ctx, ctx
	g.memory.allow(limitPages)
}
