package gguf

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestChainSpellsTheAnswerWithoutRepeating holds for any text: a piece that
// occurred twice would have two successors.
func TestChainSpellsTheAnswerWithoutRepeating(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		answer := rapid.StringOfN(rapid.RuneFrom([]rune("ab \n{\"é")), 1, 60, -1).Draw(t, "answer")
		if answer == "\n" {
			return
		}
		v := newVocabulary()
		var text strings.Builder
		seen := map[int]bool{}
		for _, id := range v.chain(answer) {
			if seen[id] || v.pieces[id] == "\n" {
				t.Fatalf("piece %q follows itself or ends prompts", v.pieces[id])
			}
			seen[id] = true
			text.WriteString(v.pieces[id])
		}
		if got := strings.ReplaceAll(text.String(), blank, " "); got != answer {
			t.Fatalf("chain spells %q, not %q", got, answer)
		}
	})
}
