package transparency

import (
	"crypto/sha256"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a SHA-256 hash of a leaf, of an inner node or of a whole tree.
type Hash = tlog.Hash

// KeptLevel is the lowest level whose hashes are kept. Each is of a whole subtree
// of 2^KeptLevel leaves.
const KeptLevel = 8

// Leaf returns the hash of a record as a leaf: SHA-256(0x00 ‖ record).
func Leaf(record []byte) Hash { return tlog.RecordHash(record) }

// Node is the hash of a whole subtree: of the leaves from N<<Level on, 1<<Level
// of them.
type Node struct {
	Level int
	N     int64
	Hash  Hash
}

// Tree is a growing Merkle tree of which only the right edge is in memory. The
// zero Tree is empty. It is owned by one goroutine.
type Tree struct {
	size int64
	// edge holds the roots of the whole subtrees that the tree falls into, one
	// for each bit that is set in size, largest first.
	edge []Hash
}

// Restore returns the tree with the given size and edge, as Edge returned it.
func Restore(size int64, edge []Hash) (*Tree, error) {
	if size < 0 || len(edge) != bits.OnesCount64(uint64(size)) {
		return nil, fmt.Errorf("restore tree: %d hashes for %d leaves", len(edge), size)
	}
	return &Tree{size: size, edge: edge}, nil
}

// Size returns the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Edge returns the roots of the subtrees that the tree falls into, largest first.
func (t *Tree) Edge() []Hash { return append([]Hash(nil), t.edge...) }

// Kept returns the subtrees on the edge that are of KeptLevel and above: what proofs
// need of everything before them.
func (t *Tree) Kept() (list []Node) {
	i := 0
	for level := 62; level >= 0; level-- {
		if t.size>>level&1 == 0 {
			continue
		}
		if level >= KeptLevel {
			list = append(list, Node{level, t.size>>level - 1, t.edge[i]})
		}
		i++
	}
	return list
}

// Append adds a leaf. keep is called with every subtree of KeptLevel and above
// that is whole now.
func (t *Tree) Append(leaf Hash, keep func(Node)) {
	h, level, n := leaf, 0, t.size
	for ; n&1 == 1; n >>= 1 {
		last := len(t.edge) - 1
		h = tlog.NodeHash(t.edge[last], h)
		t.edge = t.edge[:last]
		if level++; level >= KeptLevel {
			keep(Node{level, n >> 1, h})
		}
	}
	t.edge = append(t.edge, h)
	t.size++
}

// Root returns the hash of the tree; of no leaves, the hash of the empty string.
func (t *Tree) Root() Hash {
	if len(t.edge) == 0 {
		return sha256.Sum256(nil)
	}
	h := t.edge[len(t.edge)-1]
	for i := len(t.edge) - 2; i >= 0; i-- {
		h = tlog.NodeHash(t.edge[i], h)
	}
	return h
}
