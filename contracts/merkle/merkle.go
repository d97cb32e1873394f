// Package merkle commits to a list of byte strings by the Merkle tree hash of
// RFC 6962, section 2.1, so that each of them can be shown to belong to the list
// by a path of at most log2(n) hashes.
//
// Leaves and inner nodes are hashed by golang.org/x/mod/sumdb/tlog (0x00 and
// 0x01 before the content), which also checks the paths. The tree is made once
// and does not grow; consistency between trees is not offered. All functions are
// safe for concurrent use.
package merkle

import (
	"crypto/sha256"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// MaxLeaves is the greatest size of a tree.
const MaxLeaves = 1 << 20

// Hash is a SHA-256 hash of a leaf, of an inner node or of a whole tree.
type Hash = tlog.Hash

// LeafHash returns the hash of the leaf with content b: SHA-256(0x00 ‖ b).
func LeafHash(b []byte) Hash { return tlog.RecordHash(b) }

// Root returns the hash of the tree over leaves, given as leaf hashes. The root
// of no leaves is the hash of the empty string.
func Root(leaves []Hash) Hash { return NewTree(leaves).Root() }

// Path returns the audit path of leaf i in the tree over leaves: the hashes
// beside the way from the leaf up to the root. For the paths of many leaves
// make a Tree. The error is an *IndexError.
func Path(leaves []Hash, i int) ([]Hash, error) { return NewTree(leaves).Path(i) }

// Verify reports whether path shows that leaf stands at index of the tree of the
// given size with the given root. A root does not commit to its size: take size
// from where the root was taken. The error is an *IndexError or a *ProofError.
func Verify(root, leaf Hash, index, size int, path []Hash) error {
	if size > MaxLeaves || index < 0 || index >= size {
		return &IndexError{Index: index, Size: size}
	}
	if err := tlog.CheckRecord(path, int64(size), root, int64(index), leaf); err != nil {
		return &ProofError{Root: root, Index: index, Size: size}
	}
	return nil
}

// Tree is a Merkle tree whose paths are looked up. It does not change.
type Tree struct {
	// levels holds the hashes from the leaves up to the root alone. The last
	// hash of a level of odd length has no sibling and rises unchanged, which
	// gives the very tree that the RFC defines from the top.
	levels [][]Hash
}

// NewTree returns the tree over leaves, which it keeps and which must not be
// changed any more.
func NewTree(leaves []Hash) *Tree {
	t := &Tree{levels: [][]Hash{leaves}}
	for level := leaves; len(level) > 1; {
		above := make([]Hash, 0, (len(level)+1)/2)
		for i := 0; i+1 < len(level); i += 2 {
			above = append(above, tlog.NodeHash(level[i], level[i+1]))
		}
		if len(level)%2 == 1 {
			above = append(above, level[len(level)-1])
		}
		t.levels = append(t.levels, above)
		level = above
	}
	return t
}

// Root returns the hash of the tree.
func (t *Tree) Root() Hash {
	top := t.levels[len(t.levels)-1]
	if len(top) == 0 {
		return sha256.Sum256(nil)
	}
	return top[0]
}

// Path returns the audit path of leaf i, lowest hash first. It is empty in a
// tree of one leaf. The error is an *IndexError.
func (t *Tree) Path(i int) ([]Hash, error) {
	if size := len(t.levels[0]); i < 0 || i >= size {
		return nil, &IndexError{Index: i, Size: size}
	}
	path := make([]Hash, 0, len(t.levels)-1)
	for _, level := range t.levels[:len(t.levels)-1] {
		if sibling := i ^ 1; sibling < len(level) {
			path = append(path, level[sibling])
		}
		i /= 2
	}
	return path, nil
}

// IndexError says that there is no such leaf, or no such tree.
type IndexError struct{ Index, Size int }

func (e *IndexError) Error() string {
	return fmt.Sprintf("no leaf %d in a Merkle tree of %d (at most %d)", e.Index, e.Size, MaxLeaves)
}

// ProofError says that a path does not lead from a leaf to the root.
type ProofError struct {
	Root        Hash
	Index, Size int
}

func (e *ProofError) Error() string {
	return fmt.Sprintf("Merkle path does not lead from leaf %d of %d to root %x", e.Index, e.Size, e.Root[:])
}
