package transparency_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/krako-labs/krako/coordinator/transparency"
)

// grown is a tree with everything that it asked to keep, and all its leaves.
type grown struct {
	transparency.Tree
	kept   map[string]transparency.Hash
	leaves []transparency.Hash
	roots  []transparency.Hash // by size
}

func grow(n int) *grown {
	g := &grown{kept: map[string]transparency.Hash{}}
	g.roots = append(g.roots, g.Root())
	for i := range n {
		leaf := transparency.Leaf(fmt.Appendf(nil, "record %d", i+1))
		g.leaves = append(g.leaves, leaf)
		g.Append(leaf, func(n transparency.Node) { g.kept[fmt.Sprint(n.Level, n.N)] = n.Hash })
		g.roots = append(g.roots, g.Root())
	}
	return g
}

func (g *grown) Kept(_ context.Context, level int, n int64) (transparency.Hash, error) {
	h, ok := g.kept[fmt.Sprint(level, n)]
	if !ok {
		return h, errors.New("was not kept")
	}
	return h, nil
}

func (g *grown) Leaves(_ context.Context, first, count int64) ([]transparency.Hash, error) {
	return g.leaves[first : first+count], nil
}

// The tree is the one of RFC 6962 as the Go checksum database computes it, at
// every size, and can be taken up again at every size.
func TestTreeIsTheOneOfRFC6962(t *testing.T) {
	const n = 700
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range at {
			out = append(out, stored[i])
		}
		return out, nil
	})
	g := grow(n)
	for i := range int64(n) {
		hashes, err := tlog.StoredHashes(i, fmt.Appendf(nil, "record %d", i+1), read)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
		want, err := tlog.TreeHash(i+1, read)
		if err != nil {
			t.Fatal(err)
		}
		if g.roots[i+1] != want {
			t.Fatalf("root of %d leaves is %v, want %v", i+1, g.roots[i+1], want)
		}
	}
	for size := 0; size < n; size += 13 {
		part := grow(size)
		again, err := transparency.Restore(part.Size(), part.Edge())
		if err != nil {
			t.Fatal(err)
		}
		again.Append(g.leaves[size], func(transparency.Node) {})
		if again.Root() != g.roots[size+1] {
			t.Fatalf("restored at %d it grows into another tree", size)
		}
	}
	if _, err := transparency.Restore(5, g.Edge()[:1]); err == nil {
		t.Error("an edge of one hash passed for five leaves")
	}
}

func TestProofs(t *testing.T) {
	g, ctx := grow(1500), t.Context()
	for _, size := range []int64{1, 2, 255, 256, 257, 700, 1024, 1500} {
		for _, n := range []int64{0, 1, 254, 255, 256, 600, 1023, 1400, 1499} {
			if n >= size {
				continue
			}
			proof, err := transparency.ProveRecord(ctx, g, size, n)
			if err != nil {
				t.Fatalf("prove record %d of %d: %v", n, size, err)
			}
			if err := transparency.CheckRecord(proof, size, g.roots[size], n, g.leaves[n]); err != nil {
				t.Errorf("record %d of %d: %v", n, size, err)
			}
			if err := transparency.CheckRecord(proof, size, g.roots[size], n, transparency.Leaf([]byte("forged"))); err == nil {
				t.Errorf("a forged record %d of %d was proved", n, size)
			}
		}
		for _, old := range []int64{0, 1, 2, 200, 256, 300, 512, 1024, 1500} {
			proveGrowth(t, g, size, old)
		}
	}
	if _, err := transparency.ProveRecord(ctx, g, 10, 10); err == nil {
		t.Error("a record behind the end was proved")
	}
}

func proveGrowth(t *testing.T, g *grown, size, old int64) {
	t.Helper()
	proof, err := transparency.ProveGrowth(t.Context(), g, size, old)
	if old > size {
		if err == nil {
			t.Errorf("growth from %d to %d was proved", old, size)
		}
		return
	}
	if err != nil {
		t.Fatalf("prove growth %d to %d: %v", old, size, err)
	}
	if err := transparency.CheckGrowth(proof, size, g.roots[size], old, g.roots[old]); err != nil {
		t.Errorf("growth %d to %d: %v", old, size, err)
	}
	forked := g.roots[old]
	forked[3] ^= 1
	if err := transparency.CheckGrowth(proof, size, g.roots[size], old, forked); old > 0 && err == nil {
		t.Errorf("growth %d to %d from a rewritten log was proved", old, size)
	}
}

