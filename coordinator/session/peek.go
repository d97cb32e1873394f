package session

import (
	"bytes"
	"encoding/binary"

	"github.com/krako-labs/krako/contracts"
)

// Facts that Peek names.
const (
	FactDispatched = 'd'
	FactReturned   = 'r'
	FactBatch      = 'b'
)

// Peek returns the session that a record of the log is about, "" if it is about
// none, and the name of its fact if that has one letter, 0 otherwise, without
// decoding the rest. A record that DecodeRecord refuses gives anything.
//
// Keys of a record stand by length, then by letter: what comes before the key "s"
// are facts under one other letter.
func Peek(b []byte) (id contracts.SessionID, fact byte) {
	c := cursor{b}
	_, pairs := c.head()
	for range min(pairs, 3) {
		_, n := c.head()
		key := c.take(n)
		if len(key) != 1 || key[0] > 's' {
			return "", fact
		}
		if bytes.Equal(key, []byte("s")) {
			_, n := c.head()
			return contracts.SessionID(c.take(n)), fact
		}
		fact = key[0]
		c.skip()
	}
	return "", fact
}

// cursor walks over strict DAG-CBOR. Behind its end everything is empty.
type cursor struct{ rest []byte }

// The major types of CBOR that have something behind their head.
const (
	majorBytes, majorText, majorArray, majorMap, majorTag = 2, 3, 4, 5, 6
)

func (c *cursor) head() (major byte, arg uint64) {
	first := c.take(1)
	if first == nil {
		return 0, 0
	}
	major, info := first[0]>>5, first[0]&31
	if info < 24 {
		return major, uint64(info)
	}
	if info > 27 {
		c.rest = nil
		return 0, 0
	}
	var wide [8]byte
	size := 1 << (info - 24)
	copy(wide[8-size:], c.take(uint64(size)))
	return major, binary.BigEndian.Uint64(wide[:])
}

func (c *cursor) take(n uint64) []byte {
	if n > uint64(len(c.rest)) {
		c.rest = nil
		return nil
	}
	taken := c.rest[:n]
	c.rest = c.rest[n:]
	return taken
}

// skip passes over one item with everything in it.
func (c *cursor) skip() {
	for left := uint64(1); left > 0 && len(c.rest) > 0; left-- {
		switch major, n := c.head(); major {
		case majorBytes, majorText:
			c.take(n)
		case majorArray:
			left += min(n, uint64(len(c.rest)))
		case majorMap:
			left += 2 * min(n, uint64(len(c.rest)))
		case majorTag:
			left++
		}
	}
}
