package sandbox

import (
	"math"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// krakoCalls are the imports of module "krako". A pointer outside the memory
// ends the run as the same access by the guest would.
var krakoCalls = map[string]hostCall{
	"media_type": {signature{"ii", ""}, mediaType},
	"blob_size":  {signature{"ii", "I"}, blobSize},
	"blob_read":  {signature{"iiIii", "i"}, blobRead},
}

// maxMediaType bounds a declared media type, in bytes.
const maxMediaType = 127

// mediaType(ptr, len) declares the type of the output; the last call counts.
func mediaType(x *execution, m memory, p []uint64) {
	s := x.guestString(m, p[0], p[1], maxMediaType)
	if !validMediaType(s) {
		x.end(contracts.CodeBadOutput, "declared media type is not one")
	}
	x.media = s
}

// blobSize(name, name_len) is a blob's length in bytes, -1 if there is none.
func blobSize(x *execution, m memory, p []uint64) {
	blob, ok := x.blobs[x.guestString(m, p[0], p[1], maxBlobName)]
	p[0] = math.MaxUint64
	if ok {
		p[0] = uint64(len(blob))
	}
}

// blobRead(name, name_len, offset, dst, dst_len) copies from a blob and returns
// how much: less than asked for at its end, 0 after it, -1 if there is none.
func blobRead(x *execution, m memory, p []uint64) {
	blob, ok := x.blobs[x.guestString(m, p[0], p[1], maxBlobName)]
	if !ok {
		p[0] = math.MaxUint32
		return
	}
	dst, ok := m.bytes(p[3], p[4])
	if !ok {
		x.end(contracts.CodeTrap, trapOutOfBounds)
	}
	blob = blob[min(p[2], uint64(len(blob))):]
	x.spendBytes(min(len(dst), len(blob)))
	p[0] = uint64(x.copy(dst, blob))
}

// guestString takes a string from the guest. Of one longer than limit, which is
// none that anything is called, it returns no more than shows that: a guest may
// name half a GiB.
func (x *execution) guestString(m memory, ptr, n uint64, limit int) string {
	b, ok := m.bytes(ptr, n)
	if !ok {
		x.end(contracts.CodeTrap, trapOutOfBounds)
	}
	x.spend(uint64(len(b)))
	return string(b[:min(len(b), limit+1)])
}

// validMediaType reports whether s is type/subtype, followed at most by
// parameters, in the characters of RFC 9110 tokens. It is our own check because
// the standard library's may change with its version and this one may not.
func validMediaType(s string) bool {
	if len(s) > maxMediaType {
		return false
	}
	kind, params, more := strings.Cut(s, ";")
	major, minor, ok := strings.Cut(kind, "/")
	if !ok || !isToken(major) || !isToken(minor) {
		return false
	}
	for more {
		var param string
		param, params, more = strings.Cut(params, ";")
		key, value, ok := strings.Cut(strings.TrimPrefix(param, " "), "=")
		if !ok || !isToken(key) || !isToken(value) {
			return false
		}
	}
	return true
}

func isToken(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') &&
			!strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}
