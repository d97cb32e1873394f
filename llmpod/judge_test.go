package llmpod_test

import (
	"encoding/json"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama/llamatest"
	"github.com/krako-labs/krako/internal/llama/server"
	"github.com/krako-labs/krako/llmpod"
)

// TestAnswersAreJudgedAcrossClasses has a pool of another class judge what one has
// said, what nobody has, and tokens that are not of the text.
func TestAnswersAreJudgedAcrossClasses(t *testing.T) {
	model := llamatest.Nonsense(t)
	sc := llamatest.Config(t, model)
	honest := pool(t, sc, nil)
	sc = llamatest.Config(t, model)
	sc.Profile = server.Fast
	judge := pool(t, sc, nil)
	if honest.Model().Class == judge.Model().Class {
		t.Fatal("both are of one class")
	}
	c := call("s", "what is it like?", func(v *contracts.ModelInvocation) { v.MaxTokens = 32 })
	c.Last = true
	var said []int
	a, err := honest.Invoke(t.Context(), c, func(p llmpod.Piece) {
		said = append(said, p.Tokens...)
		if p.Missing > 0 {
			t.Error("a token was not named: nothing can be judged")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	var text string
	if err := json.Unmarshal(a.Output, &text); err != nil {
		t.Fatal(err)
	}
	f, err := judge.Judge(t.Context(), c, said, text, 256)
	if err != nil || !f.Sound || !f.Plausible || f.Positions != len(said) {
		t.Errorf("what was said: %+v, %v", f, err)
	}
	if f, err = judge.Judge(t.Context(), c, said, text+" or not", 256); err != nil || f.Sound {
		t.Errorf("tokens that are not of the text: %+v, %v", f, err)
	}
	// The same tokens in another order are nobody's answer.
	turned := make([]int, len(said))
	for i, id := range said {
		turned[len(said)-1-i] = id
	}
	st, _ := judge.Server().Status()
	other, err := st.Client.Detokenize(t.Context(), turned)
	if err != nil {
		t.Fatal(err)
	}
	if f, err = judge.Judge(t.Context(), c, turned, other, 256); err != nil || !f.Sound || f.Plausible {
		t.Errorf("what was not said: %+v, %v", f, err)
	}
}
