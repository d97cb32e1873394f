package sdk

import (
	"bytes"
	"errors"
	"strings"
)

// errEnvelope is for bytes that no sandbox writes.
var errEnvelope = errors.New("malformed envelope")

// The parts of an envelope, {"entry":E,"input":I}. It is in RFC 8785 form
// (docs/spec/det-1.md, 3.2.2), so that its bytes say where its members are.
const (
	beforeEntry = `{"entry":"`
	beforeInput = `,"input":`
)

// openEnvelope returns the members of an envelope; the input aliases b. An
// entry has no control characters, so that nothing but a quote and a backslash
// is escaped.
func openEnvelope(b []byte) (entry string, input []byte, err error) {
	rest, ok := bytes.CutPrefix(b, []byte(beforeEntry))
	if !ok {
		return "", nil, errEnvelope
	}
	entry, rest, ok = cutString(rest)
	if !ok {
		return "", nil, errEnvelope
	}
	rest, ok = bytes.CutPrefix(rest, []byte(beforeInput))
	if !ok || len(rest) < 2 || rest[len(rest)-1] != '}' {
		return "", nil, errEnvelope
	}
	return entry, rest[:len(rest)-1], nil
}

// cutString reads a JSON string up to and with its closing quote.
func cutString(b []byte) (s string, rest []byte, ok bool) {
	end := bytes.IndexAny(b, `"\`)
	if end >= 0 && b[end] == '"' { // nothing is escaped in the names people give
		return string(b[:end]), b[end+1:], true
	}
	var text strings.Builder
	for ; end >= 0; end = bytes.IndexAny(b, `"\`) {
		text.Write(b[:end])
		if b[end] == '"' {
			return text.String(), b[end+1:], true
		}
		if end+1 == len(b) || b[end+1] != '"' && b[end+1] != '\\' {
			return "", nil, false
		}
		text.WriteByte(b[end+1])
		b = b[end+2:]
	}
	return "", nil, false
}
