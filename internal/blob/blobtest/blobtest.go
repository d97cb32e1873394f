// Package blobtest is the conformance suite of blob.Store: whatever implements
// the port runs it. It checks the contract in blob.Store's documentation and
// nothing that the contract leaves open.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multihash"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/blob"
)

// Harness is one empty store under test, with room for at least 16 MiB.
type Harness struct {
	Store blob.Store
	// Reopen closes the store and opens what it left behind. It is nil for a
	// store whose blocks end with the process.
	Reopen func() blob.Store
}

// Run runs the suite; each clause gets a Harness of its own from open.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	clauses := []struct {
		name string
		run  func(t *testing.T, h Harness)
	}{
		{"GetReturnsWhatWasPut", getReturnsWhatWasPut},
		{"AbsentBlockIsNotFoundByName", absentIsNotFound},
		{"WrongBytesAreRefusedByName", wrongBytesAreRefused},
		{"ForeignAddressesAreRefused", foreignAddressesAreRefused},
		{"OversizeBlockIsRefused", oversizeIsRefused},
		{"PutAgainChangesNothing", putAgainChangesNothing},
		{"DoneContextWritesNothing", doneContextWritesNothing},
		{"ConcurrentUse", concurrentUse},
		{"BlocksSurviveReopen", blocksSurviveReopen},
	}
	for _, c := range clauses {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// Sample makes n bytes that no other seed has and that do not compress.
func Sample(seed uint64, n int) []byte {
	data := make([]byte, n)
	x := seed*0x9e3779b97f4a7c15 + 1
	for i := range data {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		data[i] = byte(x)
	}
	return data
}

// sizes are where a store may change its ways: nothing, one byte, both sides of
// the length at which blocks move from a database into files, and large.
func sizes() []int { return []int{0, 1, 300, 64<<10 - 1, 64 << 10, 64<<10 + 1, 1 << 20} }

func samples() []blob.Block {
	var blocks []blob.Block
	for i, n := range sizes() {
		blocks = append(blocks, blob.Raw(Sample(uint64(i), n)), blob.Node(Sample(uint64(i)+100, n)))
	}
	return blocks
}

func getReturnsWhatWasPut(t *testing.T, h Harness) {
	blocks := samples()
	mustPut(t, h.Store, blocks...)
	mustHold(t, h.Store, blocks...)
	if err := h.Store.Put(t.Context()); err != nil {
		t.Fatalf("put of no blocks: %v", err)
	}
}

func absentIsNotFound(t *testing.T, h Harness) {
	absent := blob.Raw([]byte("absent"))
	_, err := h.Store.Get(t.Context(), absent.CID)
	wantCode(t, err, contracts.CodeNotFound, absent.CID)
	mustLack(t, h.Store, absent)
}

func wrongBytesAreRefused(t *testing.T, h Harness) {
	good := blob.Raw([]byte("good"))
	wrong := blob.Block{CID: blob.Raw([]byte("named")).CID, Data: []byte("given")}
	err := h.Store.Put(t.Context(), good, wrong)
	wantCode(t, err, contracts.CodeValidation, wrong.CID)
	mustLack(t, h.Store, good, wrong)
}

func foreignAddressesAreRefused(t *testing.T, h Harness) {
	data := []byte("foreign")
	for _, c := range foreignAddresses(t, data) {
		err := h.Store.Put(t.Context(), blob.Block{CID: c, Data: data})
		wantCode(t, err, contracts.CodeValidation, c)
		_, err = h.Store.Get(t.Context(), c)
		wantCode(t, err, contracts.CodeValidation, c)
		_, err = h.Store.Has(t.Context(), c)
		wantCode(t, err, contracts.CodeValidation, c)
	}
}

// foreignAddresses name data truly, but in ways that Krako does not use.
func foreignAddresses(t *testing.T, data []byte) []cid.Cid {
	sum := func(p cid.Prefix) cid.Cid {
		c, err := p.Sum(data)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	return []cid.Cid{
		cid.Undef,
		sum(cid.Prefix{Version: 0, Codec: cid.DagProtobuf, MhType: multihash.SHA2_256, MhLength: 32}),
		sum(cid.Prefix{Version: 1, Codec: cid.DagProtobuf, MhType: multihash.SHA2_256, MhLength: 32}),
		sum(cid.Prefix{Version: 1, Codec: cid.Raw, MhType: multihash.SHA2_512, MhLength: 64}),
		sum(cid.Prefix{Version: 1, Codec: cid.Raw, MhType: multihash.IDENTITY, MhLength: -1}),
	}
}

func oversizeIsRefused(t *testing.T, h Harness) {
	big := blob.Block{CID: blob.Raw(nil).CID, Data: make([]byte, blob.MaxBlockSize+1)}
	wantCode(t, h.Store.Put(t.Context(), big), contracts.CodeValidation, big.CID)
}

func putAgainChangesNothing(t *testing.T, h Harness) {
	blocks := samples()
	mustPut(t, h.Store, blocks...)
	mustPut(t, h.Store, blocks...)
	mustPut(t, h.Store, blocks[0], blocks[0], blocks[len(blocks)-1])
	mustHold(t, h.Store, blocks...)
}

func doneContextWritesNothing(t *testing.T, h Harness) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, b := range samples() {
		if err := h.Store.Put(ctx, b); !errors.Is(err, context.Canceled) {
			t.Fatalf("Put under a done context: %v, want context.Canceled", err)
		}
		mustLack(t, h.Store, b)
		if _, err := h.Store.Get(ctx, b.CID); !errors.Is(err, context.Canceled) {
			t.Fatalf("Get under a done context: %v, want context.Canceled", err)
		}
	}
}

// concurrentUse has every goroutine put blocks of its own and blocks that all
// put, and read the others' meanwhile.
func concurrentUse(t *testing.T, h Harness) {
	const workers, rounds = 8, 20
	shared := samples()
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for r := range rounds {
				own := blob.Raw(Sample(uint64(1000+w*rounds+r), 200))
				common := shared[(w+r)%len(shared)]
				if err := h.Store.Put(t.Context(), own, common); err != nil {
					t.Errorf("put: %v", err)
					return
				}
				if err := hold(t.Context(), h.Store, own, common); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func blocksSurviveReopen(t *testing.T, h Harness) {
	blocks := samples()
	mustPut(t, h.Store, blocks...)
	if h.Reopen == nil {
		return
	}
	again := h.Reopen()
	mustHold(t, again, blocks...)
	mustPut(t, again, blob.Raw([]byte("after")))
	mustHold(t, again, blob.Raw([]byte("after")))
}

func mustPut(t *testing.T, s blob.Store, blocks ...blob.Block) {
	t.Helper()
	if err := s.Put(t.Context(), blocks...); err != nil {
		t.Fatalf("put: %v", err)
	}
}

func mustHold(t *testing.T, s blob.Store, blocks ...blob.Block) {
	t.Helper()
	if err := hold(t.Context(), s, blocks...); err != nil {
		t.Fatal(err)
	}
}

func hold(ctx context.Context, s blob.Store, blocks ...blob.Block) error {
	for _, b := range blocks {
		if ok, err := s.Has(ctx, b.CID); err != nil || !ok {
			return fmt.Errorf("has %s (%d bytes): %v, %v", b.CID, len(b.Data), ok, err)
		}
		data, err := s.Get(ctx, b.CID)
		if err != nil {
			return fmt.Errorf("get %s (%d bytes): %w", b.CID, len(b.Data), err)
		}
		if !bytes.Equal(data, b.Data) {
			return fmt.Errorf("get %s (%d bytes): other bytes, %d of them", b.CID, len(b.Data), len(data))
		}
	}
	return nil
}

func mustLack(t *testing.T, s blob.Store, blocks ...blob.Block) {
	t.Helper()
	for _, b := range blocks {
		if ok, err := s.Has(t.Context(), b.CID); err != nil || ok {
			t.Fatalf("has %s: %v, %v, want it absent", b.CID, ok, err)
		}
		if _, err := s.Get(t.Context(), b.CID); !blob.IsNotFound(err) {
			t.Fatalf("get %s: %v, want NOT_FOUND", b.CID, err)
		}
	}
}

func wantCode(t *testing.T, err error, code contracts.Code, c cid.Cid) {
	t.Helper()
	e, ok := errors.AsType[*contracts.Error](err)
	if !ok || e.Code != code || e.Offender != c.String() {
		t.Fatalf("error %v, want %s naming %s", err, code, c)
	}
}
