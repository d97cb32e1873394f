package contracts_test

import (
	"crypto/ed25519"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// signedBy seals a batch of one result.
func signedBy(t *testing.T, seed byte, cluster string, lease, epoch uint64, result string) contracts.Signed {
	t.Helper()
	key := ed25519.NewKeyFromSeed(append(make([]byte, ed25519.SeedSize-1), seed))
	b := contracts.Batch{Cluster: cluster, Seq: lease, Results: []contracts.BatchItem{{
		ResultCID: contracts.Link{Cid: dagcbor.CID([]byte(result))},
		Observed:  contracts.Observed{Lease: lease, Epoch: epoch, Attempt: 1},
	}}}
	b.Results[0].Observed.Node = peerOf(key)
	sealed, err := b.Seal(key)
	if err != nil {
		t.Fatal(err)
	}
	return contracts.Signed{Batch: sealed}
}

// TestEquivocationIsTwoResultsUnderOneLease also says what is no proof, so that
// nobody can be framed by what others signed or by what is allowed.
func TestEquivocationIsTwoResultsUnderOneLease(t *testing.T) {
	first := signedBy(t, 1, "c", 7, 3, "right")
	forged := signedBy(t, 1, "c", 7, 3, "wrong")
	forged.Batch = append([]byte{}, forged.Batch...)
	forged.Batch[len(forged.Batch)-1] ^= 1
	for name, c := range map[string]struct {
		second contracts.Signed
		proves bool
	}{
		"two results":      {signedBy(t, 1, "c", 7, 3, "wrong"), true},
		"one result twice": {signedBy(t, 1, "c", 7, 3, "right"), false},
		"another lease":    {signedBy(t, 1, "c", 8, 3, "wrong"), false},
		"another epoch":    {signedBy(t, 1, "c", 7, 4, "wrong"), false},
		"another cluster":  {signedBy(t, 1, "d", 7, 3, "wrong"), false},
		"another node":     {signedBy(t, 2, "c", 7, 3, "wrong"), false},
		"a forgery":        {forged, false},
		"no such item":     {contracts.Signed{Batch: first.Batch, Index: 1}, false},
	} {
		e := contracts.Equivocation{V: 1, First: first, Second: c.second}
		b, err := e.Block()
		if err != nil {
			t.Fatal(err)
		}
		again, err := contracts.DecodeEquivocation(b)
		if err != nil {
			t.Fatal(err)
		}
		who, err := again.Verify()
		if (err == nil) != c.proves || c.proves && who == "" {
			t.Errorf("%s: %q, %v", name, who, err)
		}
	}
}
