package contracts

import (
	"bytes"
	"crypto/ed25519"
	"fmt"

	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/contracts/envelope"
	"github.com/krako-labs/krako/contracts/merkle"
)

// Domain and payload type of a signed result batch (CONTRACTS section 4).
const (
	BatchDomain      = "krako-result-batch"
	BatchPayloadType = "/krako/result-batch/1"
)

// MaxBatchItems bounds the results under one signature.
const MaxBatchItems = 256

// Batch is a set of results that a node vouches for with one signature.
type Batch struct {
	V       int    `json:"v"`
	Cluster string `json:"cluster"`
	Node    NodeID `json:"node"`
	// Seq rises strictly per node and is never used twice.
	Seq uint64 `json:"seq"`
	// Root is the RFC 6962 Merkle root of the encoded items.
	Root    []byte      `json:"root"`
	Results []BatchItem `json:"results"`
}

// BatchItem ties a result to the lease it was produced under.
type BatchItem struct {
	ResultCID Link     `json:"result_cid"`
	Observed  Observed `json:"observed"`
}

// Leaf returns the item's hash in the batch's Merkle tree.
func (i *BatchItem) Leaf() (merkle.Hash, error) {
	b, err := i.append(nil)
	if err == nil {
		err = dagcbor.Check(b)
	}
	if err != nil {
		return merkle.Hash{}, fmt.Errorf("encode batch item: %w", err)
	}
	return merkle.LeafHash(b), nil
}

// Seal signs a batch of 1 to MaxBatchItems items as node key holder and
// returns the envelope bytes. Version, node and root are filled in.
func (b *Batch) Seal(key ed25519.PrivateKey) ([]byte, error) {
	if n := len(b.Results); n == 0 || n > MaxBatchItems {
		return nil, Errorf(CodeValidation, "results", "a batch has 1 to %d items, not %d", MaxBatchItems, n)
	}
	b.V = 1
	b.Node = NodeID(envelope.PeerID(key.Public().(ed25519.PublicKey)))
	items, hashes, err := b.appendItems()
	if err != nil {
		return nil, fmt.Errorf("encode batch: %w", err)
	}
	root := merkle.Root(hashes)
	b.Root = root[:]
	payload := b.append(items)
	if err := dagcbor.Check(payload); err != nil {
		return nil, fmt.Errorf("encode batch: %w", err)
	}
	return envelope.Seal(key, BatchDomain, BatchPayloadType, payload)
}

// OpenBatch verifies an envelope and everything inside the batch that needs no
// outside knowledge: signature, signer = node = each item's node, root. It does
// not judge cluster, seq, lease or epoch. Errors are *Error: CodeAuth for a
// signature or signer, CodeValidation for a malformed batch.
func OpenBatch(sealed []byte) (*Batch, error) {
	pub, kind, payload, err := envelope.Open(sealed, BatchDomain)
	if err != nil {
		return nil, Errorf(CodeAuth, "result batch", "open envelope: %w", err)
	}
	signer := NodeID(envelope.PeerID(pub))
	if kind != BatchPayloadType {
		return nil, Errorf(CodeAuth, string(signer), "payload type is %q, not %q", kind, BatchPayloadType)
	}
	b, hashes, err := readBatch(payload)
	if err != nil {
		return nil, Errorf(CodeValidation, string(signer), "decode result batch: %w", err)
	}
	if b.V != 1 {
		return nil, Errorf(CodeVersionMismatch, string(signer), "result batch version %d is not supported", b.V)
	}
	if b.Node != signer {
		return nil, Errorf(CodeAuth, string(signer), "batch speaks for node %s", b.Node)
	}
	if n := len(b.Results); n == 0 || n > MaxBatchItems {
		return nil, Errorf(CodeValidation, string(signer), "batch has %d items", n)
	}
	for i := range b.Results {
		if b.Results[i].Observed.Node != signer {
			return nil, Errorf(CodeAuth, string(signer), "item %d speaks for node %s", i, b.Results[i].Observed.Node)
		}
		if !blockLink(b.Results[i].ResultCID) {
			return nil, Errorf(CodeValidation, string(signer), "item %d names no result", i)
		}
	}
	if root := merkle.Root(hashes); !bytes.Equal(root[:], b.Root) {
		return nil, Errorf(CodeValidation, string(signer), "merkle root does not match the items")
	}
	return b, nil
}
