package access

import (
	"fmt"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// Fact is one fact about access in the log. Exactly one of the pointers is set.
type Fact struct {
	// At is when it happened, in microseconds since 1970-01-01 UTC.
	At int64 `cbor:"at"`

	Key     *Key     `cbor:"key,omitempty"`
	Revoked *Revoked `cbor:"rev,omitempty"`
	Quota   *Quota   `cbor:"q,omitempty"`
	Stored  *Stored  `cbor:"put,omitempty"`
	Used    *Used    `cbor:"use,omitempty"`

	NodeToken    *NodeToken `cbor:"nt,omitempty"`
	TokenRevoked *Revoked   `cbor:"ntr,omitempty"`
	Enrolled     *Enrolled  `cbor:"in,omitempty"`
	Rotated      *Rotated   `cbor:"rot,omitempty"`

	Published *Published `cbor:"pub,omitempty"`
}

// Key is a key that was made.
type Key struct {
	ID     string             `cbor:"id"`
	Tenant contracts.TenantID `cbor:"tenant"`
	Scopes []contracts.Scope  `cbor:"scopes"`
	Note   string             `cbor:"note,omitempty"`
	Hash   Hash               `cbor:"hash"`
	// Expires is when the key ends, in microseconds, 0 for never.
	Expires int64 `cbor:"exp,omitempty"`
}

// Revoked ends a key.
type Revoked struct {
	ID string `cbor:"id"`
}

// Quota replaces what a tenant may use.
type Quota struct {
	Tenant contracts.TenantID `cbor:"tenant"`
	Limits contracts.Quota    `cbor:"q"`
}

// Stored is a block that a tenant stored, and had not before.
type Stored struct {
	Tenant contracts.TenantID `cbor:"tenant"`
	Bytes  int64              `cbor:"n"`
}

// Used is what a session of a tenant has used, told at its end.
type Used struct {
	Tenant contracts.TenantID `cbor:"tenant"`
	Fuel   uint64             `cbor:"f,omitempty"`
	Tokens uint64             `cbor:"t,omitempty"`
}

// Encode returns the fact's bytes for the log.
func (f *Fact) Encode() ([]byte, error) {
	b, err := dagcbor.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encode access fact: %w", err)
	}
	return b, nil
}

// DecodeFact reads a fact of the log.
func DecodeFact(b []byte) (Fact, error) {
	var f Fact
	if err := dagcbor.Unmarshal(b, &f); err != nil {
		return Fact{}, contracts.Errorf(contracts.CodeInternal, "access fact", "decode: %w", err)
	}
	set := 0
	for _, ok := range []bool{f.Key != nil, f.Revoked != nil, f.Quota != nil, f.Stored != nil, f.Used != nil, f.NodeToken != nil, f.TokenRevoked != nil, f.Enrolled != nil, f.Rotated != nil, f.Published != nil} {
		if ok {
			set++
		}
	}
	if set != 1 {
		return Fact{}, contracts.Errorf(contracts.CodeInternal, "access fact", "holds %d facts, not one", set)
	}
	return f, nil
}
