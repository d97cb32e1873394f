package contracts_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// receipts makes n receipts of one batch, for n computations.
func receipts(t testing.TB, n int) []contracts.Receipt {
	t.Helper()
	key := testKey(1)
	b := newBatch(key, n)
	out := make([]contracts.Receipt, n)
	for i := range out {
		inv := contracts.Invocation{
			V: 1, Profile: contracts.ProfileDet1, Module: contracts.Link{Cid: dagcbor.RawCID([]byte("module"))},
			Input: contracts.Payload{Inline: []byte{byte(i), byte(i >> 8)}}, Fuel: 1, MemoryPages: 1,
		}
		unit, err := inv.Block()
		if err != nil {
			t.Fatal(err)
		}
		res := contracts.Result{
			Unit: contracts.Link{Cid: dagcbor.CID(unit)}, Outcome: contracts.Succeeded, MediaType: "text/plain",
			Output: &contracts.Link{Cid: dagcbor.RawCID([]byte("out"))}, OutputBytes: 3,
		}
		result, err := res.Block()
		if err != nil {
			t.Fatal(err)
		}
		b.Results[i].ResultCID = contracts.Link{Cid: dagcbor.CID(result)}
		out[i] = contracts.Receipt{V: 1, Index: i, Result: result, Unit: unit}
	}
	sealed := seal(t, b, key)
	for i := range out {
		path, err := b.Path(i)
		if err != nil {
			t.Fatal(err)
		}
		out[i].Batch, out[i].Path = sealed, path
	}
	return out
}

// TestEveryReceiptOfEverySizeHolds covers all shapes of trees up to 33 leaves
// and the largest batch.
func TestEveryReceiptOfEverySizeHolds(t *testing.T) {
	for _, n := range append(slices.Collect(sizes(33)), contracts.MaxBatchItems) {
		for i, r := range receipts(t, n) {
			got, err := r.Verify()
			if err != nil {
				t.Fatalf("receipt %d of %d: %v", i, n, err)
			}
			if got.UnitCID != dagcbor.CID(r.Unit).String() || got.ResultCID != dagcbor.CID(r.Result).String() || got.Observed.Lease != uint64(i+1) {
				t.Errorf("receipt %d of %d proves %+v", i, n, got)
			}
			if n == contracts.MaxBatchItems && i > 3 {
				break // opening 256 items 256 times proves nothing more
			}
		}
	}
}

func sizes(most int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for n := 1; n <= most && yield(n); n++ {
		}
	}
}

// TestReceiptHoldsForOnePlaceOnly tries every receipt of a batch at every place
// with every path.
func TestReceiptHoldsForOnePlaceOnly(t *testing.T) {
	all := receipts(t, 5)
	for i := range all {
		for index := -1; index <= len(all); index++ {
			for p := range all {
				r := all[i]
				r.Index, r.Path = index, all[p].Path
				if _, err := r.Verify(); (err == nil) != (index == i && p == i) {
					t.Errorf("result %d at place %d with path %d: %v", i, index, p, err)
				}
			}
		}
	}
}

// TestResultAndInvocationOfAReceiptBelongTogether exchanges the blocks.
func TestResultAndInvocationOfAReceiptBelongTogether(t *testing.T) {
	all := receipts(t, 2)
	r := all[0]
	r.Unit = all[1].Unit
	_, err := r.Verify()
	wantCode(t, err, contracts.CodeValidation)
	r = all[0]
	r.Result = all[1].Result
	_, err = r.Verify()
	wantCode(t, err, contracts.CodeValidation)
}

func TestNoByteOfAReceiptCanChange(t *testing.T) {
	good := receipts(t, 3)[1]
	for name, part := range map[string]func(*contracts.Receipt) *[]byte{
		"batch":  func(r *contracts.Receipt) *[]byte { return &r.Batch },
		"result": func(r *contracts.Receipt) *[]byte { return &r.Result },
		"unit":   func(r *contracts.Receipt) *[]byte { return &r.Unit },
		"path":   func(r *contracts.Receipt) *[]byte { return &r.Path[1] },
	} {
		for i := range *part(&good) {
			bad := good
			bad.Path = slices.Clone(good.Path)
			*part(&bad) = bytes.Clone(*part(&good))
			(*part(&bad))[i] ^= 0x10
			if _, err := bad.Verify(); err == nil {
				t.Errorf("byte %d of %s can change", i, name)
			}
		}
	}
}

func TestPathOfNoItem(t *testing.T) {
	b := newBatch(testKey(1), 3)
	for _, i := range []int{-1, 3} {
		_, err := b.Path(i)
		wantCode(t, err, contracts.CodeValidation)
	}
}

func TestFailedResultHasNoOutput(t *testing.T) {
	v := contracts.Verified{ResultCID: "bafy"}
	wantCode(t, v.CheckOutput(nil), contracts.CodeValidation)
}
