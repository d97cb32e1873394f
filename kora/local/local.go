// Package local puts a whole KORA together in this process: the planner, the
// tasks of the catalogue, and the sandbox that runs them. It needs no network and no
// account, and no model unless it is given one.
package local

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/kora"
	"github.com/krako-labs/krako/kora/localbackend"
	"github.com/krako-labs/krako/wasmtasks"
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
	// Models answers llm units; nil where no model is to be asked.
	Models  localbackend.Models
	Version string
	Log     *slog.Logger
}

// Local is a KORA in this process. Close ends it.
type Local struct {
	*kora.Engine
	box   *sandbox.Sandbox
	tasks tasks
}

// Tasks returns the tasks of the catalogue, by name.
func (l *Local) Tasks() []contracts.TaskView {
	all := make([]contracts.TaskView, 0, len(l.tasks))
	for _, name := range slices.Sorted(maps.Keys(l.tasks)) {
		all = append(all, l.tasks[name])
	}
	return all
}

// maxMemory bounds the blocks that are kept in memory, in bytes.
const maxMemory = 512 << 20

// Open starts the sandbox. Tasks are compiled when they are first used.
func Open(ctx context.Context, o Options) (*Local, error) {
	blocks := o.Blocks
	if blocks == nil {
		blocks = blob.NewMemory(blob.MemoryOptions{MaxBytes: maxMemory})
	}
	if err := store(ctx, blocks); err != nil {
		return nil, err
	}
	tasks, err := newTasks()
	if err != nil {
		return nil, err
	}
	box, err := sandbox.New(ctx, sandbox.Config{CacheDir: o.CacheDir})
	if err != nil {
		return nil, fmt.Errorf("open sandbox: %w", err)
	}
	backend, err := localbackend.New(box, blocks, localbackend.Options{Parallel: o.Parallel, Models: o.Models, Tasks: tasks, Version: o.Version, Log: o.Log})
	if err != nil {
		box.Close(context.WithoutCancel(ctx))
		return nil, err
	}
	return &Local{Engine: &kora.Engine{Backend: backend, Blocks: backend, Models: o.Models != nil}, box: box, tasks: tasks}, nil
}

// Close frees the sandbox. No Ask may be under way.
func (l *Local) Close(ctx context.Context) error { return l.box.Close(ctx) }

// store puts the catalogue's modules among the blocks.
func store(ctx context.Context, blocks blob.Store) error {
	done := map[cid.Cid]bool{}
	for _, t := range wasmtasks.Catalogue() {
		wasm, ok := wasmtasks.Module(t.Module)
		if !ok {
			return contracts.Errorf(contracts.CodeInternal, t.Name, "module %s is not embedded", t.Module)
		}
		if done[t.Module] {
			continue
		}
		done[t.Module] = true
		if err := blocks.Put(ctx, blob.Block{CID: t.Module, Data: wasm}); err != nil {
			return fmt.Errorf("store module of %s: %w", t.Name, err)
		}
	}
	return nil
}

// tasks are the catalogue as backends see it.
type tasks map[string]contracts.TaskView

func newTasks() (tasks, error) {
	all := tasks{}
	for _, t := range wasmtasks.Catalogue() {
		v := contracts.TaskView{
			Task: t.Name, Type: t.Type, Module: contracts.Link{Cid: t.Module}, Entry: t.Entry,
			Description: t.Description, MediaType: t.OutputMediaType, Input: t.Input, Blobs: t.Blobs,
		}
		var err error
		if t.InputSchema != "" {
			v.InputSchema, err = contracts.NewJSON([]byte(t.InputSchema))
		}
		if err == nil && t.OutputSchema != "" {
			v.OutputSchema, err = contracts.NewJSON([]byte(t.OutputSchema))
		}
		if err == nil && t.Examples != "" {
			err = json.Unmarshal([]byte(t.Examples), &v.Examples)
		}
		if err != nil {
			return nil, fmt.Errorf("describe task %s: %w", t.Name, err)
		}
		all[t.Name] = v
	}
	return all, nil
}

// Resolve implements localbackend.Catalogue.
func (t tasks) Resolve(name string) (contracts.TaskView, bool) {
	v, ok := t[name]
	return v, ok
}
