package gguf

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"

	"github.com/krako-labs/krako/contracts"
)

// Bounds of a header that is believed. The largest vocabularies have some
// 260,000 pieces and a chat template some ten kilobytes.
const (
	maxHeader  = 64 << 20
	maxValues  = 4096
	maxTensors = 1 << 16
	maxText    = 1 << 20
	maxItems   = 1 << 21
	maxDims    = 4
)

// Info is what a model's header says of it.
type Info struct {
	Architecture string
	Name         string
	// Context is the number of tokens it was trained for, Embed, Layers, Heads and
	// KVHeads its shape, Vocab the number of its pieces.
	Context, Embed, Layers, Heads, KVHeads, Vocab int
	// FileType is the format's number of how most weights are stored.
	FileType int
	// Params counts the weights.
	Params uint64
	// Template is whether the file has a chat template of its own.
	Template bool
	// Marks are the pieces that a server may read as control tokens where it is told
	// to: a text that contains none of them reads the same either way. Some of them
	// are plain pieces that only look like such.
	Marks []string

	perLayer bool // each layer has its own number of heads
}

// BatchInvariant reports whether results with weights of this type do not depend
// on how requests are batched: F32, F16, Q4_0 and Q8_0 (measured on llama.cpp
// 0.7.0); those of K-quants do.
func (i Info) BatchInvariant() bool {
	switch i.FileType {
	case 0, 1, 2, 7:
		return true
	}
	return false
}

// Inspect reads a model's header from r. Errors are *contracts.Error
// VALIDATION_ERROR for what is no model or one that a server might not survive,
// and r's own.
func Inspect(r io.Reader) (Info, error) {
	d := &decoder{r: bufio.NewReader(io.LimitReader(r, maxHeader))}
	info := d.info()
	if d.err != nil {
		return Info{}, d.err
	}
	return info, info.check()
}

// check refuses shapes on which llama-server was seen to abort, or that are no
// model at all.
func (i Info) check() error {
	bad := func(format string, args ...any) error {
		return contracts.Errorf(contracts.CodeValidation, "model", format, args...)
	}
	switch {
	case i.Architecture == "":
		return bad("names no architecture")
	case i.Layers <= 0 || i.Embed <= 0 || i.Context <= 0:
		return bad("has %d layers, embeddings of %d and a context of %d", i.Layers, i.Embed, i.Context)
	case !i.perLayer && (i.Heads <= 0 || i.KVHeads <= 0 || i.Heads%i.KVHeads != 0):
		return bad("has %d heads for %d of keys and values", i.Heads, i.KVHeads)
	case i.Vocab == 0:
		return bad("has no vocabulary")
	}
	return nil
}

// decoder reads untrusted bytes until the first error.
type decoder struct {
	r   *bufio.Reader
	err error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = contracts.Errorf(contracts.CodeValidation, "model", format, args...)
	}
}

func (d *decoder) bytes(n int) []byte {
	if d.err != nil {
		return make([]byte, min(n, 8))
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(d.r, b); err != nil {
		d.fail("header ends early or is larger than %d bytes", maxHeader)
	}
	return b
}

func (d *decoder) u32() uint32 { return binary.LittleEndian.Uint32(d.bytes(4)) }
func (d *decoder) u64() uint64 { return binary.LittleEndian.Uint64(d.bytes(8)) }

// count reads a number of things and refuses more than most.
func (d *decoder) count(what string, most uint64) int {
	n := d.u64()
	if n > most {
		d.fail("has %d %s, at most %d", n, what, most)
	}
	if d.err != nil {
		return 0
	}
	return int(n)
}

func (d *decoder) text() string {
	n := d.count("bytes in a text", maxText)
	if d.err != nil {
		return ""
	}
	return string(d.bytes(n))
}

func (d *decoder) info() Info {
	if string(d.bytes(4)) != magic {
		d.fail("is not a GGUF file")
	}
	if v := d.u32(); v != version && v != 2 {
		d.fail("is of GGUF version %d, not 2 or %d", v, version)
	}
	tensors := d.count("tensors", maxTensors)
	values := d.count("metadata values", maxValues)
	found := map[string]any{}
	var pieces marks
	for i := 0; i < values && d.err == nil; i++ {
		key := d.text()
		found[key] = d.member(key, kind(d.u32()), &pieces)
	}
	info := infoOf(found)
	info.Marks = pieces.list()
	for i := 0; i < tensors && d.err == nil; i++ {
		info.Params += d.tensor()
	}
	return info
}

func (d *decoder) tensor() uint64 {
	d.text()
	n := d.u32()
	if n > maxDims {
		d.fail("has a tensor of %d dimensions", n)
		return 0
	}
	weights := uint64(1)
	for range n {
		dim := d.u64()
		if dim == 0 || dim > math.MaxInt32 || weights > math.MaxInt64/dim {
			d.fail("has a tensor too large to be one")
			return 0
		}
		weights *= dim
	}
	d.u32()
	d.u64()
	return weights
}

// value reads a metadata value: numbers as int64 or float64, texts as string,
// arrays as their length.
func (d *decoder) value(k kind) any {
	switch k {
	case kindString:
		return d.text()
	case kindArray:
		return d.array(func(any) {})
	case kindF32:
		return float64(math.Float32frombits(d.u32()))
	case kindF64:
		return math.Float64frombits(d.u64())
	case kindU8, kindI8, kindBool:
		return int64(d.bytes(1)[0])
	case kindU16, kindI16:
		return int64(binary.LittleEndian.Uint16(d.bytes(2)))
	case kindU32, kindI32:
		return int64(d.u32())
	case kindU64, kindI64:
		return int64(d.u64())
	}
	d.fail("has metadata of unknown type %d", k)
	return nil
}

type length int

// member reads the metadata value of a key, and the pieces of the vocabulary with
// it.
func (d *decoder) member(key string, k kind, pieces *marks) any {
	if k == kindArray {
		switch key {
		case keyTokens:
			return d.array(pieces.piece)
		case keyTokenTypes:
			return d.array(pieces.kind)
		}
	}
	return d.value(k)
}

// Keys of the vocabulary.
const (
	keyTokens     = "tokenizer.ggml.tokens"
	keyTokenTypes = "tokenizer.ggml.token_type"
)

// array calls each with every item and returns their number.
func (d *decoder) array(each func(any)) any {
	of := kind(d.u32())
	n := d.count("items in an array", maxItems)
	if of == kindArray {
		d.fail("has an array of arrays")
	}
	for i := 0; i < n && d.err == nil; i++ {
		each(d.value(of))
	}
	return length(n)
}

func infoOf(found map[string]any) Info {
	number := func(key string) int {
		n, _ := found[key].(int64)
		if n < 0 || n > math.MaxInt32 {
			return 0
		}
		return int(n)
	}
	text := func(key string) string { s, _ := found[key].(string); return s }
	arch := text("general.architecture")
	info := Info{
		Architecture: arch, Name: text("general.name"), FileType: number("general.file_type"),
		Context: number(arch + ".context_length"), Embed: number(arch + ".embedding_length"), Layers: number(arch + ".block_count"),
		Heads: number(arch + ".attention.head_count"), KVHeads: number(arch + ".attention.head_count_kv"),
		Template: text("tokenizer.chat_template") != "",
	}
	switch found[arch+".attention.head_count_kv"].(type) {
	case nil:
		info.KVHeads = info.Heads
	case length:
		info.perLayer = true
	}
	if _, ok := found[arch+".attention.head_count"].(length); ok {
		info.perLayer = true
	}
	if n, ok := found[keyTokens].(length); ok {
		info.Vocab = int(n)
	}
	return info
}
