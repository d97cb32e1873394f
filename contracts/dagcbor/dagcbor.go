// Package dagcbor encodes and decodes the structured blocks of Krako as strict
// IPLD DAG-CBOR (https://ipld.io/specs/codecs/dag-cbor/spec/) and computes the
// content addresses of blocks.
//
// One value has one spelling: Marshal gives it, and Unmarshal refuses every
// other, so that equal values have equal CIDs on every machine. What is
// accepted is checked twice: a scan of the bytes proves the codec's own rules
// (shortest heads, definite lengths, sorted text keys, 64-bit finite floats,
// no tag but 42) and names the broken one, and re-encoding the decoded value
// proves the rules of its Go type (no unknown field, no empty value spelled
// out where the type omits it, no integer in a float's place).
//
// # Go types
//
// Struct fields are named by the tag `cbor:"name"` and matched exactly. With
// `omitempty` a field that would encode as false, 0, null, an empty string,
// bytes, array, map or an undefined Link is left out, and a block that spells
// it out is refused; a field without it is always present. Nil and empty
// slices and maps are one value: empty. time.Time is RFC 3339 text in UTC with
// the fewest digits of a second that express it. uint64 keeps the upper half of
// the unsigned range; nothing outside int64 and uint64 can be encoded. A float32
// is refused because DAG-CBOR has no such width. A bare cid.Cid is encoded as
// plain bytes, not as a link: use Link.
//
// A generic value (decoded into any) is built of map[string]any, []any, int64,
// float64, string, []byte, bool, Link and nil, and encodes to the same bytes.
// An unsigned integer beyond int64 needs a typed field.
//
// The package does not read or write streams, does not follow links, and does
// not import any other package of the project.
package dagcbor

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/fxamacker/cbor/v2"
)

// Bounds of one block. They are part of the codec: a value beyond them is
// neither encoded nor decoded.
const (
	// MaxSize is the greatest length of a block in bytes. It leaves room for a
	// TaskGraph of the greatest canonical size (32 MiB).
	MaxSize = 64 << 20
	// MaxDepth is the greatest nesting of maps and arrays: JSON of the depth
	// that package jcs admits (1000) fits with the document around it.
	MaxDepth = 1024
	// MaxItems is the greatest number of elements of one array or pairs of one
	// map.
	MaxItems = 1 << 20
	// MaxCID is the greatest length of a linked CID in bytes. Ours have 36; the
	// rest leaves room for every hash in use, but not for data in an identity
	// "hash".
	MaxCID = 128
)

// Raw is one encoded value, kept as its bytes inside a larger structure.
// Marshal and Unmarshal check it like everything else. An empty Raw stands for
// null; use a pointer or omitempty to leave it out.
type Raw = cbor.RawMessage

// The modes hold no state between calls and are safe for concurrent use.
var (
	linkTag   = newLinkTag()
	encodings = must(encOptions.EncModeWithTags(linkTag))
	decodings = must(decOptions.DecModeWithTags(linkTag))
)

var encOptions = cbor.EncOptions{
	Sort:          cbor.SortLengthFirst,
	ShortestFloat: cbor.ShortestFloatNone,
	NaNConvert:    cbor.NaNConvertReject,
	InfConvert:    cbor.InfConvertReject,
	BigIntConvert: cbor.BigIntConvertReject,
	Time:          cbor.TimeRFC3339NanoUTC,
	IndefLength:   cbor.IndefLengthForbidden,
	NilContainers: cbor.NilContainerAsEmpty,
}

// decOptions repeats in the library's terms what the scan has already proved,
// so that neither is alone at the boundary.
var decOptions = cbor.DecOptions{
	DupMapKey:         cbor.DupMapKeyEnforcedAPF,
	MaxNestedLevels:   2 * MaxDepth, // counts tags as levels, which the scan does not
	MaxArrayElements:  MaxItems,
	MaxMapPairs:       MaxItems,
	IndefLength:       cbor.IndefLengthForbidden,
	IntDec:            cbor.IntDecConvertSignedOrFail,
	MapKeyByteString:  cbor.MapKeyByteStringForbidden,
	ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
	DefaultMapType:    reflect.TypeFor[map[string]any](),
	FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
	NaN:               cbor.NaNDecodeForbidden,
	Inf:               cbor.InfDecodeForbidden,
	BignumTag:         cbor.BignumTagForbidden,
}

func newLinkTag() cbor.TagSet {
	tags := cbor.NewTagSet()
	opts := cbor.TagOptions{EncTag: cbor.EncTagRequired, DecTag: cbor.DecTagRequired}
	if err := tags.Add(opts, reflect.TypeFor[Link](), tagLink); err != nil {
		panic(err)
	}
	return tags
}

// must is for the constant options above, which cannot fail at run time.
func must[M any](mode M, err error) M {
	if err != nil {
		panic(err)
	}
	return mode
}

// Marshal returns the one DAG-CBOR spelling of v. The error is an *Error when
// the bytes would break a rule of the codec (a non-finite or 32-bit float, text
// that is not UTF-8, an undefined Link, a key that is not text, a bound).
func Marshal(v any) ([]byte, error) {
	b, err := encodings.Marshal(v)
	if err != nil {
		return nil, &Error{Rule: RuleType, Cause: err}
	}
	if err := Check(b); err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return b, nil
}

// Unmarshal decodes b, which must be the one spelling of its value, into v,
// a non-nil pointer to a zero value. The error is an *Error that names the
// rule that b breaks; *v may then be partly filled and must not be used.
// Nothing in v aliases b.
func Unmarshal(b []byte, v any) error {
	if err := Check(b); err != nil {
		return err
	}
	if err := decodings.Unmarshal(b, v); err != nil {
		return &Error{Rule: RuleType, Cause: err}
	}
	again, err := encodings.Marshal(v)
	if err != nil {
		return &Error{Rule: RuleType, Cause: err}
	}
	if !bytes.Equal(b, again) {
		return &Error{Rule: RuleSpelling, Offset: commonPrefix(b, again)}
	}
	return nil
}

func commonPrefix(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
