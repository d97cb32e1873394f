package transparency

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/krako-labs/krako/contracts"
)

// Source gives what proofs are made of.
type Source interface {
	// Kept returns the hash of a whole subtree of KeptLevel or above.
	Kept(ctx context.Context, level int, n int64) (Hash, error)
	// Leaves returns the hashes of count leaves from first on, counted from 0.
	Leaves(ctx context.Context, first, count int64) ([]Hash, error)
}

// ProveRecord proves that leaf n stands in the tree of the given size: the hashes
// that CheckRecord needs beside the record.
func ProveRecord(ctx context.Context, from Source, size, n int64) ([]Hash, error) {
	if n < 0 || n >= size {
		return nil, contracts.Errorf(contracts.CodeValidation, "record", "there is no record %d in a tree of %d", n+1, size)
	}
	return tlog.ProveRecord(size, n, reader{ctx, from, size})
}

// CheckRecord reports whether proof shows that leaf n of the tree with the given
// size and root is leaf.
func CheckRecord(proof []Hash, size int64, root Hash, n int64, leaf Hash) error {
	if err := tlog.CheckRecord(proof, size, root, n, leaf); err != nil {
		return contracts.Errorf(contracts.CodeValidation, "proof", "does not lead from record %d to the root of %d records", n+1, size)
	}
	return nil
}

// ProveGrowth proves that the tree of size is the one of old with leaves added.
func ProveGrowth(ctx context.Context, from Source, size, old int64) ([]Hash, error) {
	if old < 0 || old > size {
		return nil, contracts.Errorf(contracts.CodeValidation, "from", "a tree of %d does not come before one of %d", old, size)
	}
	if old == 0 || old == size {
		return nil, nil // every tree grows from the empty one, and each from itself
	}
	return tlog.ProveTree(size, old, reader{ctx, from, size})
}

// CheckGrowth reports whether proof shows that the log of size and root is the
// one of old and oldRoot with records added.
func CheckGrowth(proof []Hash, size int64, root Hash, old int64, oldRoot Hash) error {
	switch {
	case old == 0:
		return nil
	case old == size:
		if root != oldRoot {
			return contracts.Errorf(contracts.CodeConflict, "log", "two roots are signed for the same %d records: the log was rewritten", size)
		}
		return nil
	}
	if err := tlog.CheckTree(proof, size, root, old, oldRoot); err != nil {
		return contracts.Errorf(contracts.CodeConflict, "log", "the log of %d records is not the one of %d with records added", size, old)
	}
	return nil
}

// reader lets tlog see a Source.
type reader struct {
	ctx  context.Context
	from Source
	size int64
}

// ReadHashes implements tlog.HashReader.
func (r reader) ReadHashes(indexes []int64) ([]Hash, error) {
	hashes := make([]Hash, len(indexes))
	low := map[int64][]Hash{} // leaves of the group that holds them
	for i, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		var err error
		if level >= KeptLevel {
			hashes[i], err = r.from.Kept(r.ctx, level, n)
		} else {
			hashes[i], err = r.compute(low, level, n)
		}
		if err != nil {
			return nil, fmt.Errorf("hash %d of level %d: %w", n, level, err)
		}
	}
	return hashes, nil
}

// compute hashes a subtree below KeptLevel from its group's leaves.
func (r reader) compute(low map[int64][]Hash, level int, n int64) (Hash, error) {
	group := n << level >> KeptLevel
	leaves, ok := low[group]
	if !ok {
		first := group << KeptLevel
		var err error
		if leaves, err = r.from.Leaves(r.ctx, first, min(1<<KeptLevel, r.size-first)); err != nil {
			return Hash{}, err
		}
		low[group] = leaves
	}
	at := n<<level - group<<KeptLevel
	if at+1<<level > int64(len(leaves)) {
		return Hash{}, fmt.Errorf("%d leaves from %d, want %d", len(leaves), group<<KeptLevel, at+1<<level)
	}
	var t Tree
	for _, leaf := range leaves[at : at+1<<level] {
		t.Append(leaf, func(Node) {})
	}
	return t.Root(), nil
}
