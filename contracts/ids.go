package contracts

import (
	"strings"

	"github.com/google/uuid"
)

// UnitID names a work unit inside one graph: 1–128 of [A-Za-z0-9._:/-].
type UnitID string

// TenantID is the scope of billing and isolation: 1–128 of [A-Za-z0-9._:/-].
type TenantID string

// SessionID names one execution of one accepted graph (UUIDv7).
type SessionID string

// NodeID is the libp2p peer id of a node or pod, in its base58 text form.
type NodeID string

// maxNameBytes bounds every identifier made of name characters.
const maxNameBytes = 128

// Valid reports whether id is well-formed.
func (id UnitID) Valid() bool { return validName(string(id)) }

// Valid reports whether id is well-formed.
func (id TenantID) Valid() bool { return validName(string(id)) }

func validName(s string) bool {
	if len(s) == 0 || len(s) > maxNameBytes {
		return false
	}
	for i := range len(s) {
		if !nameByte(s[i]) {
			return false
		}
	}
	return true
}

func nameByte(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	case c == '.', c == '_', c == ':', c == '/', c == '-':
		return true
	}
	return false
}

// validUUID accepts only the canonical form, 36 characters in lower case, so
// that an id has one spelling.
func validUUID(s string) bool {
	return len(s) == 36 && uuid.Validate(s) == nil && s == strings.ToLower(s)
}
