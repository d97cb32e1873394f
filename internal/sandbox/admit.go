package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"

	"github.com/ipfs/go-cid"
	"github.com/tetratelabs/wazero"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// ABI is how a module is called.
type ABI uint8

const (
	// ABICommand is a WASI command: _start reads stdin and writes stdout.
	ABICommand ABI = iota
	// ABIReactor is a library whose krako_run takes and returns memory ranges.
	ABIReactor
)

func (a ABI) String() string {
	if a == ABIReactor {
		return "reactor"
	}
	return "command"
}

// Module is an admitted module, ready to run. It is safe for concurrent use
// and stays valid as long as it is held and its Sandbox is open.
type Module struct {
	id       cid.Cid
	abi      ABI
	sandbox  *Sandbox
	compiled wazero.CompiledModule
	minPages uint32
	resident int64
}

// CID is the content address of the module's bytes as they were admitted.
func (m *Module) CID() cid.Cid { return m.id }

// ABI says how the module is called.
func (m *Module) ABI() ABI { return m.abi }

// Module returns an admitted module that is still kept ready, so that callers
// need neither its bytes nor a hash of them.
func (s *Sandbox) Module(id cid.Cid) (*Module, bool) { return s.modules.get(id) }

// Admit checks, compiles and keeps a module. Concurrent calls with equal bytes
// share one compilation, which goes on when a caller's context ends. A module
// outside the profile gives a VALIDATION_ERROR naming the section, function or
// import at fault.
func (s *Sandbox) Admit(ctx context.Context, wasm []byte) (*Module, error) {
	if int64(len(wasm)) > s.cfg.MaxModuleBytes {
		return nil, invalid("module", "%d bytes, the limit is %d", len(wasm), s.cfg.MaxModuleBytes)
	}
	id := dagcbor.RawCID(wasm)
	if m, ok := s.modules.get(id); ok {
		return m, nil
	}
	done := s.admits.DoChan(id.KeyString(), func() (any, error) {
		return s.admit(context.WithoutCancel(ctx), id, wasm)
	})
	select {
	case r := <-done:
		m, _ := r.Val.(*Module)
		return m, r.Err
	case <-ctx.Done():
		return nil, interrupted(ctx, "admission")
	}
}

func (s *Sandbox) admit(ctx context.Context, id cid.Cid, wasm []byte) (*Module, error) {
	if m, ok := s.modules.get(id); ok {
		return m, nil
	}
	o, err := inspect(wasm)
	if err != nil {
		return nil, err
	}
	abi, err := o.check(s.cfg.MaxMemoryPages)
	if err != nil {
		return nil, err
	}
	compiled, err := s.compile(ctx, wasm)
	if err != nil {
		return nil, err
	}
	m := &Module{
		id: id, abi: abi, sandbox: s, compiled: compiled,
		minPages: o.memory.min, resident: residentEstimate(wasm),
	}
	if err := m.check(ctx); err != nil {
		return nil, errors.Join(err, compiled.Close(ctx))
	}
	runtime.AddCleanup(m, func(c wazero.CompiledModule) { _ = c.Close(context.Background()) }, compiled)
	s.modules.add(m)
	return m, nil
}

// check finds what only the compiled module shows: the types of imports and
// exports, and segments that do not fit their memory or table.
func (m *Module) check(ctx context.Context) error {
	if err := checkSignatures(m.compiled, m.abi); err != nil {
		return err
	}
	g, err := m.sandbox.instantiate(ctx, m, m.minPages)
	if err != nil {
		return invalid("module", "instantiate: %w", err)
	}
	g.close()
	return nil
}

// residentEstimate is four times the module and something for the rest, as
// measured: 9 to 19 MiB for a Go module of 3.3 MB, 0.04 MiB for one of 3 KB.
func residentEstimate(wasm []byte) int64 { return 4*int64(len(wasm)) + 64<<10 }

// compile turns a bad module into VALIDATION_ERROR and a trouble of this
// machine, such as a full disk or a compiler bug, into an internal error.
func (s *Sandbox) compile(ctx context.Context, wasm []byte) (_ wazero.CompiledModule, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = contracts.Errorf(contracts.CodeInternal, "module", "compiler panicked: %v", p)
		}
	}()
	compiled, err := s.runtime.CompileModule(ctx, wasm)
	if _, isPath := errors.AsType[*fs.PathError](err); isPath {
		return nil, fmt.Errorf("compile module: %w", err)
	}
	if err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, "module", "compile: %w", err)
	}
	return compiled, nil
}
