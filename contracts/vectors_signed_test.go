package contracts_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/jcs"
)

type batchVectors struct {
	Sealed  []sealedBatch `json:"sealed"`
	Refused []struct {
		Name     string         `json:"name"`
		Code     contracts.Code `json:"code"`
		Envelope hexBytes       `json:"envelope_hex"`
	} `json:"refused"`
}

type sealedBatch struct {
	Name      string            `json:"name"`
	Seed      hexBytes          `json:"seed_hex"`
	PublicKey hexBytes          `json:"public_key_hex"`
	Node      contracts.NodeID  `json:"node"`
	Cluster   string            `json:"cluster"`
	Seq       uint64            `json:"seq"`
	Results   []json.RawMessage `json:"results"`
	Leaves    []hexBytes        `json:"leaves_hex"`
	Root      hexBytes          `json:"root_hex"`
	Payload   hexBytes          `json:"payload_hex"`
	Signed    hexBytes          `json:"signed_hex"`
	Signature hexBytes          `json:"signature_hex"`
	Envelope  hexBytes          `json:"envelope_hex"`
	Paths     [][]hexBytes      `json:"paths_hex"`
}

func (c *sealedBatch) batch(t *testing.T) *contracts.Batch {
	t.Helper()
	b := &contracts.Batch{Cluster: c.Cluster, Seq: c.Seq}
	for _, doc := range c.Results {
		var item contracts.BatchItem
		if err := jcs.DecodeStrict(doc, &item); err != nil {
			t.Fatal(err)
		}
		b.Results = append(b.Results, item)
	}
	return b
}

func TestBatchVectors(t *testing.T) {
	v := vectors[batchVectors](t, "batches.json")
	for _, c := range v.Sealed {
		t.Run(c.Name, func(t *testing.T) {
			got, err := c.batch(t).Seal(ed25519.NewKeyFromSeed(c.Seed))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, c.Envelope) {
				t.Errorf("sealed as\n%x, want\n%x", got, c.Envelope)
			}
			b, err := contracts.OpenBatch(c.Envelope)
			if err != nil {
				t.Fatal(err)
			}
			if b.Node != c.Node || b.Cluster != c.Cluster || b.Seq != c.Seq || !bytes.Equal(b.Root, c.Root) || len(b.Results) != len(c.Results) {
				t.Errorf("opened as %+v", b)
			}
			for i, want := range c.Paths {
				path, err := b.Path(i)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, asHex(path)); diff != "" {
					t.Errorf("path of item %d: %s", i, diff)
				}
			}
			checkByHand(t, &c)
			checkBatchSchema(t, c.Payload)
		})
	}
	for _, c := range v.Refused {
		t.Run(c.Name, func(t *testing.T) {
			_, err := contracts.OpenBatch(c.Envelope)
			wantCode(t, err, c.Code)
		})
	}
}

func asHex(path [][]byte) []hexBytes {
	out := make([]hexBytes, len(path))
	for i := range path {
		out[i] = path[i]
	}
	return out
}

// checkByHand verifies signature, root and paths with nothing but crypto/ed25519
// and crypto/sha256.
func checkByHand(t *testing.T, c *sealedBatch) {
	t.Helper()
	var signed []byte
	for _, part := range [][]byte{[]byte("krako-result-batch"), []byte("/krako/result-batch/1"), c.Payload} {
		signed = append(binary.AppendUvarint(signed, uint64(len(part))), part...)
	}
	if !bytes.Equal(signed, c.Signed) {
		t.Error("signed_hex is not domain, payload type and payload after their lengths")
	}
	if !ed25519.Verify(ed25519.PublicKey(c.PublicKey), c.Signed, c.Signature) {
		t.Error("the signature does not hold")
	}
	for i, item := range c.Leaves {
		h := sha256.Sum256(append([]byte{0}, item...))
		if root := climb(h, i, len(c.Leaves), c.Paths[i]); !bytes.Equal(root[:], c.Root) {
			t.Errorf("the path of item %d leads to %x", i, root)
		}
	}
}

// climb folds an audit path by the algorithm of RFC 9162 section 2.1.3.2.
func climb(h [32]byte, index, size int, path []hexBytes) [32]byte {
	node := func(left, right []byte) [32]byte {
		return sha256.Sum256(append(append([]byte{1}, left...), right...))
	}
	for last := size - 1; len(path) > 0; path = path[1:] {
		if index%2 == 1 || index == last {
			h = node(path[0], h[:])
			for index%2 == 0 && index != 0 {
				index, last = index/2, last/2
			}
		} else {
			h = node(h[:], path[0])
		}
		index, last = index/2, last/2
	}
	return h
}

func checkBatchSchema(t *testing.T, payload []byte) {
	t.Helper()
	doc, err := json.Marshal(dagJSON(t, payload))
	if err != nil {
		t.Fatal(err)
	}
	if err := published(t, "batch").Validate(generic(t, doc)); err != nil {
		t.Error(err)
	}
}

type receiptVectors struct {
	Valid []struct {
		Name    string            `json:"name"`
		Receipt contracts.Receipt `json:"receipt"`
		Node    contracts.NodeID  `json:"node"`
		Cluster string            `json:"cluster"`
		Seq     uint64            `json:"seq"`
		Lease   uint64            `json:"lease"`
		UnitCID string            `json:"unit_cid"`
		Result  string            `json:"result_cid"`
		Output  *hexBytes         `json:"output_hex"`
	} `json:"valid"`
	Refused []struct {
		Name    string            `json:"name"`
		Code    contracts.Code    `json:"code"`
		Receipt contracts.Receipt `json:"receipt"`
	} `json:"refused"`
}

func TestReceiptVectors(t *testing.T) {
	schema := published(t, "receipt")
	v := vectors[receiptVectors](t, "receipts.json")
	for _, c := range v.Valid {
		t.Run(c.Name, func(t *testing.T) {
			got, err := c.Receipt.Verify()
			if err != nil {
				t.Fatal(err)
			}
			if got.Node != c.Node || got.Cluster != c.Cluster || got.Seq != c.Seq || got.Observed.Lease != c.Lease || got.UnitCID != c.UnitCID || got.ResultCID != c.Result {
				t.Errorf("got %+v", got)
			}
			if c.Output == nil {
				wantCode(t, got.CheckOutput(nil), contracts.CodeValidation)
				return
			}
			if err := got.CheckOutput(*c.Output); err != nil {
				t.Error(err)
			}
			wantCode(t, got.CheckOutput(append(*c.Output, ' ')), contracts.CodeValidation)
			doc, err := json.Marshal(c.Receipt)
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(generic(t, doc)); err != nil {
				t.Error(err)
			}
		})
	}
	for _, c := range v.Refused {
		t.Run(c.Name, func(t *testing.T) {
			_, err := c.Receipt.Verify()
			wantCode(t, err, c.Code)
		})
	}
}
