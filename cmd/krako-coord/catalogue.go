package main

import (
	"context"
	"fmt"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/wasmtasks"
)

// catalogue offers the embedded tasks to the coordinator.
type catalogue struct{}

// Resolve returns the task with the given name@version.
func (catalogue) Resolve(name string) (contracts.TaskView, bool) {
	t, ok := wasmtasks.Resolve(name)
	return view(t), ok
}

// Tasks returns the whole catalogue.
func (catalogue) Tasks() []contracts.TaskView {
	var views []contracts.TaskView
	for _, t := range wasmtasks.Catalogue() {
		views = append(views, view(t))
	}
	return views
}

func view(t wasmtasks.Task) contracts.TaskView {
	return contracts.TaskView{
		Task: t.Name, Module: contracts.Link{Cid: t.Module}, Entry: t.Entry, Description: t.Description, MediaType: t.OutputMediaType,
	}
}

// storeModules puts the catalogue's modules where nodes fetch blocks from.
func storeModules(ctx context.Context, to blob.Store) error {
	stored := map[cid.Cid]bool{}
	for _, t := range wasmtasks.Catalogue() {
		if stored[t.Module] {
			continue
		}
		stored[t.Module] = true
		wasm, ok := wasmtasks.Module(t.Module)
		if !ok {
			return contracts.Errorf(contracts.CodeInternal, t.Name, "module %s is not embedded", t.Module)
		}
		has, err := to.Has(ctx, t.Module)
		if err == nil && !has {
			err = to.Put(ctx, blob.Block{CID: t.Module, Data: wasm})
		}
		if err != nil {
			return fmt.Errorf("store module of %s: %w", t.Name, err)
		}
	}
	return nil
}
