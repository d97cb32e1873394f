package worker

import (
	"encoding/binary"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts/dagcbor"
)

func putBytes[T ~[]byte | ~string](b []byte, v T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

func putCID(b []byte, c cid.Cid) []byte { return putBytes(b, c.KeyString()) }

// decoder takes a body apart. The first thing that is wrong makes it bad, and
// everything after that empty.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.b, d.err = nil, malformed(format, args...)
	}
}

// uint takes a number of at most max.
func (d *decoder) uint(what string, max uint64) uint64 {
	v, n := binary.Uvarint(d.b)
	switch {
	case n <= 0:
		d.fail("%s is no number", what)
	case v > max:
		d.fail("%s is %d, at most %d", what, v, max)
	default:
		d.b = d.b[n:]
		return v
	}
	return 0
}

// bytes takes at most max bytes, which alias the body.
func (d *decoder) bytes(what string, max int) []byte {
	n := int(d.uint(what, uint64(max)))
	if n > len(d.b) {
		d.fail("%s ends after %d of %d bytes", what, len(d.b), n)
		return nil
	}
	v := d.b[:n:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) string(what string, max int) string { return string(d.bytes(what, max)) }

// maxCID is the longest binary CID of the kinds that Krako uses.
const maxCID = 64

func (d *decoder) cid(what string) cid.Cid {
	b := d.bytes(what, maxCID)
	if d.err != nil {
		return cid.Undef
	}
	c, err := cid.Cast(b)
	if err == nil {
		err = dagcbor.CheckCID(c)
	}
	if err != nil {
		d.fail("%s: %v", what, err)
		return cid.Undef
	}
	return c
}

// end reports whether all was well and nothing is left.
func (d *decoder) end() error {
	if d.err == nil && len(d.b) > 0 {
		d.fail("%d bytes too many", len(d.b))
	}
	return d.err
}
