package gguf

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Shape is the size of a llama model whose weights are drawn from Seed.
type Shape struct {
	Name    string
	Seed    uint64
	Layers  int
	Embed   int // length of an embedding, a multiple of Heads and of 32
	Heads   int
	KVHeads int // divides Heads
	Hidden  int // of the feed-forward part, a multiple of 32
	Context int // tokens
	Vocab   int // pieces, padded with unused ones; 0 as few as there are
	Quant   bool
}

// Nonsense is the built-in model: 80,000 weights that make every path of a
// server run, and no sense.
func Nonsense() Shape {
	return Shape{Name: "krako-nonsense", Seed: 1, Layers: 2, Embed: 64, Heads: 4, KVHeads: 2, Hidden: 128, Context: 8192}
}

// Slow is a model of 100 million weights for benchmarks: no more than two
// hundred tokens a second on one core, so that what a benchmark measures around
// it can be seen.
func Slow() Shape {
	return Shape{Name: "krako-slow", Seed: 2, Layers: 20, Embed: 512, Heads: 8, KVHeads: 4, Hidden: 1536, Context: 8192, Vocab: 32768, Quant: true}
}

// Layered is Slow with another number of layers: with six of its twenty it is about
// two and a half times as fast.
func Layered(layers int) Shape {
	s := Slow()
	s.Name, s.Layers = fmt.Sprintf("krako-slow-%d", layers), layers
	return s
}

func (s Shape) encoding() encoding {
	if s.Quant {
		return encQ8_0
	}
	return encF16
}

// values is the architecture's part of the metadata.
func (s Shape) values() []value {
	return []value{
		{"general.architecture", "llama"},
		{"general.name", s.Name},
		{"general.file_type", s.encoding().fileType()},
		{"llama.block_count", uint32(s.Layers)},
		{"llama.context_length", uint32(s.Context)},
		{"llama.embedding_length", uint32(s.Embed)},
		{"llama.feed_forward_length", uint32(s.Hidden)},
		{"llama.attention.head_count", uint32(s.Heads)},
		{"llama.attention.head_count_kv", uint32(s.KVHeads)},
		{"llama.attention.layer_norm_rms_epsilon", float32(1e-5)},
		{"llama.rope.dimension_count", uint32(s.Embed / s.Heads)},
	}
}

// Model draws the weights.
func (s Shape) Model() *Model {
	v := newVocabulary()
	v.pad(s.Vocab)
	b := &builder{
		rng: rand.New(rand.NewPCG(s.Seed, 7)), enc: s.encoding(), embed: s.Embed,
		model: &Model{values: append(s.values(), v.values()...)},
	}
	b.random("token_embd.weight", s.Embed, len(v.pieces), 1)
	for i := range s.Layers {
		b.layer(i, s)
	}
	b.ones("output_norm.weight")
	// Only pieces of text can come out: bytes and control tokens would be noise.
	b.matrix("output.weight", s.Embed, len(v.pieces), 3/math.Sqrt(float64(s.Embed)), func(row int) bool { return v.types[row] == tokenNormal })
	return b.model
}

// builder adds tensors to a model.
type builder struct {
	rng   *rand.Rand
	enc   encoding
	embed int
	model *Model
}

func (b *builder) layer(i int, s Shape) {
	p := fmt.Sprintf("blk.%d.", i)
	kv := s.Embed / s.Heads * s.KVHeads
	unit := 1 / math.Sqrt(float64(s.Embed))
	b.ones(p + "attn_norm.weight")
	b.random(p+"attn_q.weight", s.Embed, s.Embed, 2*unit)
	b.random(p+"attn_k.weight", s.Embed, kv, 2*unit)
	b.random(p+"attn_v.weight", s.Embed, kv, 2*unit)
	b.random(p+"attn_output.weight", s.Embed, s.Embed, 2*unit)
	b.ones(p + "ffn_norm.weight")
	b.random(p+"ffn_gate.weight", s.Embed, s.Hidden, unit)
	b.random(p+"ffn_up.weight", s.Embed, s.Hidden, unit)
	b.random(p+"ffn_down.weight", s.Hidden, s.Embed, 1/math.Sqrt(float64(s.Hidden)))
}

func (b *builder) random(name string, in, out int, spread float64) {
	b.matrix(name, in, out, spread, func(int) bool { return true })
}

// matrix adds bell-shaped weights in the rows that are kept, zeros in the others.
func (b *builder) matrix(name string, in, out int, spread float64, keep func(row int) bool) {
	w := make([]float32, in*out)
	for row := range out {
		if !keep(row) {
			continue
		}
		for i := row * in; i < (row+1)*in; i++ {
			w[i] = float32(bell(b.rng.Uint64()) * spread)
		}
	}
	b.add(name, in, out, w)
}

// bell turns random bits into a number of mean 0 and variance 1: the sum of four
// uniform ones, which is near enough to a normal one and, unlike logarithms and
// exponentials, comes out the same on every processor.
func bell(bits uint64) float64 {
	sum := int(bits&0xffff) + int(bits>>16&0xffff) + int(bits>>32&0xffff) + int(bits>>48) - 4*0x8000
	return float64(sum) / 0x10000 * math.Sqrt(3)
}

func (b *builder) add(name string, in, out int, w []float32) {
	b.model.tensors = append(b.model.tensors, tensor{name, []uint64{uint64(in), uint64(out)}, b.enc, b.enc.encode(w)})
}

// ones adds a norm, which servers want in 32 bits.
func (b *builder) ones(name string) {
	w := make([]float32, b.embed)
	for i := range w {
		w[i] = 1
	}
	b.model.tensors = append(b.model.tensors, tensor{name, []uint64{uint64(b.embed)}, encF32, encF32.encode(w)})
}
