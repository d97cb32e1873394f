package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/wasmtasks"
)

// catalogue offers the embedded tasks to the coordinator. It never changes.
type catalogue struct {
	views  []contracts.TaskView
	byName map[string]contracts.TaskView
}

func newCatalogue() (*catalogue, error) {
	c := &catalogue{byName: map[string]contracts.TaskView{}}
	for _, t := range wasmtasks.Catalogue() {
		v, err := view(t)
		if err != nil {
			return nil, fmt.Errorf("describe task %s: %w", t.Name, err)
		}
		c.views = append(c.views, v)
		c.byName[v.Task] = v
	}
	return c, nil
}

// Resolve returns the task with the given name@version.
func (c *catalogue) Resolve(name string) (contracts.TaskView, bool) {
	v, ok := c.byName[name]
	return v, ok
}

// Tasks returns the whole catalogue.
func (c *catalogue) Tasks() []contracts.TaskView { return slices.Clone(c.views) }

func view(t wasmtasks.Task) (contracts.TaskView, error) {
	v := contracts.TaskView{
		Task: t.Name, Type: t.Type, Module: contracts.Link{Cid: t.Module}, Entry: t.Entry, Description: t.Description,
		MediaType: t.OutputMediaType, Input: t.Input, Blobs: t.Blobs,
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
	return v, err
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
