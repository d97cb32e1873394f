// Package jsonpointer reads and changes generic JSON values by JSON Pointer
// (RFC 6901).
//
// A generic value is what package jcs and encoding/json make of JSON:
// map[string]any, []any, string, float64, int64, json.Number, bool and nil.
// Anything else is a leaf. The package does not parse JSON, does not evaluate
// the URI fragment form of a pointer and never changes a value it was given.
package jsonpointer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Bounds of a pointer. A document that package jcs admits nests no deeper than
// MaxTokens.
const (
	MaxLength = 4096 // bytes
	MaxTokens = 1000
)

// Why a pointer could not be followed, for errors.Is.
var (
	ErrSyntax   = errors.New("malformed pointer")
	ErrNotFound = errors.New("no such value")
	ErrNotInto  = errors.New("value is neither object nor array")
	ErrIndex    = errors.New("not an array index")
)

// Error says how far a pointer could be followed.
type Error struct {
	Pointer string
	// At is the part of Pointer up to and including the token at fault.
	At string
	// Cause is one of the Err values of this package.
	Cause error
}

func (e *Error) Error() string {
	if e.At == e.Pointer {
		return fmt.Sprintf("JSON pointer %q: %v", e.Pointer, e.Cause)
	}
	return fmt.Sprintf("JSON pointer %q: %v at %q", e.Pointer, e.Cause, e.At)
}

func (e *Error) Unwrap() error { return e.Cause }

// Check reports whether ptr is a well-formed pointer within the bounds.
func Check(ptr string) error {
	_, err := parse(ptr)
	return err
}

// Escape returns token as it stands between the slashes of a pointer.
func Escape(token string) string {
	if !strings.ContainsAny(token, "~/") {
		return token
	}
	return strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
}

// Get returns the value of doc that ptr names; "" is doc itself. The result
// shares its parts with doc. The error is an *Error.
func Get(doc any, ptr string) (any, error) {
	tokens, err := parse(ptr)
	if err != nil {
		return nil, err
	}
	for i, token := range tokens {
		next, err := child(doc, token)
		if err != nil {
			return nil, failure(ptr, i, err)
		}
		doc = next
	}
	return doc, nil
}

func child(v any, token string) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		next, ok := v[token]
		if !ok {
			return nil, ErrNotFound
		}
		return next, nil
	case []any:
		i, err := index(token, len(v))
		if err != nil {
			return nil, err
		}
		if i == len(v) {
			return nil, ErrNotFound
		}
		return v[i], nil
	default:
		return nil, ErrNotInto
	}
}

// index reads an array index of at most n, where n and "-" mean the position
// after the last element.
func index(token string, n int) (int, error) {
	if token == "-" {
		return n, nil
	}
	digits := strings.Trim(token, "0123456789") == ""
	if token == "" || !digits || (token[0] == '0' && len(token) > 1) {
		return 0, ErrIndex
	}
	i, err := strconv.Atoi(token)
	if err != nil || i > n {
		return 0, ErrNotFound
	}
	return i, nil
}

// parse splits ptr into its unescaped tokens.
func parse(ptr string) ([]string, error) {
	if ptr == "" {
		return nil, nil
	}
	if len(ptr) > MaxLength {
		short := ptr[:64] + "…"
		return nil, &Error{Pointer: short, At: short, Cause: fmt.Errorf("%w: longer than %d bytes", ErrSyntax, MaxLength)}
	}
	if ptr[0] != '/' {
		return nil, &Error{Pointer: ptr, At: ptr, Cause: fmt.Errorf("%w: does not begin with '/'", ErrSyntax)}
	}
	tokens := strings.Split(ptr[1:], "/")
	if len(tokens) > MaxTokens {
		return nil, &Error{Pointer: ptr, At: ptr, Cause: fmt.Errorf("%w: more than %d tokens", ErrSyntax, MaxTokens)}
	}
	for i, token := range tokens {
		plain, ok := unescape(token)
		if !ok {
			return nil, failure(ptr, i, fmt.Errorf("%w: '~' not before 0 or 1", ErrSyntax))
		}
		tokens[i] = plain
	}
	return tokens, nil
}

// unescape undoes Escape. The order matters: "~01" is "~1", not "/".
func unescape(token string) (string, bool) {
	if !strings.Contains(token, "~") {
		return token, true
	}
	escapes := strings.Count(token, "~0") + strings.Count(token, "~1")
	if escapes != strings.Count(token, "~") {
		return "", false
	}
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~"), true
}

// failure names the token of ptr at which following it ended.
func failure(ptr string, token int, cause error) *Error {
	end := 0
	for range token + 1 {
		end++
		if next := strings.IndexByte(ptr[end:], '/'); next >= 0 {
			end += next
		} else {
			end = len(ptr)
		}
	}
	return &Error{Pointer: ptr, At: ptr[:end], Cause: cause}
}
