package sandbox

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"golang.org/x/sync/singleflight"

	"github.com/krako-labs/krako/contracts"
)

// Sandbox admits modules and runs jobs. All methods may be called
// concurrently. A process needs one: compiled code is not shared between
// sandboxes.
type Sandbox struct {
	cfg     Config
	runtime wazero.Runtime
	cache   wazero.CompilationCache
	store   *store
	modules *moduleCache
	admits  singleflight.Group
	// abandoned are admissions that go on although a caller has gone.
	abandoned sync.WaitGroup
	// compiling has room for as many modules as may be prepared at once: each
	// takes a processor and up to 200 MB.
	compiling chan struct{}
	pagemap   pagemap
}

// New makes a sandbox. It fails when the cache directory is not private or the
// engine does not exist on this machine.
func New(ctx context.Context, cfg Config) (*Sandbox, error) {
	cfg = cfg.withDefaults()
	rc, err := runtimeConfig(cfg)
	if err != nil {
		return nil, err
	}
	store, err := openStore(cfg)
	if err != nil {
		return nil, err
	}
	cache, err := openCodeCache(cfg.CacheDir)
	if err != nil {
		return nil, err
	}
	s := &Sandbox{
		cfg:       cfg,
		cache:     cache,
		runtime:   wazero.NewRuntimeWithConfig(ctx, rc.WithCompilationCache(cache)),
		store:     store,
		modules:   newModuleCache(cfg.ModuleCacheBytes),
		compiling: make(chan struct{}, maxCompiling),
		pagemap:   openPagemap(),
	}
	if err := defineHostModules(ctx, s.runtime); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	return s, nil
}

// Close ends the sandbox. No call may be in progress; admissions that their callers
// have left, some seconds of compiling, are waited for.
func (s *Sandbox) Close(ctx context.Context) error {
	s.abandoned.Wait()
	s.modules.clear()
	s.pagemap.close()
	return errors.Join(s.runtime.Close(ctx), closeCache(ctx, s.cache))
}

// maxCompiling is how many modules are prepared at once.
const maxCompiling = 2

func openCodeCache(dir string) (wazero.CompilationCache, error) {
	if dir == "" {
		return wazero.NewCompilationCache(), nil
	}
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open code cache: %w", err)
	}
	readInBlocks(cache)
	return cache, nil
}

func closeCache(ctx context.Context, c wazero.CompilationCache) error {
	if err := c.Close(ctx); err != nil {
		return fmt.Errorf("close code cache: %w", err)
	}
	return nil
}

func runtimeConfig(cfg Config) (wazero.RuntimeConfig, error) {
	rc := wazero.NewRuntimeConfigInterpreter()
	if cfg.Engine == EngineCompiler {
		if !compilerSupported() {
			return nil, contracts.Errorf(contracts.CodeUnsupported, "engine", "no compiler for this architecture")
		}
		rc = wazero.NewRuntimeConfigCompiler()
	}
	// Deadlines are seen when a slice of fuel ends, or end the process; wazero's
	// own check of the context at every loop head costs 3.5 to 21 times the work
	// and misses recursion. Memory limits are the allocator's: it alone knows the
	// job's.
	return rc.WithCoreFeatures(api.CoreFeaturesV2).WithDebugInfoEnabled(false), nil
}
