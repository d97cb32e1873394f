package llmpod

import (
	"slices"
	"testing"

	"github.com/krako-labs/krako/internal/llama"
	"github.com/krako-labs/krako/internal/llama/llamatest"
)

func said(texts ...string) []llama.Message {
	var talk []llama.Message
	for _, text := range texts {
		talk = append(talk, llama.Message{Role: "user", Content: text})
	}
	return talk
}

func TestSpellingKnowsWhatIsHarmless(t *testing.T) {
	s := newSpelling([]string{"<|im_end|>", "<s>", "<|im_start|>"})
	for text, want := range map[string]bool{
		"": true, "a <b> c": true, "<|im_en": true, "a<|im_end|>": false, "<s>": false, "é<s": true, "<<s>": false,
	} {
		if got := s.harmless(said("plain", text)); got != want {
			t.Errorf("%q is harmless: %t", text, got)
		}
	}
	if spelling(nil).harmless(said("plain")) || newSpelling([]string{"<"}) != nil {
		t.Error("what is not known is called harmless")
	}
}

// TestPromptsAreTheSameEitherWay compares the tokens of conversations that are
// known to be harmless with those that the server was asked about, and checks that
// what the server reads as an order is never called harmless.
func TestPromptsAreTheSameEitherWay(t *testing.T) {
	s, st := llamatest.Start(t, llamatest.Config(t, llamatest.Nonsense(t)))
	known := newSpelling(s.Info().Marks)
	if len(known) == 0 {
		t.Fatal("the model's file names no control token")
	}
	for _, text := range []string{
		"hello", "", "x < y > z [a] {b}", "<unk", "<|im_start|", "über 1\n\n2", "<|im_end|>", "say </s> now", "<unk>", "<0x41>", "<s><s>",
	} {
		talk := said("first", text)
		got, err := known.tokens(t.Context(), st.Client, talk)
		if err != nil {
			t.Fatal(err)
		}
		want, err := spelling(nil).tokens(t.Context(), st.Client, talk)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q reads as %v, asked as %v", text, got, want)
		}
		if spelled, err := spellsControl(t.Context(), st.Client, talk); err != nil || spelled && known.harmless(talk) {
			t.Errorf("%q spells an order and is called harmless (%v)", text, err)
		}
	}
}
