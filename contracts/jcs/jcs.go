// Package jcs gives JSON one spelling, the JSON Canonicalization Scheme of
// RFC 8785, and decodes documents strictly.
//
// The input is I-JSON (RFC 7493) taken seriously: duplicate keys, invalid
// UTF-8, lone surrogates, trailing data and nesting beyond MaxDepth are
// refused, never repaired. Numbers are IEEE 754 doubles; an integer literal that
// would change by becoming one is refused too, because silently answering
// 9007199254740992 for 9007199254740993 is how money is lost: such numbers
// are written as strings.
//
// The package does not stream and does not bound the size of a document: that
// is for whoever reads it. All functions are safe for concurrent use.
package jcs

import (
	"fmt"

	"github.com/krako-labs/krako/contracts/jsonpointer"
)

// MaxDepth is the greatest nesting of arrays and objects.
const MaxDepth = 1000

// MaxInteger is the greatest magnitude up to which every integer is a double
// of its own (2^53): Value returns integral numbers up to it as int64.
const MaxInteger = 1 << 53

// Error says what is wrong with a document and where.
type Error struct {
	// Pointer is the JSON Pointer of the value at fault, "" for the document. It
	// names a container around the value if it would be longer than
	// jsonpointer.MaxLength.
	Pointer string
	// Offset is the position in bytes where the fault was found in the input of
	// Canonicalize, -1 for faults of meaning found later by DecodeStrict.
	Offset  int
	Message string
	// Cause is the error of a Go type's own decoding method, if it was one.
	Cause error
}

func (e *Error) Error() string {
	where := ""
	if e.Pointer != "" {
		where = fmt.Sprintf(" at %.200q", e.Pointer)
	}
	if e.Offset >= 0 {
		where += fmt.Sprintf(" (byte %d)", e.Offset)
	}
	return fmt.Sprintf("JSON%s: %s", where, e.Message)
}

func (e *Error) Unwrap() error { return e.Cause }

// under adds the token of a surrounding container to the path of e. A path that
// grows too long is cut at its inner end, so that it still names something and
// a hostile document cannot make errors expensive.
func (e *Error) under(token string) *Error {
	outer := "/" + jsonpointer.Escape(token)
	switch {
	case len(outer) > jsonpointer.MaxLength:
		e.Pointer = ""
	case len(outer)+len(e.Pointer) > jsonpointer.MaxLength:
		e.Pointer = outer
	default:
		e.Pointer = outer + e.Pointer
	}
	return e
}
