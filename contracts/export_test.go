package contracts

import "github.com/krako-labs/krako/contracts/dagcbor"

// ReadTime reads a block of one time, as batches hold them.
func ReadTime(block []byte) (Time, error) {
	r := dagcbor.NewReader(block)
	t := readTime(r)
	return t, r.Done()
}
