package gguf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

const (
	magic   = "GGUF"
	version = 3
	// align is where tensors may begin: the default of the format.
	align = 32
)

// kind is the type of a metadata value.
type kind uint32

const (
	kindU8 kind = iota
	kindI8
	kindU16
	kindI16
	kindU32
	kindI32
	kindF32
	kindBool
	kindString
	kindArray
	kindU64
	kindI64
	kindF64
)

// value is a metadata entry that is written.
type value struct {
	key  string
	data any // uint32, float32, bool, string, []string, []float32, []int32
}

// tensor is a named array of weights: the first dimension is the contiguous
// one, a matrix's input.
type tensor struct {
	name string
	dims []uint64
	enc  encoding
	data []byte
}

// Model is a model ready to be written.
type Model struct {
	values  []value
	tensors []tensor
}

// WriteTo writes the file. It implements io.WriterTo.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	c := &counter{w: w}
	head := m.header()
	c.write(head)
	c.write(padding(len(head)))
	for _, t := range m.tensors {
		c.write(t.data)
		c.write(padding(len(t.data)))
	}
	if c.err != nil {
		return c.n, fmt.Errorf("write model: %w", c.err)
	}
	return c.n, nil
}

// header is everything before the weights.
func (m *Model) header() []byte {
	h := &header{}
	h.WriteString(magic)
	h.u32(version)
	h.u64(uint64(len(m.tensors)))
	h.u64(uint64(len(m.values)))
	for _, v := range m.values {
		h.text(v.key)
		h.value(v.data)
	}
	offset := uint64(0)
	for _, t := range m.tensors {
		h.text(t.name)
		h.u32(uint32(len(t.dims)))
		for _, d := range t.dims {
			h.u64(d)
		}
		h.u32(uint32(t.enc))
		h.u64(offset)
		offset += uint64(len(t.data) + len(padding(len(t.data))))
	}
	return h.Bytes()
}

// header builds a header; writing to memory does not fail.
type header struct{ bytes.Buffer }

func (h *header) u32(v uint32) { h.Write(binary.LittleEndian.AppendUint32(nil, v)) }
func (h *header) u64(v uint64) { h.Write(binary.LittleEndian.AppendUint64(nil, v)) }

func (h *header) text(s string) {
	h.u64(uint64(len(s)))
	h.WriteString(s)
}

func (h *header) array(of kind, n int) {
	h.u32(uint32(kindArray))
	h.u32(uint32(of))
	h.u64(uint64(n))
}

func (h *header) value(v any) {
	switch v := v.(type) {
	case uint32:
		h.u32(uint32(kindU32))
		h.u32(v)
	case float32:
		h.u32(uint32(kindF32))
		h.u32(math.Float32bits(v))
	case bool:
		h.u32(uint32(kindBool))
		h.WriteByte(map[bool]byte{true: 1}[v])
	case string:
		h.u32(uint32(kindString))
		h.text(v)
	case []string:
		h.array(kindString, len(v))
		for _, s := range v {
			h.text(s)
		}
	case []float32:
		h.array(kindF32, len(v))
		for _, f := range v {
			h.u32(math.Float32bits(f))
		}
	case []int32:
		h.array(kindI32, len(v))
		for _, i := range v {
			h.u32(uint32(i))
		}
	default:
		panic(fmt.Sprintf("gguf: no encoding for metadata of type %T", v))
	}
}

func padding(n int) []byte { return make([]byte, (align-n%align)%align) }

// counter writes until the first error.
type counter struct {
	w   io.Writer
	n   int64
	err error
}

func (c *counter) write(b []byte) {
	if c.err != nil {
		return
	}
	n, err := c.w.Write(b)
	c.n, c.err = c.n+int64(n), err
}
