package contracts_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/contracts/envelope"
	"github.com/krako-labs/krako/contracts/merkle"
)

// testKey is one of two fixed keys.
func testKey(n byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize))
}

func peerOf(key ed25519.PrivateKey) contracts.NodeID {
	return contracts.NodeID(envelope.PeerID(key.Public().(ed25519.PublicKey)))
}

// newBatch makes a batch of n distinct results of the key's holder.
func newBatch(key ed25519.PrivateKey, n int) *contracts.Batch {
	b := &contracts.Batch{Cluster: "01890a5d-ac96-774b-bcce-b302099a8061", Seq: 1}
	at := contracts.Time{Time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	for i := range n {
		b.Results = append(b.Results, contracts.BatchItem{
			ResultCID: contracts.Link{Cid: dagcbor.CID([]byte{byte(i), byte(i >> 8)})},
			Observed: contracts.Observed{
				Node: peerOf(key), Lease: uint64(i + 1), Epoch: 1, Attempt: 1, StartedAt: at, FinishedAt: at, DurationUS: 1,
			},
		})
	}
	return b
}

func seal(t testing.TB, b *contracts.Batch, key ed25519.PrivateKey) []byte {
	t.Helper()
	sealed, err := b.Seal(key)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestBatchSizes(t *testing.T) {
	key := testKey(1)
	for _, n := range []int{1, 2, 3, 255, contracts.MaxBatchItems} {
		b, err := contracts.OpenBatch(seal(t, newBatch(key, n), key))
		if err != nil {
			t.Fatalf("%d items: %v", n, err)
		}
		if len(b.Results) != n || b.Node != peerOf(key) || b.V != 1 {
			t.Errorf("%d items: opened as version %d of node %s with %d", n, b.V, b.Node, len(b.Results))
		}
	}
	for _, n := range []int{0, contracts.MaxBatchItems + 1} {
		_, err := newBatch(key, n).Seal(key)
		wantCode(t, err, contracts.CodeValidation)
		_, err = contracts.OpenBatch(forge(t, newBatch(key, n), key))
		wantCode(t, err, contracts.CodeValidation)
	}
}

// forge signs a batch as it stands, without the checks of Seal. What the test
// leaves out is filled in truly.
func forge(t testing.TB, b *contracts.Batch, key ed25519.PrivateKey) []byte {
	t.Helper()
	b.V = 1
	if b.Node == "" {
		b.Node = peerOf(key)
	}
	if b.Root == nil {
		hashes := make([]merkle.Hash, len(b.Results))
		for i := range b.Results {
			var err error
			if hashes[i], err = b.Results[i].Leaf(); err != nil {
				t.Fatal(err)
			}
		}
		root := merkle.Root(hashes)
		b.Root = root[:]
	}
	payload, err := dagcbor.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := envelope.Seal(key, contracts.BatchDomain, contracts.BatchPayloadType, payload)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// TestNoBitOfABatchCanChange flips every bit of a sealed batch, one at a time.
func TestNoBitOfABatchCanChange(t *testing.T) {
	key := testKey(1)
	sealed := seal(t, newBatch(key, 2), key)
	for i := range len(sealed) * 8 {
		bad := bytes.Clone(sealed)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := contracts.OpenBatch(bad); err == nil {
			t.Errorf("bit %d can change", i)
		}
	}
}

func TestNoPartOfABatchOpens(t *testing.T) {
	key := testKey(1)
	sealed := seal(t, newBatch(key, 2), key)
	for n := range sealed {
		if _, err := contracts.OpenBatch(sealed[:n]); err == nil {
			t.Errorf("the first %d of %d bytes open", n, len(sealed))
		}
	}
	_, err := contracts.OpenBatch(append(bytes.Clone(sealed), 0))
	wantCode(t, err, contracts.CodeAuth)
}

// TestForgedBatches are signed soundly and lie inside.
func TestForgedBatches(t *testing.T) {
	key, other := testKey(1), testKey(2)
	rooted := func(n int) *contracts.Batch {
		b := newBatch(key, n)
		seal(t, b, key) // fills in the root
		return b
	}
	for name, c := range map[string]struct {
		forge func() []byte
		code  contracts.Code
	}{
		"a batch of another node": {func() []byte {
			b := newBatch(key, 2)
			b.Node = peerOf(other)
			return forge(t, b, key)
		}, contracts.CodeAuth},
		"items of another node": {func() []byte { return forge(t, newBatch(other, 2), key) }, contracts.CodeAuth},
		"one item of another node": {func() []byte {
			b := newBatch(key, 2)
			b.Results[1].Observed.Node = peerOf(other)
			return forge(t, b, key)
		}, contracts.CodeAuth},
		"an item changed under the old root": {func() []byte {
			b := rooted(3)
			b.Results[1].Observed.Lease++
			return forge(t, b, key)
		}, contracts.CodeValidation},
		"an item left out": {func() []byte {
			b := rooted(3)
			b.Results = b.Results[:2]
			return forge(t, b, key)
		}, contracts.CodeValidation},
		"an item twice": {func() []byte {
			b := rooted(3)
			b.Results = append(b.Results, b.Results[2])
			return forge(t, b, key)
		}, contracts.CodeValidation},
		"the root of other items": {func() []byte {
			b := rooted(3)
			b.Root = rooted(2).Root
			return forge(t, b, key)
		}, contracts.CodeValidation},
		"a root that is too long": {func() []byte {
			b := rooted(3)
			b.Root = append(b.Root, 0)
			return forge(t, b, key)
		}, contracts.CodeValidation},
		"no root": {func() []byte {
			b := rooted(3)
			b.Root = []byte{}
			return forge(t, b, key)
		}, contracts.CodeValidation},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := contracts.OpenBatch(c.forge())
			wantCode(t, err, c.code)
		})
	}
}

func TestBatchOfAnotherDomainDoesNotOpen(t *testing.T) {
	key := testKey(1)
	b := newBatch(key, 1)
	seal(t, b, key)
	payload, err := dagcbor.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ domain, kind string }{
		{"krako-something-else", contracts.BatchPayloadType},
		{contracts.BatchDomain, "/krako/something-else/1"},
	} {
		sealed, err := envelope.Seal(key, c.domain, c.kind, payload)
		if err != nil {
			t.Fatal(err)
		}
		_, err = contracts.OpenBatch(sealed)
		wantCode(t, err, contracts.CodeAuth)
	}
}
