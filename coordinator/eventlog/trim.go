package eventlog

import "github.com/krako-labs/krako/contracts"

// MaxBaseBytes bounds what a log keeps of the records that it has let go.
const MaxBaseBytes = 16 << 10

// Beginning is where a log that was trimmed begins.
type Beginning struct {
	First Offset // the first record that is kept
	// Head is before the segment that holds it, so that the chain is proved from
	// there. The segment may begin before First.
	Head Head
	Base []byte
}

// CheckTrim refuses what Trim refuses on a log that ends with last.
func CheckTrim(before, last Offset, base []byte) error {
	switch {
	case before == 0 || before > last:
		return contracts.Errorf(contracts.CodeValidation, "before", "record %d: the log has 1 to %d, and its last record stays", before, last)
	case len(base) > MaxBaseBytes:
		return contracts.Errorf(contracts.CodeValidation, "base", "%d bytes, the most are %d", len(base), MaxBaseBytes)
	}
	return nil
}

// From is where a read begins that was asked for from: the first record for 0, or
// a *TrimmedError.
func (b *Beginning) From(from Offset) (Offset, error) {
	switch {
	case from == 0:
		return max(1, b.First), nil
	case from < b.First:
		return 0, &TrimmedError{From: from, First: b.First}
	}
	return from, nil
}
