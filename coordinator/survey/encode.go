package survey

import (
	"maps"
	"slices"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/coordinator/credit"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/transparency"
)

// version is the form of an encoded survey. Another one is refused; the log is
// then folded from its beginning.
const version = 2

// wire is the encoded form: strict DAG-CBOR, lists in the order of their ids.
type wire struct {
	V       int              `cbor:"v"`
	Cluster string           `cbor:"cluster"`
	At      uint64           `cbor:"at"`
	Nodes   []wireNode       `cbor:"nodes"`
	Open    []wireOpening    `cbor:"open"`
	Edge    [][]byte         `cbor:"edge"`
	Access  []access.Fact    `cbor:"access,omitempty"`
	Credit  []credit.Fact    `cbor:"credit,omitempty"`
	Batch   contracts.Link   `cbor:"batch,omitempty"`
	Signer  contracts.NodeID `cbor:"signer,omitempty"`
	Vetted  uint64           `cbor:"vetted,omitempty"`
}

type wireNode struct {
	Node contracts.NodeID   `cbor:"n"`
	Info contracts.NodeInfo `cbor:"info"`
	Seen int64              `cbor:"t"`
	Seq  uint64             `cbor:"seq"`
	Done uint64             `cbor:"done"`

	Remarks  []Remark `cbor:"std,omitempty"`
	Approved bool     `cbor:"appr,omitempty"`
	Operator string   `cbor:"op,omitempty"`
}

type wireOpening struct {
	Session  contracts.SessionID `cbor:"s"`
	First    uint64              `cbor:"first"`
	At       int64               `cbor:"at"`
	Accepted session.Accepted    `cbor:"acc"`
}

// Encode writes the survey of a cluster's log down.
func (s *Survey) Encode(cluster string) ([]byte, error) {
	if s.broken != nil {
		return nil, s.broken
	}
	w := wire{V: version, Cluster: cluster, At: uint64(s.At), Batch: contracts.Link{Cid: s.batch}, Signer: s.signer, Vetted: uint64(s.Verified)}
	for _, id := range slices.Sorted(maps.Keys(s.Nodes)) {
		n := s.Nodes[id]
		w.Nodes = append(w.Nodes, wireNode{id, n.Info, n.Seen, n.Seq, n.Done, n.Remarks, n.Approved, n.Operator})
	}
	for _, id := range slices.Sorted(maps.Keys(s.Open)) {
		o := s.Open[id]
		w.Open = append(w.Open, wireOpening{id, uint64(o.First), o.At, *o.Accepted})
	}
	for _, h := range s.Tree.Edge() {
		w.Edge = append(w.Edge, h[:])
	}
	w.Access, w.Credit = s.Access.Facts(), s.Credit.Facts()
	return dagcbor.Marshal(w)
}

// Decode reads what Encode wrote. The error is VERSION_MISMATCH for another form,
// CONFLICT for another cluster's survey.
func Decode(cluster string, b []byte) (*Survey, error) {
	var w wire
	if err := dagcbor.Unmarshal(b, &w); err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, "survey", "%w", err)
	}
	switch {
	case w.V != version:
		return nil, contracts.Errorf(contracts.CodeVersionMismatch, "survey", "is of form %d, want %d", w.V, version)
	case w.Cluster != cluster:
		return nil, contracts.Errorf(contracts.CodeConflict, "survey", "is of log %q, not %q", w.Cluster, cluster)
	}
	s := New()
	s.At, s.batch, s.signer = eventlog.Offset(w.At), w.Batch.Cid, w.Signer
	s.Verified = eventlog.Offset(w.Vetted)
	for _, n := range w.Nodes {
		s.Nodes[n.Node] = &Node{n.Info, n.Seen, n.Seq, n.Done, n.Remarks, n.Approved, n.Operator}
	}
	for _, o := range w.Open {
		s.Open[o.Session] = &Opening{eventlog.Offset(o.First), o.At, &o.Accepted}
	}
	for _, f := range w.Access {
		if err := s.Access.Apply(f); err != nil {
			return nil, contracts.Errorf(contracts.CodeValidation, "survey", "%w", err)
		}
	}
	for _, f := range w.Credit {
		if err := s.Credit.Apply(f); err != nil {
			return nil, contracts.Errorf(contracts.CodeValidation, "survey", "%w", err)
		}
	}
	var edge []transparency.Hash
	for _, h := range w.Edge {
		if len(h) != len(transparency.Hash{}) {
			return nil, contracts.Errorf(contracts.CodeValidation, "survey", "a hash of the tree has %d bytes", len(h))
		}
		edge = append(edge, transparency.Hash(h))
	}
	tree, err := transparency.Restore(int64(w.At), edge)
	if err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, "survey", "%w", err)
	}
	s.Tree = tree
	return s, nil
}
