package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"

	"github.com/ipfs/go-cid"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// The engine validates every function of a module before it looks for the
// native code it has of it: half of the time that a Go module takes to load, and
// for nothing, for that code was made of the same bytes after they had been found
// valid. So a large module is compiled in a directory of its own, and its native
// code is then kept as that of its husk (rewrite.Husk), which is all that is shown to
// the engine from then on.
//
// If the code is not there the engine makes some of the husk. It ends every unit
// with an internal error, which is no result, and it is told apart before that:
// it is much less. Then the module is compiled again.

const (
	// leastHusked is how large a rewritten module is, in bytes, that is worth it.
	leastHusked = 1 << 20
	// thickCode is more native code, in bytes for each function, than a husk has,
	// which has a hundred and some. A Go module has 3,000.
	thickCode = 1024
)

// errNoCode says that the engine had no native code of a module but its husk's.
var errNoCode = errors.New("no native code of the module")

// makeHusk gives a prepared module its husk, if it is to have one.
func (p *prepared) makeHusk() error {
	if len(p.wasm) < leastHusked {
		return nil
	}
	var err error
	p.husk, _, err = rewrite.Husk(p.wasm)
	return err
}

// husks reports whether modules are known to the engine by their husks: native
// code is what is behind those.
func (s *Sandbox) husks() bool { return s.cfg.CacheDir != "" && s.cfg.Engine == EngineCompiler }

// bring compiles a prepared module, or finds its native code, and begins it.
func (s *Sandbox) bring(ctx context.Context, id cid.Cid, p *prepared) (*Module, error) {
	if len(p.husk) == 0 || !s.husks() {
		return s.bringAs(ctx, id, p, false)
	}
	if p.stored {
		m, err := s.bringAs(ctx, id, p, true)
		if !errors.Is(err, errNoCode) {
			return m, err
		}
		if s.cfg.ReadOnly {
			return nil, notStored(id)
		}
	}
	if err := s.compileHusked(ctx, id, p); err != nil {
		return nil, err
	}
	m, err := s.bringAs(ctx, id, p, len(p.husk) > 0)
	if errors.Is(err, errNoCode) { // another process was quicker to remove it
		return s.bringAs(ctx, id, p, false)
	}
	return m, err
}

// bringAs shows the engine a module's husk, or all of it.
func (s *Sandbox) bringAs(ctx context.Context, id cid.Cid, p *prepared, husked bool) (*Module, error) {
	wasm := p.wasm
	if husked {
		wasm = p.husk
	}
	compiled, err := compile(ctx, s.runtime, wasm)
	if err != nil {
		return nil, err
	}
	if husked && !s.hasCode(ctx, compiled, p) {
		return nil, errors.Join(errNoCode, compiled.Close(ctx))
	}
	m, err := s.begin(ctx, id, p, compiled)
	if err != nil {
		return nil, errors.Join(err, compiled.Close(ctx))
	}
	return m, nil
}

// hasCode reports whether what is compiled is more than a husk. wazero tells no
// sizes, so they are read from the fields of an instance that none of its own
// instructions has run in; where there are no such fields, it is not.
func (s *Sandbox) hasCode(ctx context.Context, c wazero.CompiledModule, p *prepared) bool {
	none, err := newImage(nil)
	if err != nil {
		return false
	}
	defer none.release()
	mem, err := newLinearMemory(none, p.MinPages, s.pagemap)
	if err != nil {
		return false
	}
	defer mem.Free()
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	instance, err := s.runtime.InstantiateModule(experimental.WithMemoryAllocator(ctx, mem), c, config)
	if err != nil {
		return false
	}
	code, functions := nativeCode(instance)
	return instance.Close(ctx) == nil && functions > 0 && code > thickCode*functions
}

// nativeCode is how many bytes of it an instance has, and for how many functions.
func nativeCode(instance api.Module) (bytes, functions int) {
	v := reflect.ValueOf(instance)
	for _, field := range []string{"Engine", "parent"} {
		for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return 0, 0
		}
		v = v.FieldByName(field)
	}
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return 0, 0
	}
	code, offsets := v.FieldByName("executable"), v.FieldByName("functionOffsets")
	if code.Kind() != reflect.Slice || offsets.Kind() != reflect.Slice {
		return 0, 0
	}
	return code.Len(), offsets.Len()
}

// compileHusked compiles a module and keeps its native code as its husk's. Of one
// whose functions are small it is kept as its own, and there is no husk any more.
func (s *Sandbox) compileHusked(ctx context.Context, id cid.Cid, p *prepared) error {
	dir, err := os.MkdirTemp(s.cfg.CacheDir, "compile-*")
	if err != nil {
		return fmt.Errorf("compile module: %w", err)
	}
	defer os.RemoveAll(dir) // if it stays it is pruned
	_, functions, err := rewrite.Husk(p.wasm)
	if err != nil {
		return err
	}
	own, err := compileIn(ctx, s.cfg, dir, p.wasm)
	if err != nil {
		return err
	}
	info, err := os.Stat(filepath.Join(dir, own))
	if err != nil {
		return fmt.Errorf("compile module: %w", err)
	}
	name := own
	if info.Size() <= 2*thickCode*int64(functions) {
		p.husk = nil
		if err := s.store.save(id, p); err != nil {
			return err
		}
	} else if name, err = compileIn(ctx, s.cfg, filepath.Join(dir, "husk"), p.husk); err != nil {
		return err
	}
	return keep(filepath.Join(dir, own), filepath.Join(s.cfg.CacheDir, name))
}

// keep puts a copy of a file, whole or not at all, in the place of another. The
// file itself cannot move there: a confined process moves nothing from one
// directory to another.
func keep(path, to string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("keep native code: %w", err)
		}
	}()
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close() // only read
	f, err := os.CreateTemp(filepath.Dir(to), "new-*")
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), to)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// compileIn compiles a module in a directory for itself and returns the name, in
// it, of the file of native code.
func compileIn(ctx context.Context, cfg Config, dir string, wasm []byte) (name string, err error) {
	cache, err := openCodeCache(dir)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, closeCache(ctx, cache)) }()
	rc, err := runtimeConfig(cfg)
	if err != nil {
		return "", err
	}
	rt := wazero.NewRuntimeWithConfig(ctx, rc.WithCompilationCache(cache))
	defer func() { err = errors.Join(err, rt.Close(ctx)) }()
	if _, err := compile(ctx, rt, wasm); err != nil {
		return "", err
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, err = filepath.Rel(dir, path)
		}
		return err
	})
	if err == nil && name == "" {
		err = contracts.Errorf(contracts.CodeInternal, "module", "the engine kept no native code")
	}
	return name, err
}
