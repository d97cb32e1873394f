package localbackend_test

import (
	"context"
	"flag"
	"os"
	"testing"

	"github.com/krako-labs/krako/contracts/conformance"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
	"github.com/krako-labs/krako/kora/localbackend"
)

var update = flag.Bool("update", false, "rewrite contracts/conformance/golden.json")

func TestConformance(t *testing.T) {
	open := func(e sandbox.Engine) func(*testing.T) conformance.Subject {
		return func(t *testing.T) conformance.Subject {
			b := newBackend(t, sandbox.Config{Engine: e}, localbackend.Options{})
			// wazero's interpreter holds 2,000 calls.
			return conformance.Subject{Backend: b, Blocks: b, ShallowCalls: e == sandbox.EngineInterpreter}
		}
	}
	if *update {
		golden := conformance.Record(t, open(sandbox.EngineCompiler))
		if err := os.WriteFile("../../contracts/conformance/golden.json", golden, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Run("compiler", func(t *testing.T) { conformance.Run(t, open(sandbox.EngineCompiler)) })
	t.Run("interpreter", func(t *testing.T) { conformance.Run(t, open(sandbox.EngineInterpreter)) })
}

// newBackend opens a backend over a sandbox and a memory of its own.
func newBackend(t *testing.T, box sandbox.Config, o localbackend.Options) *localbackend.Backend {
	t.Helper()
	return overBlocks(t, box, blob.NewMemory(blob.MemoryOptions{MaxBytes: 1 << 30}), o)
}

func overBlocks(t *testing.T, cfg sandbox.Config, blocks blob.Store, o localbackend.Options) *localbackend.Backend {
	t.Helper()
	if cfg.CacheDir == "" {
		cfg.CacheDir = sandboxtest.CodeCache("")
	}
	box, err := sandbox.New(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	b, err := localbackend.New(box, blocks, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
