package contracts_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// FuzzParseGraph checks that a graph that is accepted has one address, however
// it travels: as the JSON it came in, as a block, and as the JSON of that block.
func FuzzParseGraph(f *testing.F) {
	v := vectors[graphVectors](f, "graphs.json")
	for _, c := range v.Graphs {
		for _, doc := range c.Documents {
			f.Add([]byte(doc))
		}
	}
	for _, c := range v.Refused {
		f.Add([]byte(c.Document))
	}
	schema := published(f, "task-graph")
	f.Fuzz(func(t *testing.T, doc []byte) {
		g, err := contracts.ParseGraph(doc, limits())
		if err != nil {
			if len(contracts.AsViolations(err)) == 0 {
				t.Fatalf("refused without a violation: %v", err)
			}
			return
		}
		if err := oneAddress(g); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(generic(t, doc)); err != nil {
			t.Fatalf("the schema refuses an accepted graph: %v", err)
		}
	})
}

// FuzzDecodeGraph checks that a block that is accepted is the canonical one.
func FuzzDecodeGraph(f *testing.F) {
	v := vectors[graphVectors](f, "graphs.json")
	for _, c := range v.Graphs {
		f.Add([]byte(c.Hex))
	}
	for _, c := range v.RefusedBlocks {
		f.Add([]byte(c.Hex))
	}
	f.Fuzz(func(t *testing.T, block []byte) {
		g, err := contracts.DecodeGraph(block)
		if err != nil {
			return
		}
		if again, err := g.Canonical(); err != nil || !bytes.Equal(again, block) {
			t.Fatalf("encodes again as %x (%v)", again, err)
		}
		_ = g.Validate(limits())
	})
}

// FuzzDecodeInvocation checks that one computation has one block.
func FuzzDecodeInvocation(f *testing.F) {
	v := vectors[invocationVectors](f, "invocations.json")
	for _, c := range v.Invocations {
		f.Add([]byte(c.Hex))
	}
	for _, c := range v.Refused {
		f.Add([]byte(c.Hex))
	}
	f.Fuzz(func(t *testing.T, block []byte) {
		inv, unit, err := contracts.DecodeInvocation(block)
		if unit != dagcbor.CID(block) {
			t.Fatalf("unit_cid is %s", unit)
		}
		if err != nil {
			return
		}
		if again, err := inv.Block(); err != nil || !bytes.Equal(again, block) {
			t.Fatalf("encodes again as %x (%v)", again, err)
		}
		for _, c := range inv.Needs() {
			if err := dagcbor.CheckCID(c); err != nil {
				t.Fatalf("needs a block that nobody can verify: %v", err)
			}
		}
	})
}

// FuzzDecodeResult checks that one result has one block.
func FuzzDecodeResult(f *testing.F) {
	v := vectors[resultVectors](f, "results.json")
	for _, c := range v.Results {
		f.Add([]byte(c.Hex))
	}
	for _, c := range v.Refused {
		f.Add([]byte(c.Hex))
	}
	f.Fuzz(func(t *testing.T, block []byte) {
		r, _, err := contracts.DecodeResult(block)
		if err != nil {
			return
		}
		if again, err := r.Block(); err != nil || !bytes.Equal(again, block) {
			t.Fatalf("encodes again as %x (%v)", again, err)
		}
		if (r.Outcome == contracts.Succeeded) != (r.Output != nil) || (r.Outcome == contracts.Failed) != r.ErrorCode.Deterministic() {
			t.Fatalf("neither success nor failure: %+v", r)
		}
	})
}

// FuzzOpenBatch checks that whatever opens holds together.
func FuzzOpenBatch(f *testing.F) {
	v := vectors[batchVectors](f, "batches.json")
	for _, c := range v.Sealed {
		f.Add([]byte(c.Envelope))
	}
	for _, c := range v.Refused {
		f.Add([]byte(c.Envelope))
	}
	f.Fuzz(func(t *testing.T, sealed []byte) {
		b, err := contracts.OpenBatch(sealed)
		if err != nil {
			if code := contracts.CodeOf(err); code == contracts.CodeInternal {
				t.Fatalf("refused for no reason that has a code: %v", err)
			}
			return
		}
		if n := len(b.Results); n == 0 || n > contracts.MaxBatchItems {
			t.Fatalf("%d items", n)
		}
		for i := range b.Results {
			if _, err := b.Path(i); err != nil || b.Results[i].Observed.Node != b.Node {
				t.Fatalf("item %d of node %s in a batch of %s (%v)", i, b.Results[i].Observed.Node, b.Node, err)
			}
		}
	})
}

// FuzzReceipt reads receipts as JSON, as they come from a coordinator that
// nobody trusts.
func FuzzReceipt(f *testing.F) {
	v := vectors[receiptVectors](f, "receipts.json")
	for _, c := range v.Valid {
		f.Add(mustJSON(f, c.Receipt))
	}
	for _, c := range v.Refused {
		f.Add(mustJSON(f, c.Receipt))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var r contracts.Receipt
		if json.Unmarshal(doc, &r) != nil {
			return
		}
		got, err := r.Verify()
		if err != nil {
			return
		}
		if got.UnitCID != dagcbor.CID(r.Unit).String() || got.ResultCID != dagcbor.CID(r.Result).String() || got.Result.Unit.String() != got.UnitCID {
			t.Fatalf("proves %+v", got)
		}
	})
}

func mustJSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
