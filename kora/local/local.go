// Package local puts a whole KORA together in this process: the planner, the
// tasks of the catalogue, and the sandbox that runs them. It needs no network and no
// account, and no model unless it is given one.
package local

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/kora"
	"github.com/krako-labs/krako/kora/localbackend"
	"github.com/krako-labs/krako/wasmtasks/offer"
)

// Options say where a local KORA keeps things.
type Options struct {
	// CacheDir keeps compiled tasks between processes, so that only the first
	// start compiles them. Empty keeps them in memory.
	CacheDir string
	// Blocks keeps inputs and outputs; nil keeps them in memory.
	Blocks blob.Store
	// Parallel bounds the units that run at once; 0 means one a processor.
	Parallel int
	// Results is how many results are remembered and used again; 0 means 16,384,
	// negative none.
	Results int
	// Models answers llm units; nil where no model is to be asked.
	Models  localbackend.Models
	Version string
	Log     *slog.Logger
}

// Local is a KORA in this process. Close ends it.
type Local struct {
	*kora.Engine
	box   *sandbox.Sandbox
	tasks *offer.Catalogue
}

// Tasks returns the tasks of the catalogue, by name.
func (l *Local) Tasks() []contracts.TaskView { return l.tasks.Tasks() }

// defaultResults take some 8 MB.
const defaultResults = 1 << 14

// maxMemory bounds the blocks that are kept in memory, in bytes.
const maxMemory = 512 << 20

// Open starts the sandbox. Tasks are compiled when they are first used.
func Open(ctx context.Context, o Options) (*Local, error) {
	blocks := o.Blocks
	if blocks == nil {
		blocks = blob.NewMemory(blob.MemoryOptions{MaxBytes: maxMemory})
	}
	if err := offer.Store(ctx, blocks); err != nil {
		return nil, err
	}
	tasks, err := offer.New()
	if err != nil {
		return nil, err
	}
	box, err := sandbox.New(ctx, sandbox.Config{CacheDir: o.CacheDir})
	if err != nil {
		return nil, fmt.Errorf("open sandbox: %w", err)
	}
	backend, err := localbackend.New(box, blocks, localbackend.Options{
		Parallel: o.Parallel, Results: max(0, cmp.Or(o.Results, defaultResults)), Models: o.Models, Tasks: tasks, Version: o.Version, Log: o.Log,
	})
	if err != nil {
		box.Close(context.WithoutCancel(ctx))
		return nil, err
	}
	return &Local{Engine: &kora.Engine{Backend: backend, Blocks: backend, Models: o.Models != nil, Catalogue: tasks.Tasks()}, box: box, tasks: tasks}, nil
}

// Close frees the sandbox. No Ask may be under way.
func (l *Local) Close(ctx context.Context) error { return l.box.Close(ctx) }