func TestCheckpoints(t *testing.T) {
	key, err := transparency.NewKey("c0ffee")
	must(t, err)
	other, err := transparency.NewKey("c0ffee")
	must(t, err)
	want := transparency.Checkpoint{Origin: transparency.Origin("c0ffee"), Size: 3, Root: grow(3).Root()}
	signed, err := key.Sign(want)
	must(t, err)
	got, err := transparency.Open(signed, other.Public(), key.Public())
	if err != nil || got != want {
		t.Errorf("opened %+v, %v", got, err)
	}
	if peeked, err := transparency.Peek(signed); err != nil || peeked != want {
		t.Errorf("peeked at %+v, %v", peeked, err)
	}
	again, err := transparency.LoadKey(key.Secret())
	if err != nil || again.Public() != key.Public() {
		t.Errorf("loaded key %s, %v", again.Public(), err)
	}
	for name, bad := range map[string]func() error{
		"another key":    func() error { _, err := transparency.Open(signed, other.Public()); return err },
		"a changed size": func() error { _, err := transparency.Open(replace(signed, "\n3\n", "\n4\n"), key.Public()); return err },
		"no checkpoint":  func() error { _, err := transparency.Peek([]byte("junk")); return err },
		"mixed halves": func() error {
			_, err := transparency.LoadKey(strings.Split(key.Secret(), "\n")[0] + "\n" + other.Public())
			return err
		},
		"another log": func() error {
			wrong := want
			wrong.Origin = "krako/log/elsewhere"
			forged, err := key.Sign(wrong)
			must(t, err)
			_, err = transparency.Open(forged, key.Public())
			return err
		},
	} {
		if bad() == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func FuzzOpenCheckpoint(f *testing.F) {
	key, err := transparency.NewKey("c0ffee")
	if err != nil {
		f.Fatal(err)
	}
	signed, err := key.Sign(transparency.Checkpoint{Origin: transparency.Origin("c0ffee"), Size: 3})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	f.Add([]byte("o\n-1\nAA==\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := transparency.Peek(b); err == nil {
			if !strings.HasPrefix(string(b), c.Text()) {
				t.Errorf("%q was read as %q", b, c.Text())
			}
		}
		if c, err := transparency.Open(b, key.Public()); err == nil && c.Origin != transparency.Origin("c0ffee") {
			t.Errorf("opened a checkpoint of %s", c.Origin)
		}
	})
}

// BenchmarkAppend is what tamper evidence costs per event of 400 bytes.
func BenchmarkAppend(b *testing.B) {
	record, tree, kept := make([]byte, 400), transparency.Tree{}, 0
	b.ReportAllocs()
	for b.Loop() {
		tree.Append(transparency.Leaf(record), func(transparency.Node) { kept++ })
	}
}

func replace(b []byte, from, to string) []byte {
	return []byte(strings.Replace(string(b), from, to, 1))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What a tree that is taken up in the middle keeps is what was kept of it.
func TestKeptIsOfTheEdge(t *testing.T) {
	var tree transparency.Tree
	kept := map[transparency.Node]bool{}
	for i := range 5000 {
		tree.Append(transparency.Leaf([]byte{byte(i), byte(i >> 8)}), func(n transparency.Node) { kept[n] = true })
		list, size := tree.Kept(), int64(0)
		for _, n := range list {
			if !kept[n] || n.N<<n.Level != size {
				t.Fatalf("size %d: node %d of level %d is not one that was kept", tree.Size(), n.N, n.Level)
			}
			size += 1 << n.Level
		}
		if tree.Size()-size >= 1<<transparency.KeptLevel {
			t.Fatalf("size %d: the last kept subtree ends at %d", tree.Size(), size)
		}
	}
}
