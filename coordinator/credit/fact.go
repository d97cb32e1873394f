package credit

import (
	"fmt"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// Fact is one fact about money in the log. Exactly one of the pointers is set.
// Amounts are in millionths.
type Fact struct {
	// At is when it happened, in microseconds since 1970-01-01 UTC.
	At int64 `cbor:"at"`

	Prices    *Prices    `cbor:"p,omitempty"`
	Grant     *Grant     `cbor:"g,omitempty"`
	Suspended *Suspended `cbor:"sus,omitempty"`
	Spent     *Spent     `cbor:"use,omitempty"`
}

// Prices puts a price plan into force.
type Prices struct {
	Version string `cbor:"v"`
	// Plan is its JSON document.
	Plan []byte `cbor:"plan"`
}

// Grant gives a tenant credit.
type Grant struct {
	ID        string             `cbor:"id"`
	Tenant    contracts.TenantID `cbor:"tenant"`
	Amount    int64              `cbor:"n"`
	Reason    string             `cbor:"re,omitempty"`
	Overdraft bool               `cbor:"od,omitempty"`
}

// Suspended closes a tenant's account to new graphs, or opens it again.
type Suspended struct {
	Tenant contracts.TenantID `cbor:"tenant"`
	On     bool               `cbor:"on"`
	Reason string             `cbor:"re,omitempty"`
}

// Spent sums up what ended sessions of a tenant have cost. It stands in snapshots
// only: in the log, each session's end tells it.
type Spent struct {
	Tenant contracts.TenantID `cbor:"tenant"`
	Amount int64              `cbor:"n"`
}

// Encode returns the fact's bytes for the log.
func (f *Fact) Encode() ([]byte, error) {
	b, err := dagcbor.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encode credit fact: %w", err)
	}
	return b, nil
}

// DecodeFact reads a fact of the log.
func DecodeFact(b []byte) (Fact, error) {
	var f Fact
	if err := dagcbor.Unmarshal(b, &f); err != nil {
		return Fact{}, contracts.Errorf(contracts.CodeInternal, "credit fact", "decode: %w", err)
	}
	set := 0
	for _, ok := range []bool{f.Prices != nil, f.Grant != nil, f.Suspended != nil, f.Spent != nil} {
		if ok {
			set++
		}
	}
	if set != 1 {
		return Fact{}, contracts.Errorf(contracts.CodeInternal, "credit fact", "holds %d facts, not one", set)
	}
	return f, nil
}
