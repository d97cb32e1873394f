package contracts

import (
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/contracts/merkle"
)

// Path returns the RFC 6962 audit path of item i to the batch's root.
func (b *Batch) Path(i int) ([][]byte, error) {
	_, hashes, err := b.appendItems()
	if err != nil {
		return nil, err
	}
	path, err := merkle.Path(hashes, i)
	if err != nil {
		return nil, Errorf(CodeValidation, string(b.Node), "audit path of item %d: %w", i, err)
	}
	out := make([][]byte, len(path))
	for k := range path {
		out[k] = path[k][:]
	}
	return out, nil
}

// Verified is what a receipt proves.
type Verified struct {
	Node    NodeID `json:"node"`
	Cluster string `json:"cluster"`
	Seq     uint64 `json:"seq"`
	UnitCID string `json:"unit_cid"`
	Result  Result `json:"result"`
	// ResultCID is the address both of the result block and in the signed item.
	ResultCID  string     `json:"result_cid"`
	Invocation Invocation `json:"invocation"`
	Observed   Observed   `json:"observed"`
	// For an llm unit there is no Invocation, but these.
	ModelInvocation *ModelInvocation `json:"model_invocation,omitempty"`
	Model           *ModelUse        `json:"model,omitempty"`
	// Check is what the receipt proves of the unit's checker.
	Check *VerifiedCheck `json:"check,omitempty"`
}

// VerifiedCheck is who ran a unit's checker, as what, and what that node signed.
type VerifiedCheck struct {
	Node       NodeID     `json:"node"`
	UnitCID    string     `json:"unit_cid"`
	Invocation Invocation `json:"invocation"`
	ResultCID  string     `json:"result_cid"`
	Result     Result     `json:"result"`
	// Output is what the checker said, "" where it failed.
	Output string `json:"output,omitempty"`
}

// Verify checks a receipt offline: the batch's signature and root, the audit
// path, that the result block is the signed one and that it is about the
// invocation block. It proves who claims the result, not that it is right. The
// error names what does not hold.
func (r *Receipt) Verify() (*Verified, error) {
	if r.V != 1 {
		return nil, Errorf(CodeVersionMismatch, "receipt", "version %d is not supported", r.V)
	}
	b, err := OpenBatch(r.Batch)
	if err != nil {
		return nil, err
	}
	if r.Index < 0 || r.Index >= len(b.Results) {
		return nil, Errorf(CodeValidation, "receipt", "index %d is outside a batch of %d", r.Index, len(b.Results))
	}
	item := &b.Results[r.Index]
	if err := r.checkPath(b, item); err != nil {
		return nil, err
	}
	result, use, id, err := DecodeAnyResult(r.Result)
	if err != nil {
		return nil, err
	}
	if !id.Equals(item.ResultCID.Cid) {
		return nil, Errorf(CodeValidation, id.String(), "result block is not the signed result %s", item.ResultCID)
	}
	v := &Verified{
		Node: b.Node, Cluster: b.Cluster, Seq: b.Seq, Result: *result, ResultCID: id.String(), Observed: item.Observed, Model: use,
	}
	if err := v.invocation(r.Unit); err != nil {
		return nil, err
	}
	if v.UnitCID != result.Unit.String() {
		return nil, Errorf(CodeValidation, v.UnitCID, "result is about unit %s", result.Unit)
	}
	if r.Check != nil {
		if v.Check, err = r.Check.verify(v); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// verify checks the receipt of a checker's run like that of a unit's, and that it had
// what the unit had: its profile, fuel, memory and salt.
func (k *CheckReceipt) verify(of *Verified) (*VerifiedCheck, error) {
	own := Receipt{V: 1, Batch: k.Batch, Index: k.Index, Path: k.Path, Result: k.Result, Unit: k.Unit}
	v, err := own.Verify()
	if err != nil {
		return nil, err
	}
	a, b := &v.Invocation, &of.Invocation
	switch {
	case v.Model != nil || of.Model != nil:
		return nil, Errorf(CodeValidation, v.UnitCID, "an answer of a model is no check, and has none")
	case v.Cluster != of.Cluster:
		return nil, Errorf(CodeValidation, v.UnitCID, "the checker ran in cluster %s", v.Cluster)
	case a.Fuel+of.Result.FuelUsed != b.Fuel && a.Fuel != b.Fuel: // all of it: of before what was computed with counted
		return nil, Errorf(CodeValidation, v.UnitCID, "the checker had %d fuel, unit %s left it %d", a.Fuel, of.UnitCID, b.Fuel-of.Result.FuelUsed)
	case a.Profile != b.Profile || a.MemoryPages != b.MemoryPages || string(a.Salt) != string(b.Salt):
		return nil, Errorf(CodeValidation, v.UnitCID, "the checker was not run with what unit %s had", of.UnitCID)
	}
	if v.Result.Output != nil {
		if err := v.CheckOutput(k.Output); err != nil {
			return nil, err
		}
	}
	return &VerifiedCheck{Node: v.Node, UnitCID: v.UnitCID, Invocation: *a, ResultCID: v.ResultCID, Result: v.Result, Output: string(k.Output)}, nil
}

// invocation reads the block that the result must be about: of the kind that the
// result is of.
func (v *Verified) invocation(block []byte) error {
	if v.Model != nil {
		call, unit, err := DecodeModelInvocation(block)
		v.ModelInvocation, v.UnitCID = call, unit.String()
		return err
	}
	call, unit, err := DecodeInvocation(block)
	if err != nil {
		return err
	}
	v.Invocation, v.UnitCID = *call, unit.String()
	return nil
}

func (r *Receipt) checkPath(b *Batch, item *BatchItem) error {
	leaf, err := item.Leaf()
	if err != nil {
		return err
	}
	var root merkle.Hash
	copy(root[:], b.Root)
	path := make([]merkle.Hash, len(r.Path))
	for i, h := range r.Path {
		if len(h) != len(path[i]) {
			return Errorf(CodeValidation, "receipt", "audit path holds a hash of %d bytes", len(h))
		}
		copy(path[i][:], h)
	}
	if err := merkle.Verify(root, leaf, r.Index, len(b.Results), path); err != nil {
		return Errorf(CodeValidation, "receipt", "audit path: %w", err)
	}
	return nil
}

// CheckOutput verifies that data is the output the result names.
func (v *Verified) CheckOutput(data []byte) error {
	if v.Result.Output == nil {
		return Errorf(CodeValidation, v.ResultCID, "result has no output")
	}
	if err := dagcbor.Verify(v.Result.Output.Cid, data); err != nil {
		return Errorf(CodeValidation, v.Result.Output.String(), "output: %w", err)
	}
	return nil
}
