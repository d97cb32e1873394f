package contracts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/contracts/jcs"
)

// Link is a content address inside a document: {"/": "<cid>"} in JSON, tag 42
// in DAG-CBOR.
type Link = dagcbor.Link

// rawLink reports whether l names plain bytes, as modules, inputs and outputs
// are.
func rawLink(l Link) bool { return dagcbor.CheckCID(l.Cid) == nil && l.Type() == cid.Raw }

// blockLink reports whether l names a structured block, as invocations and
// results are.
func blockLink(l Link) bool { return dagcbor.CheckCID(l.Cid) == nil && l.Type() == cid.DagCBOR }

// JSON is an arbitrary JSON value inside a document. It is kept in its RFC 8785
// form, so that equal values have equal bytes; the zero value means absent.
type JSON []byte

// NewJSON canonicalises b, a single JSON value.
func NewJSON(b []byte) (JSON, error) { return jcs.Canonicalize(b) }

// JSONOf encodes v with encoding/json and canonicalises the result.
func JSONOf(v any) (JSON, error) {
	room := rooms.Get().(*[]byte)
	defer rooms.Put(room)
	if b, ok := appendCanonical((*room)[:0], v, 0); ok {
		if cap(b) <= maxRoom {
			*room = b
		}
		return bytes.Clone(b), nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	return NewJSON(b)
}

// rooms are for values that are being written: how long one becomes is known when it
// is there.
var rooms = sync.Pool{New: func() any { return new(make([]byte, 0, 1<<10)) }}

// maxRoom bounds what is kept of one, in bytes.
const maxRoom = 16 << 10

// IsZero reports whether j is absent; it makes omitzero work.
func (j JSON) IsZero() bool { return len(j) == 0 }

// Value decodes j into generic Go values, integral numbers as int64.
func (j JSON) Value() (any, error) { return jcs.Value(j) }

// IsObject reports whether j is a JSON object.
func (j JSON) IsObject() bool { return len(j) > 0 && j[0] == '{' }

// MarshalJSON returns j itself, or null when it is absent.
func (j JSON) MarshalJSON() ([]byte, error) {
	if len(j) == 0 {
		return []byte("null"), nil
	}
	return j, nil
}

// UnmarshalJSON keeps the RFC 8785 form of b.
func (j *JSON) UnmarshalJSON(b []byte) error {
	c, err := jcs.Canonicalize(b)
	if err != nil {
		return err
	}
	if cap(c) > len(c)+16 {
		c = bytes.Clone(c) // what it was longer by is let go of
	}
	*j = c
	return nil
}

// MarshalCBOR encodes the value itself, not its text.
func (j JSON) MarshalCBOR() ([]byte, error) {
	if len(j) == 0 {
		return dagcbor.Marshal(nil)
	}
	v, err := jcs.Value(j)
	if err != nil {
		return nil, err
	}
	return dagcbor.Marshal(v)
}

// UnmarshalCBOR decodes a value that JSON can express.
func (j *JSON) UnmarshalCBOR(b []byte) error {
	var v any
	if err := dagcbor.Unmarshal(b, &v); err != nil {
		return err
	}
	c, err := JSONOf(v)
	if err != nil {
		return err
	}
	*j = c
	return nil
}
