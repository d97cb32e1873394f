package gguf

import (
	"strings"
	"unicode/utf8"

	"github.com/krako-labs/krako/contracts"
)

// maxAnswer bounds a scripted answer in bytes.
const maxAnswer = 1024

// Scripted returns a model that answers every chat with exactly answer and then
// ends its turn. Its layers do nothing; each token is one direction of the
// embedding, and the output matrix maps each to the one that follows: a chain
// from the end of the prompt through the answer's pieces. The answer is UTF-8
// of 1 to 1024 bytes and more than a line break; the error is *contracts.Error
// VALIDATION_ERROR.
func Scripted(answer string) (*Model, error) {
	switch {
	case answer == "" || len(answer) > maxAnswer:
		return nil, contracts.Errorf(contracts.CodeValidation, "answer", "has %d bytes, not 1 to %d", len(answer), maxAnswer)
	case answer == "\n" || !utf8.ValidString(answer):
		return nil, contracts.Errorf(contracts.CodeValidation, "answer", "%q is not text of more than a line break", answer)
	}
	v := newVocabulary()
	chain := v.chain(answer)
	size := (len(v.pieces) + q8Block - 1) / q8Block * q8Block
	s := Shape{Name: "krako-scripted", Layers: 1, Embed: size, Heads: 4, KVHeads: 4, Hidden: q8Block, Context: 8192}
	b := &builder{enc: s.encoding(), embed: size, model: &Model{values: append(s.values(), v.values()...)}}
	b.directions(len(v.pieces))
	b.idle(s)
	b.ones("output_norm.weight")
	b.follow(len(v.pieces), chain)
	return b.model, nil
}

// chain adds the answer's pieces to the vocabulary and returns their ids. A
// token has one successor, so no piece occurs twice: each is the shortest that
// was not used before. A line break ends every prompt and so is none by itself.
func (v *vocabulary) chain(answer string) []int {
	var ids []int
	used := map[string]bool{"\n": true}
	runes := strings.Split(strings.ReplaceAll(answer, " ", blank), "")
	for len(runes) > 0 {
		n := 1
		piece := runes[0]
		for used[piece] && n < len(runes) {
			piece += runes[n]
			n++
		}
		if used[piece] { // the rest was used as it is: let the last piece have it
			last := len(ids) - 1
			piece = v.pieces[ids[last]] + piece
			ids = ids[:last]
		}
		used[piece] = true
		ids = append(ids, v.add(piece, -2000, tokenNormal))
		runes = runes[n:]
	}
	return ids
}

// directions makes each token's embedding a direction of its own.
func (b *builder) directions(pieces int) {
	w := make([]float32, b.embed*pieces)
	for i := range pieces {
		w[i*b.embed+i] = 1
	}
	b.add("token_embd.weight", b.embed, pieces, w)
}

// idle adds a layer that adds nothing.
func (b *builder) idle(s Shape) {
	zero := func(name string, in, out int) { b.add("blk.0."+name, in, out, make([]float32, in*out)) }
	b.ones("blk.0.attn_norm.weight")
	zero("attn_q.weight", s.Embed, s.Embed)
	zero("attn_k.weight", s.Embed, s.Embed)
	zero("attn_v.weight", s.Embed, s.Embed)
	zero("attn_output.weight", s.Embed, s.Embed)
	b.ones("blk.0.ffn_norm.weight")
	zero("ffn_gate.weight", s.Embed, s.Hidden)
	zero("ffn_up.weight", s.Embed, s.Hidden)
	zero("ffn_down.weight", s.Hidden, s.Embed)
}

// follow makes the chain: whatever is not in it leads to its beginning, its end
// to the end of the turn.
func (b *builder) follow(pieces int, chain []int) {
	next := make([]int, pieces)
	for i := range next {
		next[i] = chain[0]
	}
	for i, id := range chain {
		next[id] = idEndTurn
		if i+1 < len(chain) {
			next[id] = chain[i+1]
		}
	}
	w := make([]float32, b.embed*pieces)
	for from, to := range next {
		w[to*b.embed+from] = 1
	}
	b.add("output.weight", b.embed, pieces, w)
}
