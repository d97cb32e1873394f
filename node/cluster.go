package node

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/krako-labs/krako/internal/sandbox/worker"
)

const (
	// maxModule bounds a module in bytes, here and in the sandbox.
	maxModule = 8 << 20
	// maxModules bounds the module addresses remembered as the cluster's own.
	maxModules = 4096
)

// cluster is what belongs to the cluster that the node works for: its blocks
// and the modules that it may name. A CID is no permission to read: what another
// cluster has brought to this machine does not exist for this one's units.
// Safe for concurrent use.
type cluster struct {
	id       string
	blocks   *blocks
	runner   worker.Runner
	maxInput int64 // bytes of input and blobs of one unit

	mu      sync.Mutex
	peer    string // the coordinator on the other end of the stream, "" without one
	modules map[cid.Cid]struct{}
}

// openCluster opens the blocks of a cluster below dir and removes those of all
// others: a node that changes sides starts afresh, and the disk's bound holds.
func openCluster(dir, id string, cfg *Config, host *p2p.Host, r worker.Runner) (*cluster, error) {
	name := fmt.Sprintf("%x", sha256.Sum256([]byte(id)))
	if err := removeOthers(dir, name); err != nil {
		return nil, fmt.Errorf("remove blocks of another cluster: %w", err)
	}
	c := &cluster{id: id, runner: r, maxInput: int64(cfg.MaxInputMB) << 20, modules: make(map[cid.Cid]struct{})}
	fetch := func(ctx context.Context, id cid.Cid, most int64) ([]byte, error) {
		peer := c.coordinator()
		if peer == "" {
			return nil, contracts.Errorf(contracts.CodeNetwork, id.String(), "no coordinator to fetch the block from")
		}
		return host.FetchBlock(ctx, peer, id, most)
	}
	var err error
	c.blocks, err = openBlocks(filepath.Join(dir, name), cfg, fetch)
	return c, err
}

func removeOthers(dir, name string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if e.Name() != name {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// attach makes peer the one to fetch from, "" none.
func (c *cluster) attach(peer string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.peer = peer
}

func (c *cluster) coordinator() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.peer
}

// complete reports whether all that the call needs is here.
func (c *cluster) complete(call *contracts.Invocation) bool {
	if !c.admitted(call.Module.Cid) {
		return false
	}
	if call.Input.Link.Defined() && !c.blocks.has(call.Input.Link.Cid) {
		return false
	}
	for _, l := range call.Blobs {
		if !c.blocks.has(l.Cid) {
			return false
		}
	}
	return true
}

// stage brings here what the call needs: its module admitted, its blocks in the
// cache. It may take as long as a download and a compilation.
func (c *cluster) stage(ctx context.Context, call *contracts.Invocation) error {
	if err := c.admit(ctx, call.Module.Cid); err != nil {
		return err
	}
	for _, id := range call.Needs()[1:] {
		if c.blocks.has(id) {
			continue
		}
		if _, err := c.blocks.get(ctx, id, c.maxInput); err != nil {
			return err
		}
	}
	return nil
}

// admitted reports whether a module can be run that the cluster has shown to
// have.
func (c *cluster) admitted(id cid.Cid) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.modules[id]
	return ok
}

// forget makes a module one that is to be admitted.
func (c *cluster) forget(id cid.Cid) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.modules, id)
}

// admit makes sure that a module can be run, for which it may have to be fetched
// and compiled.
func (c *cluster) admit(ctx context.Context, id cid.Cid) error {
	if c.admitted(id) {
		return nil
	}
	wasm, err := c.blocks.load(ctx, id, maxModule)
	if errors.Is(err, p2p.ErrBlockTooLarge) {
		return contracts.Errorf(contracts.CodeUnsupported, id.String(), "module exceeds %d bytes", maxModule)
	}
	if err != nil {
		return err
	}
	if err := c.runner.Admit(ctx, id, wasm); err != nil {
		return fmt.Errorf("admit module %s: %w", id, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.modules) >= maxModules {
		clear(c.modules) // each is shown again when it is next used
	}
	c.modules[id] = struct{}{}
	return nil
}

// Get implements worker.Blocks. What was staged and has been evicted since is
// fetched again.
func (c *cluster) Get(ctx context.Context, id cid.Cid, most int64) ([]byte, error) {
	return c.blocks.get(ctx, id, most)
}
