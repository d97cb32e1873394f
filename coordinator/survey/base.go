package survey

import (
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/transparency"
)

// Base is what a log keeps of the records that it has let go (eventlog.Log.Trim):
// from here the rest is folded, and audited. At is not before the first record that
// is kept, but for one.
type Base struct {
	// At is the record up to which Survey sums the log up, a block, and Docket the
	// snapshot of what was not final, undefined if nothing ever was.
	At             eventlog.Offset
	Survey, Docket contracts.Link
	// Edge is the right edge of the Merkle tree over the first At records. The root
	// that it gives is under the next signed checkpoint.
	Edge []transparency.Hash
}

type wireBase struct {
	V       int            `cbor:"v"`
	Cluster string         `cbor:"cluster"`
	At      uint64         `cbor:"at"`
	Survey  contracts.Link `cbor:"sv"`
	Docket  contracts.Link `cbor:"dk,omitempty"`
	Edge    [][]byte       `cbor:"edge"`
}

// Encode writes the base of a cluster's log down.
func (b *Base) Encode(cluster string) ([]byte, error) {
	w := wireBase{V: 1, Cluster: cluster, At: uint64(b.At), Survey: b.Survey, Docket: b.Docket}
	for _, h := range b.Edge {
		w.Edge = append(w.Edge, h[:])
	}
	return dagcbor.Marshal(w)
}

// DecodeBase reads what Encode wrote. The error is VERSION_MISMATCH for another
// form, CONFLICT for another cluster's base.
func DecodeBase(cluster string, encoded []byte) (*Base, error) {
	var w wireBase
	if err := dagcbor.Unmarshal(encoded, &w); err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, "base of the log", "%w", err)
	}
	switch {
	case w.V != 1:
		return nil, contracts.Errorf(contracts.CodeVersionMismatch, "base of the log", "is of form %d, want 1", w.V)
	case w.Cluster != cluster:
		return nil, contracts.Errorf(contracts.CodeConflict, "base of the log", "is of log %q, not %q", w.Cluster, cluster)
	}
	b := &Base{At: eventlog.Offset(w.At), Survey: w.Survey, Docket: w.Docket}
	for _, h := range w.Edge {
		if len(h) != len(transparency.Hash{}) {
			return nil, contracts.Errorf(contracts.CodeValidation, "base of the log", "a hash of the tree has %d bytes", len(h))
		}
		b.Edge = append(b.Edge, transparency.Hash(h))
	}
	if _, err := transparency.Restore(int64(b.At), b.Edge); err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, "base of the log", "%w", err)
	}
	return b, nil
}
