package transparency

import (
	"github.com/krako-labs/krako/contracts"
)

// CheckProof checks that a record stands in the log of one of the keys.
func CheckProof(p contracts.LogProof, keys ...string) (Checkpoint, error) {
	c, err := Open([]byte(p.Checkpoint), keys...)
	if err != nil {
		return c, err
	}
	proof, err := hashes(p.Proof)
	if err != nil {
		return c, err
	}
	if p.Record < 1 || p.Record > c.Size {
		return c, contracts.Errorf(contracts.CodeValidation, "proof", "there is no record %d in a log of %d", p.Record, c.Size)
	}
	return c, CheckRecord(proof, c.Size, c.Root, p.Record-1, Leaf(p.Data))
}

// CheckGrown checks that the log of one of the keys has only grown since kept, an
// earlier checkpoint of it.
func CheckGrown(kept []byte, g contracts.LogGrowth, keys ...string) (before, now Checkpoint, err error) {
	if before, err = Open(kept, keys...); err != nil {
		return before, now, err
	}
	if now, err = Open([]byte(g.Checkpoint), keys...); err != nil {
		return before, now, err
	}
	if before.Origin != now.Origin {
		return before, now, contracts.Errorf(contracts.CodeConflict, "log", "is %s, the checkpoint kept is of %s", now.Origin, before.Origin)
	}
	if now.Size < before.Size {
		return before, now, contracts.Errorf(contracts.CodeConflict, "log", "has %d records, it had %d: it was cut", now.Size, before.Size)
	}
	proof, err := hashes(g.Proof)
	if err != nil {
		return before, now, err
	}
	return before, now, CheckGrowth(proof, now.Size, now.Root, before.Size, before.Root)
}

func hashes(proof [][]byte) ([]Hash, error) {
	out := make([]Hash, len(proof))
	for i, h := range proof {
		if len(h) != len(Hash{}) {
			return nil, contracts.Errorf(contracts.CodeValidation, "proof", "hash %d has %d bytes", i, len(h))
		}
		out[i] = Hash(h)
	}
	return out, nil
}
