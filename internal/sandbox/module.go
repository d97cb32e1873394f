package sandbox

import (
	"context"
	"encoding/binary"
	"runtime"

	"github.com/ipfs/go-cid"
	"github.com/tetratelabs/wazero"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// Module is an admitted module, ready to run. It is safe for concurrent use
// and stays valid as long as it is held and its Sandbox is open.
type Module struct {
	facts
	id       cid.Cid
	sandbox  *Sandbox
	compiled wazero.CompiledModule
	start    snapshot
	// initEachRun says that initialisation left state which no snapshot holds,
	// so that every run repeats it.
	initEachRun bool
	pool        pool
	resident    int64
}

// CID is the content address of the module's bytes as they were admitted.
func (m *Module) CID() cid.Cid { return m.id }

// ABI says how the module is called.
func (m *Module) ABI() ABI { return m.facts.ABI }

// snapshot is the state that every unit of a module starts from.
type snapshot struct {
	image   *image
	pages   uint32
	globals []uint64 // in the order of facts.Globals
	clock   clock
}

// Snapshot is the content address of the state that every unit starts from:
// pages of memory (4 bytes), time that initialisation took (8), mutable globals (8
// each), all little-endian, then the memory up to its last page that is not zero.
// Equal modules have equal snapshots on every machine.
func (m *Module) Snapshot() cid.Cid {
	b := binary.LittleEndian.AppendUint32(nil, m.start.pages)
	b = binary.LittleEndian.AppendUint64(b, m.start.clock.ahead)
	for _, v := range m.start.globals {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	id := dagcbor.RawCID(append(b, m.start.image.view...))
	runtime.KeepAlive(m) // the image is released with it
	return id
}

// moduleResources are what a module holds outside Go's heap.
type moduleResources struct {
	compiled wazero.CompiledModule
	image    *image
}

func (r moduleResources) release() {
	_ = r.compiled.Close(context.Background()) // documented to release only, and does not fail
	r.image.release()
}

// newModule initialises a compiled module and takes its snapshot.
func (s *Sandbox) newModule(ctx context.Context, id cid.Cid, p *prepared, c wazero.CompiledModule) (*Module, error) {
	base, err := newImage(p.data)
	if err != nil {
		return nil, contracts.Errorf(contracts.CodeInternal, id.String(), "%w", err)
	}
	m := &Module{
		facts: p.facts, id: id, sandbox: s, compiled: c,
		start: snapshot{image: base, pages: p.MinPages},
		pool:  pool{limit: s.cfg.PoolSize},
	}
	if err := m.initialise(ctx); err != nil {
		base.release()
		return nil, err
	}
	if m.start.image != base {
		base.release()
	}
	m.resident = residentEstimate(p, m.start.image)
	return m, nil
}

// initialise makes the first instance. It is kept for the first unit, unless
// initialisation changed it: then the module starts from what it has become.
func (m *Module) initialise(ctx context.Context) error {
	g, err := m.newGuest(ctx, m.initPages())
	if err != nil {
		return err
	}
	m.start.globals = g.globalValues()
	if len(m.Init) == 0 {
		g.giveBack(true)
		return nil
	}
	defer g.close()
	failed, stopped, err := g.initialise(ctx)
	switch {
	case err != nil:
		return err
	case stopped != nil:
		return invalid(initName(failed), "initialisation ended with %s (%s)", stopped.code, stopped.detail)
	case m.Stateful:
		m.initEachRun = true
		return nil
	}
	runs := nonzero(g.memory.bytes())
	if err := m.sandbox.checkImage(runs); err != nil {
		return err
	}
	m.start, err = g.snapshot(runs)
	return err
}

// checkImage refuses an image that alone would fill the module cache.
func (s *Sandbox) checkImage(segments []segment) error {
	if n := imageSize(segments); int64(n) > s.cfg.ModuleCacheBytes {
		return contracts.Errorf(contracts.CodeResourceExhausted, exportMemory,
			"units would start from %d bytes, this machine keeps %d for all modules", n, s.cfg.ModuleCacheBytes)
	}
	return nil
}

// initName is what people call an export that initialisation calls.
func initName(export string) string {
	if export == rewrite.StartExport {
		return "start function"
	}
	return export
}

// initPages is the memory limit of initialisation, the same for every job.
func (m *Module) initPages() uint32 { return max(m.MinPages, contracts.DefaultMemoryPages) }

// residentEstimate is four and a half times the rewritten module, of which native
// code is three and a half, and something for the rest, as measured: 22 MiB for a
// Go module of 4.0 MB, 44 MiB for one of 7.9 MB (BenchmarkModulesCarried). The
// image counts whole, because a guest that reads all of it brings all of it in.
func residentEstimate(p *prepared, i *image) int64 {
	return 9*int64(len(p.wasm))/2 + int64(i.size()) + 256<<10
}
