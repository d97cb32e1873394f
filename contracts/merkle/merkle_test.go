package merkle_test

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/krako-labs/krako/contracts/merkle"
)

// vectors is testdata/vectors/merkle.json; its README explains the fields.
type vectors struct {
	Leaves     []string
	LeafHashes []string `json:"leaf_hashes"`
	Roots      []string
	Paths      []struct {
		Size, Index int
		Path        []string
	}
	CountedRoots []struct {
		Size int
		Root string
	} `json:"counted_roots"`
}

func readVectors(t *testing.T) vectors {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", "vectors", "merkle.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func hash(t *testing.T, s string) merkle.Hash { t.Helper(); return merkle.Hash(unhex(t, s)) }

// counted returns n leaves, each the hash of its index in four bytes.
func counted(n int) []merkle.Hash {
	leaves := make([]merkle.Hash, n)
	for i := range leaves {
		leaves[i] = merkle.LeafHash(binary.BigEndian.AppendUint32(nil, uint32(i)))
	}
	return leaves
}

func TestVectors(t *testing.T) {
	v := readVectors(t)
	leaves := make([]merkle.Hash, len(v.Leaves))
	for i, content := range v.Leaves {
		leaves[i] = merkle.LeafHash(unhex(t, content))
		if want := hash(t, v.LeafHashes[i]); leaves[i] != want {
			t.Errorf("leaf %d: got %x, want %x", i, leaves[i], want)
		}
	}
	for size, root := range v.Roots {
		if got, want := merkle.Root(leaves[:size]), hash(t, root); got != want {
			t.Errorf("root of %d: got %x, want %x", size, got, want)
		}
	}
	for _, p := range v.Paths {
		var want []merkle.Hash
		for _, h := range p.Path {
			want = append(want, hash(t, h))
		}
		got, err := merkle.Path(leaves[:p.Size], p.Index)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("path of %d in %d: got %x (%v), want %x", p.Index, p.Size, got, err, want)
		}
	}
	for _, c := range v.CountedRoots {
		if got, want := merkle.Root(counted(c.Size)), hash(t, c.Root); got != want {
			t.Errorf("root of %d counted leaves: got %x, want %x", c.Size, got, want)
		}
	}
}

// reader serves the stored hashes of a tlog.
type reader []tlog.Hash

func (r reader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		hashes[i] = r[at]
	}
	return hashes, nil
}

// Every path of every size up to 300 verifies, at its own place only, and both
// roots and paths are those of tlog.
func TestEveryPath(t *testing.T) {
	var log reader
	for size := 1; size <= 300; size++ {
		leaves := counted(size)
		stored, err := tlog.StoredHashesForRecordHash(int64(size-1), leaves[size-1], log)
		if err != nil {
			t.Fatal(err)
		}
		log = append(log, stored...)
		tree := merkle.NewTree(leaves)
		root := tree.Root()
		if want, err := tlog.TreeHash(int64(size), log); err != nil || root != want {
			t.Fatalf("root of %d: got %x, tlog says %x (%v)", size, root, want, err)
		}
		for i, leaf := range leaves {
			path, err := tree.Path(i)
			if err != nil {
				t.Fatal(err)
			}
			if want, err := tlog.ProveRecord(int64(size), int64(i), log); err != nil || !slices.Equal(path, want) {
				t.Fatalf("path of %d in %d: got %x, tlog says %x (%v)", i, size, path, want, err)
			}
			if err := merkle.Verify(root, leaf, i, size, path); err != nil {
				t.Fatal(err)
			}
			refuseElsewhere(t, root, leaf, i, size, path)
		}
	}
}

// refuseElsewhere checks that a good path is good for nothing else.
func refuseElsewhere(t *testing.T, root, leaf merkle.Hash, i, size int, path []merkle.Hash) {
	t.Helper()
	refused := func(what string, err error) {
		t.Helper()
		if _, ok := errors.AsType[*merkle.ProofError](err); !ok {
			t.Fatalf("leaf %d of %d with %s: got %v, want a *ProofError", i, size, what, err)
		}
	}
	other := leaf
	other[i%32] ^= 1
	refused("another leaf", merkle.Verify(root, other, i, size, path))
	refused("another root", merkle.Verify(other, leaf, i, size, path))
	refused("a longer path", merkle.Verify(root, leaf, i, size, append(slices.Clip(path), root)))
	if size == 1 {
		return
	}
	refused("another index", merkle.Verify(root, leaf, (i+1)%size, size, path))
	refused("a shorter path", merkle.Verify(root, leaf, i, size, path[1:]))
	for at := range path {
		tampered := slices.Clone(path)
		tampered[at][31] ^= 0x80
		refused("a tampered path", merkle.Verify(root, leaf, i, size, tampered))
	}
}

// An inner node must not pass for a leaf: that is what the prefixes are for.
func TestInnerNodeIsNoLeaf(t *testing.T) {
	leaves := counted(4)
	root := merkle.Root(leaves)
	left, right := merkle.Root(leaves[:2]), merkle.Root(leaves[2:])
	content := append(append([]byte{}, left[:]...), right[:]...)
	if merkle.LeafHash(content) == root {
		t.Error("the content of the root hashes to the root as a leaf")
	}
}

func TestBadIndexes(t *testing.T) {
	leaves := counted(3)
	for _, c := range []struct{ index, size int }{{-1, 3}, {3, 3}, {0, 0}, {0, -1}, {0, merkle.MaxLeaves + 1}, {1, math.MaxInt}} {
		err := merkle.Verify(merkle.Root(leaves), leaves[0], c.index, c.size, nil)
		if _, ok := errors.AsType[*merkle.IndexError](err); !ok {
			t.Errorf("%+v: got %v, want an *IndexError", c, err)
		}
	}
	for _, i := range []int{-1, 3} {
		if _, err := merkle.Path(leaves, i); err == nil {
			t.Errorf("path of %d: no error", i)
		}
	}
}

// FuzzVerify throws paths at a fixed tree: only those that the tree itself gives
// may pass.
func FuzzVerify(f *testing.F) {
	tree := merkle.NewTree(counted(11))
	for i := range 11 {
		path, _ := tree.Path(i)
		var flat []byte
		for _, h := range path {
			flat = append(flat, h[:]...)
		}
		f.Add(i, 11, flat)
	}
	f.Fuzz(func(t *testing.T, index, size int, flat []byte) {
		var path []merkle.Hash
		for ; len(flat) >= 32; flat = flat[32:] {
			path = append(path, merkle.Hash(flat[:32]))
		}
		for leaf, h := range counted(11) {
			if merkle.Verify(tree.Root(), h, index, size, path) != nil {
				continue
			}
			want, err := tree.Path(leaf)
			if err != nil || !slices.Equal(path, want) {
				t.Fatalf("path %x passes for leaf %d at %d of %d", path, leaf, index, size)
			}
		}
	})
}

func BenchmarkTreeOf256WithPaths(b *testing.B) {
	leaves := counted(256)
	for b.Loop() {
		tree := merkle.NewTree(leaves)
		for i := range leaves {
			if _, err := tree.Path(i); err != nil {
				b.Fatal(err)
			}
		}
	}
}
