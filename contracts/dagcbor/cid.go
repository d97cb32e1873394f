package dagcbor

import (
	"crypto/sha256"
	"fmt"

	"github.com/ipfs/go-cid"
)

// The parts of a Krako content address: CIDv1, codec, then the sha2-256
// multihash. Every part is one byte long, so that an address is 36 bytes and is
// made and checked by hand: go-multihash takes twice the time and four
// allocations for the same bytes.
const (
	cidVersion = 0x01
	codecRaw   = 0x55
	codecCBOR  = 0x71
	hashSHA256 = 0x12
	prefixLen  = 4
	cidLen     = prefixLen + sha256.Size
)

// CID returns the content address of the structured block b: CIDv1, dag-cbor,
// sha2-256. It does not check that b is DAG-CBOR.
func CID(b []byte) cid.Cid { return sum(codecCBOR, b) }

// RawCID returns the content address of the plain bytes b: CIDv1, raw,
// sha2-256.
func RawCID(b []byte) cid.Cid { return sum(codecRaw, b) }

func sum(codec uint64, b []byte) cid.Cid {
	digest := sha256.Sum256(b)
	var multihash [2 + sha256.Size]byte
	multihash[0], multihash[1] = hashSHA256, sha256.Size
	copy(multihash[2:], digest[:])
	return cid.NewCidV1(codec, multihash[:])
}

// Verify reports whether data is the block that c names. The error is a
// *KindError when c is not a Krako content address and a *MismatchError when
// data is another block.
func Verify(c cid.Cid, data []byte) error {
	if err := CheckCID(c); err != nil {
		return err
	}
	digest := sha256.Sum256(data)
	if c.KeyString()[prefixLen:] != string(digest[:]) {
		return &MismatchError{Want: c, Got: sum(c.Type(), data)}
	}
	return nil
}

// CheckCID reports whether c is a Krako content address: CIDv1, sha2-256 and
// raw or dag-cbor. The error is a *KindError.
func CheckCID(c cid.Cid) error {
	if !isOurs(c.KeyString()) {
		return &KindError{CID: c}
	}
	return nil
}

func isOurs[T []byte | string](b T) bool {
	return len(b) == cidLen && b[0] == cidVersion && (b[1] == codecCBOR || b[1] == codecRaw) &&
		b[2] == hashSHA256 && b[3] == sha256.Size
}

// MismatchError says that a block does not hash to the CID asked for.
type MismatchError struct{ Want, Got cid.Cid }

func (e *MismatchError) Error() string {
	return fmt.Sprintf("block hashes to %s, not to %s", e.Got, e.Want)
}

// KindError says that a CID is undefined or of a version, codec or hash that
// Krako does not use.
type KindError struct{ CID cid.Cid }

func (e *KindError) Error() string {
	if !e.CID.Defined() {
		return "undefined CID"
	}
	return fmt.Sprintf("CID %s is not v1 with sha2-256 and raw or dag-cbor", e.CID)
}
