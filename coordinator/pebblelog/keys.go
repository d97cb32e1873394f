package pebblelog

import (
	"encoding/binary"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/coordinator/eventlog"
)

// The key space. One byte tells what a key is for, so that log, blocks and
// metadata lie apart on disk and the log is written in key order.
const (
	spaceBlock   = 'b' // + CID bytes                  -> the block
	spaceClaim   = 'c' // + tenant, 16 bytes of its hash, + CID bytes -> nothing
	spaceStore   = 'i' // + name                       -> what the store knows of itself
	spaceMeta    = 'm' // + the consumer's key         -> the consumer's value
	spaceSegment = 's' // + first offset, 8 bytes, big-endian -> digest, then the encoded segment
)

// What the store knows of itself.
var (
	keyForm    = storeKey("form")    // version of this key space, 4 bytes, big-endian
	keyCluster = storeKey("cluster") // UUID as text
	keyEpoch   = storeKey("epoch")   // of the newest opening, 8 bytes, big-endian
	keyBegin   = storeKey("begin")   // of a log that was trimmed, see encodeBeginning
)

func storeKey(name string) []byte { return append([]byte{spaceStore}, name...) }

func blockKey(c cid.Cid) []byte { return append([]byte{spaceBlock}, c.KeyString()...) }

func metaKey(key string) []byte { return append([]byte{spaceMeta}, key...) }

func segmentKey(first eventlog.Offset) []byte {
	return binary.BigEndian.AppendUint64([]byte{spaceSegment}, uint64(first))
}

// segmentOfKey is the inverse of segmentKey.
func segmentOfKey(key []byte) eventlog.Offset {
	return eventlog.Offset(binary.BigEndian.Uint64(key[1:]))
}
