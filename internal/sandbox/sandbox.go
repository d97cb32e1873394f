package sandbox

import (
	"context"
	"errors"
	"fmt"

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
	modules *moduleCache
	admits  singleflight.Group
}

// New makes a sandbox. It fails when the cache directory is not private or the
// engine does not exist on this machine.
func New(ctx context.Context, cfg Config) (*Sandbox, error) {
	cfg = cfg.withDefaults()
	rc, err := runtimeConfig(cfg)
	if err != nil {
		return nil, err
	}
	cache, err := openCodeCache(cfg.CacheDir)
	if err != nil {
		return nil, err
	}
	s := &Sandbox{
		cfg:     cfg,
		cache:   cache,
		runtime: wazero.NewRuntimeWithConfig(ctx, rc.WithCompilationCache(cache)),
		modules: newModuleCache(cfg.ModuleCacheBytes),
	}
	if err := defineHostModules(ctx, s.runtime); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	return s, nil
}

// Close ends the sandbox. No run may be in progress.
func (s *Sandbox) Close(ctx context.Context) error {
	s.modules.clear()
	return errors.Join(s.runtime.Close(ctx), closeCache(ctx, s.cache))
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
	// Memory limits are the allocator's: it alone knows the job's, and a refusal
	// must look the same whether the module or the job set the lower limit.
	return rc.WithCoreFeatures(api.CoreFeaturesV2).
		WithDebugInfoEnabled(false).
		WithCloseOnContextDone(true), nil
}
