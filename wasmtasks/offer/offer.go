// Package offer is the embedded catalogue as those see it who run its tasks: what
// each task is, by name, and its modules as blocks. It promises not to change once
// made and not to run anything.
package offer

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

// Catalogue is every embedded task. It is safe for concurrent use.
type Catalogue struct {
	views  []contracts.TaskView
	byName map[string]contracts.TaskView
}

// New describes the embedded tasks. An error is a fault of the build.
func New() (*Catalogue, error) {
	c := &Catalogue{byName: map[string]contracts.TaskView{}}
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
func (c *Catalogue) Resolve(name string) (contracts.TaskView, bool) {
	v, ok := c.byName[name]
	return v, ok
}

// Tasks returns the whole catalogue, sorted by name. The slice is the caller's.
func (c *Catalogue) Tasks() []contracts.TaskView { return slices.Clone(c.views) }

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

// Store puts the modules that are not there yet among the blocks.
func Store(ctx context.Context, to blob.Store) error {
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
