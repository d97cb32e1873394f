package dagcbor

import (
	"math"

	"github.com/ipfs/go-cid"
)

// Reader reads a block item by item: the counterpart of the Append functions,
// for the same few types. It accepts what Unmarshal would accept of such a type
// and nothing else; whoever writes a decoder holds it against Unmarshal in a
// test. The first error stays: what is read after it is zero. Nothing that is
// returned shares memory with the block, except for Raw.
type Reader struct {
	s   scan
	err error
}

// NewReader returns a reader of the block b.
func NewReader(b []byte) *Reader {
	r := &Reader{s: scan{b: b}}
	if len(b) > MaxSize {
		r.err = &Error{Rule: RuleSize, Offset: MaxSize}
	}
	return r
}

// Done returns the first error, or that of bytes behind what was read.
func (r *Reader) Done() error {
	if r.err == nil && r.s.off != len(r.s.b) {
		r.err = r.s.broken(RuleTrailing, r.s.off)
	}
	return r.err
}

// Err returns the first error.
func (r *Reader) Err() error { return r.err }

// Offset returns how many bytes were read.
func (r *Reader) Offset() int { return r.s.off }

// Since returns the block's bytes from an earlier Offset up to here.
func (r *Reader) Since(start int) []byte { return r.s.b[start:r.s.off] }

func (r *Reader) fail(rule Rule, off int) {
	if r.err == nil {
		r.err = r.s.broken(rule, off)
	}
}

// Spelled fails unless ok: the value just read is written where its type leaves
// it out, or in another form than its type's.
func (r *Reader) Spelled(ok bool) {
	if !ok {
		r.fail(RuleSpelling, r.s.off)
	}
}

// head reads a head of the given major type.
func (r *Reader) head(major byte) uint64 {
	if r.err != nil {
		return 0
	}
	start := r.s.off
	got, _, arg, err := r.s.head()
	if err != nil {
		r.err = err
		return 0
	}
	if got != major {
		r.fail(RuleType, start)
		return 0
	}
	return arg
}

// Fields is the inside of a map whose keys come in canonical order.
type Fields struct {
	r    *Reader
	left uint64
}

// Map reads the head of a map.
func (r *Reader) Map() Fields { return Fields{r, r.head(majorMap)} }

// Has reads the key of the next pair if it is name.
func (f *Fields) Has(name string) bool {
	r := f.r
	if r.err != nil || f.left == 0 {
		return false
	}
	end := r.s.off + 1 + len(name)
	if end > len(r.s.b) || r.s.b[r.s.off] != majorText<<5|byte(len(name)) || string(r.s.b[r.s.off+1:end]) != name {
		return false
	}
	r.s.off = end
	f.left--
	return true
}

// Must reads the key of the next pair, which must be name.
func (f *Fields) Must(name string) {
	if !f.Has(name) {
		f.r.fail(RuleType, f.r.s.off)
	}
}

// End fails if the map has more pairs.
func (f *Fields) End() {
	if f.left > 0 {
		f.r.fail(RuleType, f.r.s.off)
	}
}

// Array reads the head of an array and returns its length, at most most.
func (r *Reader) Array(most int) int {
	start := r.s.off
	n := r.head(majorArray)
	if n > uint64(most) {
		r.fail(RuleItems, start)
		return 0
	}
	return int(n)
}

// Uint reads an unsigned integer.
func (r *Reader) Uint() uint64 { return r.head(majorUint) }

// Uint32 reads an unsigned integer of 32 bits.
func (r *Reader) Uint32() uint32 {
	start := r.s.off
	n := r.head(majorUint)
	if n > math.MaxUint32 {
		r.fail(RuleType, start)
		return 0
	}
	return uint32(n)
}

// Int reads an integer.
func (r *Reader) Int() int64 {
	if r.err != nil {
		return 0
	}
	start := r.s.off
	major, _, arg, err := r.s.head()
	switch {
	case err != nil:
		r.err = err
	case arg > math.MaxInt64 || major != majorUint && major != majorNegative:
		r.fail(RuleType, start)
	case major == majorNegative:
		return -1 - int64(arg)
	default:
		return int64(arg)
	}
	return 0
}

// Float reads a finite float.
func (r *Reader) Float() float64 {
	if r.err != nil {
		return 0
	}
	start := r.s.off
	major, info, arg, err := r.s.head()
	switch {
	case err != nil:
		r.err = err
		return 0
	case major != majorSimple || info != infoUint64:
		r.fail(RuleType, start)
		return 0
	}
	if r.err = r.s.simple(start, info, arg); r.err != nil {
		return 0
	}
	return math.Float64frombits(arg)
}

// Bool reads a boolean.
func (r *Reader) Bool() bool {
	if r.err != nil || r.s.off >= len(r.s.b) {
		r.fail(RuleTruncated, r.s.off)
		return false
	}
	c := r.s.b[r.s.off]
	if c != simpleFalse && c != simpleTrue {
		r.fail(RuleType, r.s.off)
		return false
	}
	r.s.off++
	return c == simpleTrue
}

// Bytes reads a byte string; it is never nil.
func (r *Reader) Bytes() []byte { return append([]byte{}, r.take(majorBytes)...) }

// View reads a byte string, which is the block's own memory.
func (r *Reader) View() []byte {
	b := r.take(majorBytes)
	return b[:len(b):len(b)]
}

// Text reads text.
func (r *Reader) Text() string { return string(r.text()) }

// TextLike reads text and returns likely itself when it is that, so that what
// repeats takes no memory.
func (r *Reader) TextLike(likely string) string {
	if b := r.text(); string(b) != likely {
		return string(b)
	}
	return likely
}

// take reads a string of the given major type; it shares the block's memory.
func (r *Reader) take(major byte) []byte {
	start := r.s.off
	n := r.head(major)
	if r.err != nil {
		return nil
	}
	var b []byte
	b, r.err = r.s.take(start, n)
	return b
}

func (r *Reader) text() []byte {
	start := r.s.off
	n := r.head(majorText)
	if r.err != nil {
		return nil
	}
	var b []byte
	b, r.err = r.s.text(start, n)
	return b
}

// Link reads a link.
func (r *Reader) Link() Link {
	start := r.s.off
	tag := r.head(majorTag)
	if r.err != nil {
		return Link{}
	}
	if r.err = r.s.link(start, tag); r.err != nil {
		return Link{}
	}
	raw := r.Since(start)
	// The head of the tag takes 2 bytes, that of a string below 256 bytes 1 or 2,
	// the prefix of a CID one: 0x00.
	at := 3
	if raw[2]&31 == infoUint8 {
		at = 4
	}
	raw = raw[at+1:]
	if isOurs(raw) {
		return Link{cid.NewCidV1(uint64(raw[1]), raw[2:])}
	}
	c, err := cid.Cast(raw)
	if err != nil {
		r.err = &Error{Rule: RuleLink, Offset: start, Cause: err}
	}
	return Link{c}
}

// IsLink reports whether a link comes next.
func (r *Reader) IsLink() bool {
	return r.err == nil && r.s.off < len(r.s.b) && r.s.b[r.s.off]>>5 == majorTag
}

// Raw reads any one item and returns its bytes, which are the block's. It stands
// inside depth maps and arrays.
func (r *Reader) Raw(depth int) []byte {
	if r.err != nil {
		return nil
	}
	start := r.s.off
	r.err = r.s.item(depth)
	return r.Since(start)
}
