package garbage_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/garbage"
)

func address(i int) cid.Cid { return dagcbor.RawCID(binary.BigEndian.AppendUint64(nil, uint64(i))) }

// What was added is always held; of what was not, little.
func TestSetErrsOnOneSide(t *testing.T) {
	const n = 20_000
	for seed := range uint64(3) {
		s := garbage.NewSet(n, seed)
		for i := range n {
			s.Add(address(i))
		}
		byChance := 0
		for i := range 2 * n {
			switch held := s.Has(address(i)); {
			case i < n && !held:
				t.Fatalf("seed %d lacks address %d", seed, i)
			case i >= n && held:
				byChance++
			}
		}
		if byChance > n/20 {
			t.Errorf("seed %d holds %d of %d that were never added", seed, byChance, n)
		}
		t.Logf("seed %d holds %d of %d that were never added", seed, byChance, n)
	}
}

// Another seed lets go of what one keeps by chance.
func TestSeedsDiffer(t *testing.T) {
	const n = 20_000
	a, b := garbage.NewSet(n, 1), garbage.NewSet(n, 2)
	for i := range n {
		a.Add(address(i))
		b.Add(address(i))
	}
	inA, inBoth := 0, 0
	for i := n; i < 4*n; i++ {
		if a.Has(address(i)) {
			inA++
			if b.Has(address(i)) {
				inBoth++
			}
		}
	}
	if inA == 0 || inBoth*4 > inA {
		t.Errorf("of %d kept by chance with one seed, %d are with another", inA, inBoth)
	}
}

func TestRecentForgetsAfterTwoTurns(t *testing.T) {
	r := garbage.NewRecent(100)
	if !r.Empty() {
		t.Error("a new one is not empty")
	}
	r.Add(address(1))
	for turn, want := range []bool{true, true, false} {
		if got := r.Has(address(1)); got != want {
			t.Errorf("after %d turns it holds what was added: %t", turn, got)
		}
		if r.Empty() == want {
			t.Errorf("after %d turns empty is %t", turn, r.Empty())
		}
		r.Turn()
	}
}

// Links are found wherever they stand: as links, in encodings within encodings, in a
// row.
func TestLinksAreFound(t *testing.T) {
	type inner struct {
		L contracts.Link `cbor:"l"`
	}
	type outer struct {
		A contracts.Link   `cbor:"a"`
		B []contracts.Link `cbor:"b"`
		C []byte           `cbor:"c"`
		D []byte           `cbor:"d"`
	}
	nested, err := dagcbor.Marshal(inner{contracts.Link{Cid: dagcbor.CID([]byte("nested"))}})
	if err != nil {
		t.Fatal(err)
	}
	want := []cid.Cid{dagcbor.CID([]byte("nested")), address(1), address(2), address(3), address(4)}
	data, err := dagcbor.Marshal(outer{
		A: contracts.Link{Cid: address(1)}, B: []contracts.Link{{Cid: address(2)}, {Cid: address(3)}}, C: nested, D: address(4).Bytes(),
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []cid.Cid
	note := func(c cid.Cid) error { got = append(got, c); return nil }
	if err := garbage.Links(data, note); err != nil {
		t.Fatal(err)
	}
	for _, c := range want {
		if !slices.Contains(got, c) {
			t.Errorf("%s is not found", c)
		}
	}
	for cut := range data {
		if err := garbage.Links(data[:cut], note); err != nil {
			t.Fatal(err)
		}
	}
	enough := errors.New("enough")
	if err := garbage.Links(data, func(cid.Cid) error { return enough }); err != enough {
		t.Errorf("the caller's error comes back as %v", err)
	}
}

func FuzzLinks(f *testing.F) {
	f.Add([]byte{1, 0x55, 0x12, 0x20})
	f.Add(append([]byte{0xd8, 0x2a, 0x58, 0x25, 0}, address(1).Bytes()...))
	f.Fuzz(func(t *testing.T, data []byte) {
		err := garbage.Links(data, func(c cid.Cid) error { return dagcbor.CheckCID(c) })
		if err != nil {
			t.Fatalf("found what is no address of a block: %v", err)
		}
	})
}

func TestMet(t *testing.T) {
	m := garbage.NewMet(2)
	for i, step := range []struct {
		block, depth int
		read         bool
	}{
		{1, 2, true}, {1, 2, false}, {1, 1, true}, {1, 2, false}, {2, 1, true}, {3, 1, true}, {4, 1, true}, {5, 1, true}, {1, 1, true},
	} {
		if got := m.Meet(address(step.block), step.depth); got != step.read {
			t.Errorf("step %d: block %d is read: %t", i, step.block, got)
		}
	}
}
