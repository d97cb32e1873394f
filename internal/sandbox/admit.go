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

// Module returns an admitted module that is still kept ready, so that callers
// need neither its bytes nor a hash of them.
func (s *Sandbox) Module(id cid.Cid) (*Module, bool) { return s.modules.get(id) }

// Admit checks, rewrites, compiles, initialises and keeps a module. Concurrent
// calls with equal bytes share the work, which goes on when a caller's context
// ends. A module outside the profile, or one whose initialisation fails, gives
// a VALIDATION_ERROR naming the section, function, import or export at fault.
func (s *Sandbox) Admit(ctx context.Context, wasm []byte) (*Module, error) {
	if s.cfg.ReadOnly {
		return nil, contracts.Errorf(contracts.CodeUnsupported, "sandbox", "is read-only and admits nothing")
	}
	if int64(len(wasm)) > s.cfg.MaxModuleBytes {
		return nil, invalid("module", "%d bytes, the limit is %d", len(wasm), s.cfg.MaxModuleBytes)
	}
	id := dagcbor.RawCID(wasm)
	return s.ready(ctx, id, func() (*prepared, error) { return s.prepare(id, wasm) })
}

// Load makes a module ready that an earlier admission, in this process or
// another with the same CacheDir, has left there: for callers that need not
// have its bytes. NOT_FOUND names a module that was not admitted or has been
// pruned since.
func (s *Sandbox) Load(ctx context.Context, id cid.Cid) (*Module, error) {
	m, err := s.ready(ctx, id, func() (*prepared, error) {
		p, err := s.store.load(id)
		if p == nil && err == nil {
			err = notStored(id)
		}
		return p, err
	})
	if _, unwritable := errors.AsType[*fs.PathError](err); unwritable && s.cfg.ReadOnly {
		return nil, notStored(id) // its native code is gone, and what replaces it cannot be kept
	}
	return m, err
}

func notStored(id cid.Cid) error {
	return contracts.Errorf(contracts.CodeNotFound, id.String(), "module is not in the code cache")
}

// ready returns a module that is kept ready, or makes it so from what take
// returns. Concurrent calls for one module share the work.
func (s *Sandbox) ready(ctx context.Context, id cid.Cid, take func() (*prepared, error)) (*Module, error) {
	if m, ok := s.modules.get(id); ok {
		return m, nil
	}
	done := s.admits.DoChan(id.KeyString(), func() (any, error) {
		return s.admit(context.WithoutCancel(ctx), id, take)
	})
	select {
	case r := <-done:
		m, _ := r.Val.(*Module)
		return m, r.Err
	case <-ctx.Done():
		s.abandoned.Go(func() { <-done })
		return nil, interrupted(ctx, "admission")
	}
}

func (s *Sandbox) admit(ctx context.Context, id cid.Cid, take func() (*prepared, error)) (*Module, error) {
	if m, ok := s.modules.get(id); ok {
		return m, nil
	}
	s.compiling <- struct{}{}
	defer func() { <-s.compiling }()
	p, err := take()
	if err != nil {
		return nil, err
	}
	defer p.release()
	if p.MinPages > s.cfg.MaxMemoryPages {
		return nil, contracts.Errorf(contracts.CodeResourceExhausted, exportMemory,
			"starts with %d pages, this machine allows %d", p.MinPages, s.cfg.MaxMemoryPages)
	}
	if err := s.checkImage(p.data); err != nil {
		return nil, err
	}
	m, err := s.bring(ctx, id, p)
	if err != nil {
		return nil, err
	}
	runtime.AddCleanup(m, func(r moduleResources) { r.release() }, moduleResources{m.compiled, m.start.image})
	s.modules.add(m)
	return m, nil
}

// begin lets a compiled module run for the first time.
func (s *Sandbox) begin(ctx context.Context, id cid.Cid, p *prepared, c wazero.CompiledModule) (*Module, error) {
	if s.cfg.BeforeGuest != nil {
		if err := s.cfg.BeforeGuest(); err != nil {
			return nil, err
		}
	}
	return s.newModule(ctx, id, p, c)
}

// prepare takes a rewritten module from the store or puts it there.
func (s *Sandbox) prepare(id cid.Cid, wasm []byte) (*prepared, error) {
	p, err := s.store.load(id)
	if p != nil || err != nil {
		return p, err
	}
	if p, err = prepare(wasm, s.cfg.Uninterrupted); err != nil {
		return nil, err
	}
	if err := p.makeHusk(); err != nil {
		return nil, err
	}
	return p, s.store.save(id, p)
}

// compile turns a bad module into VALIDATION_ERROR and a trouble of this
// machine, such as a full disk or a compiler bug, into an internal error.
func compile(ctx context.Context, rt wazero.Runtime, wasm []byte) (_ wazero.CompiledModule, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = contracts.Errorf(contracts.CodeInternal, "module", "compiler panicked: %v", p)
		}
	}()
	compiled, err := rt.CompileModule(ctx, wasm)
	if _, isPath := errors.AsType[*fs.PathError](err); isPath {
		return nil, fmt.Errorf("compile module: %w", err)
	}
	if err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, "module", "compile: %w", err)
	}
	return compiled, nil
}
