package capacity

import (
	"fmt"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// Fact is one fact about capacity in the log. Exactly one of the pointers is set.
// What follows from facts is computed again by whoever reads them.
type Fact struct {
	Policy  *Policy  `cbor:"p,omitempty"`
	Sample  *Sample  `cbor:"s,omitempty"`
	Silence *Silence `cbor:"t,omitempty"`
	Applied *Applied `cbor:"a,omitempty"`
}

// Silence notes that samples were missing at a time in microseconds.
type Silence struct {
	At int64 `cbor:"at"`
}

// Applied is what an actuator did about the number of pods that is wanted.
type Applied struct {
	Wanted  int    `cbor:"w"`
	Running int    `cbor:"r"`
	Error   string `cbor:"err,omitempty"`
}

// Encode returns the fact's bytes for the log.
func (f *Fact) Encode() ([]byte, error) {
	b, err := dagcbor.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encode capacity fact: %w", err)
	}
	return b, nil
}

// DecodeFact reads a fact of the log.
func DecodeFact(b []byte) (Fact, error) {
	var f Fact
	if err := dagcbor.Unmarshal(b, &f); err != nil {
		return Fact{}, contracts.Errorf(contracts.CodeInternal, "capacity fact", "decode: %w", err)
	}
	set := 0
	for _, ok := range []bool{f.Policy != nil, f.Sample != nil, f.Silence != nil, f.Applied != nil} {
		if ok {
			set++
		}
	}
	if set != 1 {
		return Fact{}, contracts.Errorf(contracts.CodeInternal, "capacity fact", "holds %d facts, not one", set)
	}
	return f, nil
}

// Apply folds a fact and returns what follows from it, as Observe does. A policy
// makes the core forget all that was before: a coordinator records its own when it
// starts.
func (c *Core) Apply(f Fact) ([]Decision, error) {
	switch {
	case f.Policy != nil:
		fresh, err := New(*f.Policy)
		if err != nil {
			return nil, err
		}
		c.state, c.out = fresh.state, c.out[:0]
	case f.Sample != nil:
		return c.Observe(*f.Sample)
	case f.Silence != nil:
		return c.Tick(f.Silence.At), nil
	}
	return nil, nil
}
