package retrieval

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// MediaType is that of an index: the magic line, the length of the header as a
// big-endian uint32, the header in JSON, where each document and each term begins
// as little-endian uint32 with the end after the last, how many tokens each field
// of each document has, as uint32 too, the documents, the terms.
//
// A document is its id, its tags and the texts of its fields; a term is its text, in how many documents it is, and for
// each of these the distance from the one before and its count in each field.
// Numbers are unsigned varints, texts have their length before them, fields are
// in the header's order and terms in byte order.
const MediaType = "application/vnd.krako.bm25-index"

const (
	magic     = "krako bm25 index 1\n"
	maxHeader = 64 << 10
)

type header struct {
	Stemming      string      `json:"stemming"`
	Documents     int         `json:"documents"`
	Terms         int         `json:"terms"`
	Fields        []fieldInfo `json:"fields"`
	DocumentBytes int         `json:"document_bytes"`
	TermBytes     int         `json:"term_bytes"`
}

// fieldInfo is a field's name and how many tokens it has in all documents.
type fieldInfo struct {
	Name   string `json:"name"`
	Tokens int64  `json:"tokens"`
}

// index is an open index. What a search needs of it is read when it does.
type index struct {
	header
	name  string // of its blob
	r     io.ReaderAt
	table int64 // where the places of documents begin
}

// openIndex reads the header of an index of so many bytes.
func openIndex(name string, r io.ReaderAt, size int64) (*index, error) {
	var head [len(magic) + 4]byte
	if _, err := r.ReadAt(head[:], 0); err != nil || string(head[:len(magic)]) != magic {
		return nil, field.Errorf(name, "is not an index made by retrieval/index")
	}
	length := int64(binary.BigEndian.Uint32(head[len(magic):]))
	x := &index{name: name, r: r, table: int64(len(head)) + length}
	if length > maxHeader || x.table > size {
		return nil, field.Errorf(name, "has a header of %d bytes in %d", length, size)
	}
	text := make([]byte, length)
	if err := x.read(text, int64(len(head))); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &x.header); err != nil {
		return nil, field.Errorf(name, "%v", err)
	}
	for _, n := range []int{x.Documents, x.Terms, x.DocumentBytes, x.TermBytes} {
		if n < 0 || int64(n) > size {
			return nil, field.Errorf(name, "has a header that does not fit its length")
		}
	}
	if len(x.Fields) > maxFields || x.terms()+int64(x.TermBytes) != size {
		return nil, field.Errorf(name, "is of %d bytes, its header says %d", size, x.terms()+int64(x.TermBytes))
	}
	return x, nil
}

// lengths, documents and terms return where these begin.
func (x *index) lengths() int64 { return x.table + 4*int64(x.Documents+1+x.Terms+1) }
func (x *index) documents() int64 {
	return x.lengths() + 4*int64(x.Documents)*int64(len(x.Fields))
}
func (x *index) terms() int64 { return x.documents() + int64(x.DocumentBytes) }

func (x *index) read(b []byte, at int64) error {
	if n, err := x.r.ReadAt(b, at); n < len(b) {
		return field.Errorf(x.name, "cannot be read at %d: %v", at, err)
	}
	return nil
}

// record reads record i of those whose places begin at table and bytes at base.
func (x *index) record(table, base int64, i, limit int) (*record, error) {
	var ends [8]byte
	if err := x.read(ends[:], table+4*int64(i)); err != nil {
		return nil, err
	}
	from, to := binary.LittleEndian.Uint32(ends[:]), binary.LittleEndian.Uint32(ends[4:])
	if from > to || int64(to) > int64(limit) {
		return nil, field.Errorf(x.name, "has a record from %d to %d of %d", from, to, limit)
	}
	b := make([]byte, to-from)
	return &record{b: b}, x.read(b, base+int64(from))
}

// length returns how many tokens the fields of document i have.
func (x *index) length(i int) ([]int, error) {
	b := make([]byte, 4*len(x.Fields))
	if err := x.read(b, x.lengths()+int64(i)*int64(len(b))); err != nil {
		return nil, err
	}
	lengths := make([]int, len(x.Fields))
	for f := range lengths {
		lengths[f] = int(binary.LittleEndian.Uint32(b[4*f:]))
	}
	return lengths, nil
}

func (x *index) document(i int) (*record, error) {
	return x.record(x.table, x.documents(), i, x.DocumentBytes)
}

func (x *index) term(i int) (*record, error) {
	return x.record(x.table+4*int64(x.Documents+1), x.terms(), i, x.TermBytes)
}

// find returns the postings of a term, nil if there is none.
func (x *index) find(term string) (*record, error) {
	low, high := 0, x.Terms
	for low < high {
		mid := int(uint(low+high) / 2)
		r, err := x.term(mid)
		if err != nil {
			return nil, err
		}
		switch got := r.text(); {
		case r.err != nil:
			return nil, field.Errorf(x.name, "term %d: %v", mid, r.err)
		case got == term:
			return r, nil
		case got < term:
			low = mid + 1
		default:
			high = mid
		}
	}
	return nil, nil
}

// record decodes the parts of a record. The first error stays.
type record struct {
	b   []byte
	err error
}

var errRecord = errors.New("malformed record")

// number reads a number up to most.
func (r *record) number(most int) int {
	n, size := binary.Uvarint(r.b)
	if size <= 0 || n > uint64(most) {
		r.b, r.err = nil, fmt.Errorf("%w: a number is not in 0–%d", errRecord, most)
		return 0
	}
	r.b = r.b[size:]
	return int(n)
}

func (r *record) text() string {
	n := r.number(len(r.b))
	if n > len(r.b) { // the length itself took bytes
		r.b, r.err = nil, errRecord
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}
