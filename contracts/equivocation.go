package contracts

import "github.com/krako-labs/krako/contracts/dagcbor"

// Equivocation proves that a node signed two different results under one lease:
// whoever has the two batches can check it, and nobody can make it but the node.
type Equivocation struct {
	V      int    `cbor:"v" json:"v"`
	First  Signed `cbor:"first" json:"first"`
	Second Signed `cbor:"second" json:"second"`
}

// Signed is an item of a signed batch.
type Signed struct {
	Batch []byte `cbor:"batch" json:"batch"`
	Index int    `cbor:"index" json:"index"`
}

// Block returns the proof as a DAG-CBOR block.
func (e *Equivocation) Block() ([]byte, error) { return dagcbor.Marshal(e) }

// DecodeEquivocation reads a block that Block made.
func DecodeEquivocation(b []byte) (*Equivocation, error) {
	e := &Equivocation{}
	if err := dagcbor.Unmarshal(b, e); err != nil {
		return nil, Errorf(CodeValidation, "equivocation", "%w", err)
	}
	return e, nil
}

// Verify checks the proof offline and returns whom it convicts. Two coordinators'
// clusters, two leases or two epochs prove nothing, and neither does one result
// that was signed twice.
func (e *Equivocation) Verify() (NodeID, error) {
	if e.V != 1 {
		return "", Errorf(CodeVersionMismatch, "equivocation", "version %d is not supported", e.V)
	}
	a, first, err := e.First.open()
	if err != nil {
		return "", err
	}
	b, second, err := e.Second.open()
	if err != nil {
		return "", err
	}
	switch {
	case a.Node != b.Node:
		return "", Errorf(CodeValidation, "equivocation", "the batches are of two nodes, %s and %s", a.Node, b.Node)
	case a.Cluster != b.Cluster:
		return "", Errorf(CodeValidation, "equivocation", "the batches are for two clusters, %s and %s", a.Cluster, b.Cluster)
	case first.Observed.Lease != second.Observed.Lease || first.Observed.Epoch != second.Observed.Epoch:
		return "", Errorf(CodeValidation, "equivocation", "the results are under two leases, %d and %d", first.Observed.Lease, second.Observed.Lease)
	case first.ResultCID.Equals(second.ResultCID.Cid):
		return "", Errorf(CodeValidation, "equivocation", "both results are %s", first.ResultCID)
	}
	return a.Node, nil
}

func (s *Signed) open() (*Batch, *BatchItem, error) {
	b, err := OpenBatch(s.Batch)
	if err != nil {
		return nil, nil, err
	}
	if s.Index < 0 || s.Index >= len(b.Results) {
		return nil, nil, Errorf(CodeValidation, "equivocation", "index %d is outside a batch of %d", s.Index, len(b.Results))
	}
	return b, &b.Results[s.Index], nil
}
