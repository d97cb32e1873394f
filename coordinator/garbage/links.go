package garbage

import (
	"bytes"

	"github.com/ipfs/go-cid"
)

// The bytes of an address: version 1, the codec, SHA-256, 32 bytes of it.
const (
	digestBytes  = 32
	addressBytes = 4 + digestBytes
)

var sha256Bytes = []byte{0x12, digestBytes}

// Links calls fn for everything in data that may be the address of a block.
func Links(data []byte, fn func(cid.Cid) error) error {
	for at := 0; ; {
		i := bytes.Index(data[at:], sha256Bytes)
		if i < 0 {
			return nil
		}
		i += at
		at = i + 1
		if i < 2 || i+len(sha256Bytes)+digestBytes > len(data) {
			continue
		}
		address := data[i-2 : i+len(sha256Bytes)+digestBytes]
		if address[0] != 1 || address[1] != cid.Raw && address[1] != cid.DagCBOR {
			continue
		}
		c, err := cid.Cast(address)
		if err != nil {
			continue
		}
		if err := fn(c); err != nil {
			return err
		}
	}
}

// Met remembers blocks that have been read, and how near to a root: the latest few, by
// their whole addresses. It is owned by one goroutine.
type Met struct {
	most      int
	now, then map[[digestBytes]byte]int
}

// NewMet returns a Met of between most and twice as many blocks.
func NewMet(most int) *Met { return &Met{most: most, now: map[[digestBytes]byte]int{}} }

// Meet reports whether a block has to be read at a depth: it was not met lately, or
// only deeper.
func (m *Met) Meet(c cid.Cid, depth int) bool {
	key := c.KeyString()
	if len(key) != addressBytes {
		return false
	}
	d := [digestBytes]byte([]byte(key[addressBytes-digestBytes:]))
	was, ok := m.now[d]
	if !ok {
		was, ok = m.then[d]
	}
	if ok && was <= depth {
		return false
	}
	if len(m.now) >= m.most {
		m.then, m.now = m.now, make(map[[digestBytes]byte]int, m.most)
	}
	m.now[d] = depth
	return true
}
