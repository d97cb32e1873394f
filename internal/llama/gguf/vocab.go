package gguf

import (
	"fmt"
	"strings"
)

// Token types of tokenizer.ggml.token_type.
const (
	tokenNormal      = 1
	tokenUnknown     = 2
	tokenControl     = 3
	tokenUserDefined = 4
	tokenUnused      = 5
	tokenByte        = 6
)

// Ids of the tokens that every vocabulary here begins with.
const (
	idUnknown = 0
	idBegin   = 1
	idByte0   = 3 // of byte 0; the others follow
	idTurn    = idByte0 + 256
	idEndTurn = idTurn + 1
)

// blank is how a SentencePiece vocabulary writes a space.
const blank = "\u2581"

// template is ChatML, the layout that most models understand.
const template = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}" +
	"{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"

// vocabulary is a SentencePiece vocabulary: pieces, their scores (which merge
// comes first) and types.
type vocabulary struct {
	pieces []string
	scores []float32
	types  []int32
	ids    map[string]int
}

// newVocabulary has the special tokens, every byte, printable ASCII and a few
// pairs of letters.
func newVocabulary() *vocabulary {
	v := &vocabulary{ids: map[string]int{}}
	v.add("<unk>", 0, tokenUnknown)
	v.add("<s>", 0, tokenControl)
	v.add("</s>", 0, tokenControl)
	for b := range 256 {
		v.add(fmt.Sprintf("<0x%02X>", b), 0, tokenByte)
	}
	v.add("<|im_start|>", 0, tokenControl)
	v.add("<|im_end|>", 0, tokenControl)
	v.add(blank, -1000, tokenNormal)
	for c := '!'; c <= '~'; c++ {
		v.add(string(c), -1000-float32(c), tokenNormal)
	}
	for i, pair := range strings.Fields("th he an er re ti en es al ed ou ng") {
		v.add(pair, -100-float32(i), tokenNormal)
	}
	return v
}

// add returns the id of a piece, which is new unless it was there.
func (v *vocabulary) add(piece string, score float32, kind int32) int {
	if id, ok := v.ids[piece]; ok {
		return id
	}
	id := len(v.pieces)
	v.ids[piece] = id
	v.pieces, v.scores, v.types = append(v.pieces, piece), append(v.scores, score), append(v.types, kind)
	return id
}

// pad fills the vocabulary up to n pieces, for an output matrix of realistic
// size.
func (v *vocabulary) pad(n int) {
	for i := 0; len(v.pieces) < n; i++ {
		v.add(fmt.Sprintf("<|unused_%d|>", i), 0, tokenUnused)
	}
}

// values is the tokenizer's part of the metadata.
func (v *vocabulary) values() []value {
	return []value{
		{"tokenizer.ggml.model", "llama"},
		{"tokenizer.ggml.tokens", v.pieces},
		{"tokenizer.ggml.scores", v.scores},
		{"tokenizer.ggml.token_type", v.types},
		{"tokenizer.ggml.bos_token_id", uint32(idBegin)},
		{"tokenizer.ggml.eos_token_id", uint32(idEndTurn)},
		{"tokenizer.ggml.unknown_token_id", uint32(idUnknown)},
		{"tokenizer.ggml.add_bos_token", true},
		{"tokenizer.ggml.add_space_prefix", false},
		{"tokenizer.chat_template", template},
	}
}
