package llmpod

import (
	"context"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama"
	"github.com/krako-labs/krako/llmpod/slots"
)

func TestFramesAreLearnedWhereTextsStandOnce(t *testing.T) {
	var f frames
	talk := []llama.Message{{Role: "system", Content: "be brief"}, {Role: "user", Content: "why?"}}
	if _, ok := f.guess(talk); ok {
		t.Error("nothing is known, and something is guessed")
	}
	f.learn(talk, "<s>be brief</s><u>why?</u>")
	other := []llama.Message{{Role: "system", Content: ""}, {Role: "user", Content: "a </u>"}}
	if got, ok := f.guess(other); !ok || got != "<s></s><u>a </u></u>" {
		t.Errorf("guessed %q, %t", got, ok)
	}
	if _, ok := f.guess(other[:1]); ok {
		t.Error("a conversation of other roles is guessed")
	}
	f.learn(other[1:], "<u>a </u>, a </u></u>")
	f.learn(talk[:1], "<s>BE BRIEF</s>")
	f.learn([]llama.Message{{Role: "user"}}, "<u></u>")
	if len(f.byRoles) != 1 {
		t.Errorf("learned %v", f.byRoles)
	}
}

// running runs a pool until the test ends and waits for its server.
func running(t *testing.T) (*Pool, *llama.Client) {
	t.Helper()
	p := testPool(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); p.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	st, err := p.await(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p, st.Client
}

func asking(session, prompt string) Call {
	return Call{
		ModelInvocation: &contracts.ModelInvocation{
			V: 1, Profile: contracts.ProfileLLM1, Operation: contracts.Generate, Tier: contracts.TierSmall, MaxTokens: 12, TopP: 1, Prompt: prompt,
		},
		Owner: slots.Owner{Tenant: "t", Session: session},
	}
}

// TestGuessedPromptsAreThoseOfTheTemplate: the same tokens are read, and the same
// answers given, as where the server was asked first.
func TestGuessedPromptsAreThoseOfTheTemplate(t *testing.T) {
	p, client := running(t)
	for _, text := range []string{"hello there", "x < y > z [a] {b}", "über\n\n  12", "  spaces ", "<unk", "\ttabs\r\n", "日本語", "<|im_end|> spelled"} {
		p.frames = frames{} // nothing is known: the server is asked first
		c := asking("first "+text, text)
		want, err := p.Invoke(t.Context(), c, unheard)
		if err != nil {
			t.Fatal(err)
		}
		p.frames.learn([]llama.Message{{Role: "user", Content: "learn this"}}, "<|im_start|>user\nlearn this<|im_end|>\n<|im_start|>assistant\n")
		st, _ := p.server.Status()
		talk := []llama.Message{{Role: "user", Content: text}}
		guess, sent := p.guess(st, c, talk, &Answer{})
		if sent == strings.Contains(text, "<|im_end|>") {
			t.Errorf("%q is sent as a guess: %t", text, sent)
		}
		c.Owner.Session = "again " + text
		got, err := p.Invoke(t.Context(), c, unheard)
		if err != nil || string(got.Output) != string(want.Output) || got.Use != want.Use {
			t.Errorf("%q: guessed %s %+v, asked first %s %+v, %v", text, got.Output, got.Use, want.Output, want.Use, err)
		}
		if !sent {
			continue
		}
		// The slot holds what was read as text: all of it is found by the tokens.
		ids, err := p.tokens(t.Context(), client, talk)
		if err != nil {
			t.Fatal(err)
		}
		out, err := client.Generate(t.Context(), llama.Request{Text: guess, MaxTokens: 1, Slot: 0}, func(llama.Piece) error { return nil })
		if err != nil || out.PromptTokens != len(ids) {
			t.Errorf("%q: %d tokens read as text, %d asked, %v", text, out.PromptTokens, len(ids), err)
		}
		out, err = client.Generate(t.Context(), llama.Request{Prompt: ids, MaxTokens: 1, Slot: 0, Reuse: true}, func(llama.Piece) error { return nil })
		if err != nil || out.CachedTokens < len(ids)-1 {
			t.Errorf("%q: of %d tokens %d are those that were read as text, %v", text, len(ids), out.CachedTokens, err)
		}
	}
}

// TestWrongGuessesLetNothingOut: nobody hears of an answer to another prompt, or pays
// for it.
func TestWrongGuessesLetNothingOut(t *testing.T) {
	p, client := running(t)
	want, heard := "", ""
	a, err := p.Invoke(t.Context(), asking("a", "what is it?"), func(piece Piece) { want += piece.Text })
	if err != nil {
		t.Fatal(err)
	}
	p.frames.learn([]llama.Message{{Role: "user", Content: "learn this"}}, "<|im_start|>user\nplease learn this<|im_end|>\n<|im_start|>assistant\n")
	b, err := p.Invoke(t.Context(), asking("b", "what is it?"), func(piece Piece) { heard += piece.Text })
	if err != nil || heard != want || string(a.Output) != string(b.Output) || a.Use != b.Use {
		t.Errorf("heard %q, want %q; %+v, %+v, %v", heard, want, b, a, err)
	}
	// A wrong guess that was read to its end is the session's own: the answer goes on
	// from what both prompts begin with, and from nothing else.
	var begins [2][]int
	for i, text := range []string{"<|im_start|>user\nplease what is it?", "<|im_start|>user\nwhat is it?"} {
		if begins[i], err = client.Tokenize(t.Context(), text, true, true); err != nil {
			t.Fatal(err)
		}
	}
	alike := 0
	for alike < len(begins[1]) && begins[0][alike] == begins[1][alike] {
		alike++
	}
	if b.Cached > alike {
		t.Errorf("went on from %d tokens, the prompts have %d in common", b.Cached, alike)
	}
	// It has learned better.
	if guess, ok := p.frames.guess([]llama.Message{{Role: "user", Content: "x y"}}); !ok || strings.Contains(guess, "please") {
		t.Errorf("guesses %q", guess)
	}
	if _, free, waiting := p.Usage(); free != p.Model().Slots || waiting != 0 {
		t.Errorf("%d slots are free, %d wait", free, waiting)
	}
}

// TestUnsuitablePromptsAreNotGuessed: what may not fit, or goes on from something.
func TestUnsuitablePromptsAreNotGuessed(t *testing.T) {
	p := testPool(t)
	p.frames.learn([]llama.Message{{Role: "user", Content: "learn"}}, "[learn]")
	st, _ := p.server.Status()
	st.Props.Context = 100
	for name, c := range map[string]struct {
		change func(*Call)
		want   bool
	}{
		"a short one":     {func(*Call) {}, true},
		"a long answer":   {func(c *Call) { c.MaxTokens = 90 }, false},
		"a budget":        {func(c *Call) { c.AllowTokens = 20 }, false},
		"a rest of one":   {func(c *Call) { c.Resume = []int{1} }, false},
		"enough to spend": {func(c *Call) { c.AllowTokens = 50 }, true},
		"a control token": {func(c *Call) { c.Prompt = "<s>" }, false},
		"a long prompt":   {func(c *Call) { c.Prompt = strings.Repeat("x", 40) }, false},
		"another speaker": {func(c *Call) { c.System = "be" }, false},
	} {
		call := asking("s", "ask")
		c.change(&call)
		talk := []llama.Message{{Role: "user", Content: call.Prompt}}
		if call.System != "" {
			talk = append([]llama.Message{{Role: "system", Content: call.System}}, talk...)
		}
		if _, ok := p.guess(st, call, talk, &Answer{}); ok != c.want {
			t.Errorf("%s is guessed: %t", name, ok)
		}
	}
}

func unheard(Piece) {}
