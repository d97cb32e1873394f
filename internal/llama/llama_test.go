package llama_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama"
	"github.com/krako-labs/krako/internal/llama/llamatest"
)

func quiet(llama.Piece) error { return nil }

// TestTokensAreReadAsTheyStand: what this server writes with every token is read
// without reflection, but for text that it spells otherwise.
func TestTokensAreReadAsTheyStand(t *testing.T) {
	_, st := llamatest.Start(t, llamatest.Config(t, llamatest.Scripted(t, `say "one"\two, é`)))
	c := st.Client
	list, err := llama.Events(t.Context(), c, llama.Request{Prompt: prompt(t, c, "go on"), MaxTokens: 40})
	if err != nil || len(list) < 5 {
		t.Fatalf("%d events, %v", len(list), err)
	}
	for _, e := range list[:len(list)-1] {
		if !llama.Common(e) {
			t.Errorf("%s", e)
		}
	}
	if llama.Common(list[len(list)-1]) {
		t.Error("the last event is taken for one of a token")
	}
}

// prompt renders and tokenizes a conversation of one turn.
func prompt(t *testing.T, c *llama.Client, text string) []int {
	t.Helper()
	rendered, err := c.ApplyTemplate(t.Context(), []llama.Message{{Role: "user", Content: text}})
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := c.Tokenize(t.Context(), rendered, true, true)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

// TestGenerateAgainstARealServer is one server and what a client does with it.
func TestGenerateAgainstARealServer(t *testing.T) {
	const answer = `{"answer": "yes, it is", "sure": "yes"}`
	_, st := llamatest.Start(t, llamatest.Config(t, llamatest.Scripted(t, answer)))
	c := st.Client
	tokens := prompt(t, c, "is it?")
	t.Run("props", func(t *testing.T) {
		if st.Props.Slots != 2 || st.Props.Context != 1024 || st.Props.Model != "test" || st.Props.Build == "" {
			t.Errorf("props %+v", st.Props)
		}
	})
	t.Run("streams the exact answer with its tokens", func(t *testing.T) {
		var text strings.Builder
		var ids []int
		got, err := c.Generate(t.Context(), llama.Request{Prompt: tokens, Slot: 1, MaxTokens: 100}, func(p llama.Piece) error {
			text.WriteString(p.Text)
			ids = append(ids, p.Tokens...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got.Text != answer || text.String() != answer || got.Stop != llama.StopEnd || got.Slot != 1 {
			t.Errorf("got %+v, streamed %q", got, text.String())
		}
		if got.PromptTokens != len(tokens) || got.OutputTokens < len(ids) || !slices.Equal(ids, got.Tokens) {
			t.Errorf("counts %d and %d, prompt has %d, streamed %d", got.PromptTokens, got.OutputTokens, len(tokens), len(ids))
		}
	})
	t.Run("a stop sequence ends it", func(t *testing.T) {
		got, err := c.Generate(t.Context(), llama.Request{Prompt: tokens, MaxTokens: 100, Stop: []string{" it"}}, quiet)
		if err != nil || got.Text != `{"answer": "yes,` || got.Stop != llama.StopWord {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("a limit ends it", func(t *testing.T) {
		got, err := c.Generate(t.Context(), llama.Request{Prompt: tokens, MaxTokens: 3}, quiet)
		if err != nil || got.Stop != llama.StopLimit || got.OutputTokens != 3 || !strings.HasPrefix(answer, got.Text) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("continuing after some tokens is the same as not stopping", func(t *testing.T) {
		part, err := c.Generate(t.Context(), llama.Request{Prompt: tokens, MaxTokens: 5}, quiet)
		if err != nil {
			t.Fatal(err)
		}
		rest, err := c.Generate(t.Context(), llama.Request{Prompt: append(slices.Clone(tokens), part.Tokens...), Slot: 1, MaxTokens: 100}, quiet)
		if err != nil || part.Text+rest.Text != answer {
			t.Errorf("%q and %q, %v", part.Text, rest.Text, err)
		}
	})
	t.Run("a schema constrains it", func(t *testing.T) {
		schema := json.RawMessage(`{"type":"object","properties":{"answer":{"type":"string"},"sure":{"type":"string"}},"required":["answer","sure"],"additionalProperties":false}`)
		got, err := c.Generate(t.Context(), llama.Request{Prompt: tokens, MaxTokens: 100, Schema: schema}, quiet)
		if err != nil || !json.Valid([]byte(got.Text)) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("a slot that does not exist is served by another", func(t *testing.T) {
		got, err := c.Generate(t.Context(), llama.Request{Prompt: tokens, Slot: 99, MaxTokens: 2}, quiet)
		if err != nil || got.Slot == 99 {
			t.Errorf("got slot %d, %v: the check of the slot has lost its reason", got.Slot, err)
		}
	})
	t.Run("what a reader refuses ends it", func(t *testing.T) {
		enough := errors.New("enough")
		got, err := c.Generate(t.Context(), llama.Request{Prompt: tokens, MaxTokens: 100}, func(llama.Piece) error { return enough })
		if !errors.Is(err, enough) || got.OutputTokens != 1 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("control tokens in a text are text", func(t *testing.T) {
		order, _ := c.Tokenize(t.Context(), "<|im_end|>", false, true)
		text, err := c.Tokenize(t.Context(), "<|im_end|>", false, false)
		if err != nil || len(order) != 1 || len(text) < 2 {
			t.Errorf("as an order %d tokens, as a text %d, %v", len(order), len(text), err)
		}
		if back, err := c.Detokenize(t.Context(), text); err != nil || back != "<|im_end|>" {
			t.Errorf("text came back as %q, %v", back, err)
		}
	})
}

func TestErrorsAreCodes(t *testing.T) {
	_, st := llamatest.Start(t, llamatest.Config(t, llamatest.Nonsense(t)))
	c := st.Client
	long := make([]int, 2000)
	for i := range long {
		long[i] = 300
	}
	_, err := c.Generate(t.Context(), llama.Request{Prompt: long, MaxTokens: 1}, quiet)
	if contracts.CodeOf(err) != contracts.CodeContextOverflow {
		t.Errorf("too long a prompt: %v", err)
	}
	if _, err := c.Embed(t.Context(), "text"); contracts.CodeOf(err) != contracts.CodeUnsupported {
		t.Errorf("embedding: %v", err)
	}
	_, err = c.Generate(t.Context(), llama.Request{Prompt: prompt(t, c, "x"), MaxTokens: 1, Schema: json.RawMessage(`{"type":"nonsense"}`)}, quiet)
	if contracts.CodeOf(err) != contracts.CodeUnsupported {
		t.Errorf("unknown schema: %v", err)
	}
	_, err = c.Generate(t.Context(), llama.Request{Prompt: prompt(t, c, "x"), MaxTokens: 500, FirstToken: time.Nanosecond}, quiet)
	if contracts.CodeOf(err) != contracts.CodeTimeout {
		t.Errorf("deadline of the first token: %v", err)
	}
	nobody, err := llama.New(llama.Endpoint{Socket: t.TempDir() + "/s"})
	if err != nil {
		t.Fatal(err)
	}
	if err := nobody.Health(t.Context()); contracts.CodeOf(err) != contracts.CodeModelUnavailable {
		t.Errorf("nobody there: %v", err)
	}
	for _, e := range []llama.Endpoint{{}, {Socket: "a", URL: "http://b"}, {URL: "ftp://b"}, {URL: "http://u:p@b"}} {
		if _, err := llama.New(e); contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%+v: %v", e, err)
		}
	}
}

// TestSavedSlotsContinue saves, erases and restores what a slot holds.
func TestSavedSlotsContinue(t *testing.T) {
	_, st := llamatest.Start(t, llamatest.Config(t, llamatest.Nonsense(t)))
	c := st.Client
	tokens := prompt(t, c, strings.Repeat("a long story ", 20))
	ask := func(slot int) llama.Completion {
		t.Helper()
		got, err := c.Generate(t.Context(), llama.Request{Prompt: tokens, Slot: slot, MaxTokens: 8, Reuse: true}, quiet)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := ask(0)
	if first.CachedTokens != 0 {
		t.Errorf("the first has %d tokens of somebody else", first.CachedTokens)
	}
	if n, err := c.Save(t.Context(), 0, "tale"); err != nil || n < len(tokens) {
		t.Fatalf("saved %d tokens, %v", n, err)
	}
	if err := c.Erase(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if got := ask(0); got.CachedTokens > 1 || got.Text != first.Text {
		t.Errorf("after erasing %d tokens were left; %q, was %q", got.CachedTokens, got.Text, first.Text)
	}
	if _, err := c.Restore(t.Context(), 1, "tale"); err != nil {
		t.Fatal(err)
	}
	if got := ask(1); got.CachedTokens < len(tokens)-1 || got.Text != first.Text {
		t.Errorf("after restoring %d of %d tokens were there; %q, was %q", got.CachedTokens, len(tokens), got.Text, first.Text)
	}
	if _, err := c.Save(t.Context(), 0, "../elsewhere"); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("saving elsewhere: %v", err)
	}
}

// TestCancelledStreamFreesItsSlot needs the server to notice: the next request
// for the slot is served long before the first would have ended.
func TestCancelledStreamFreesItsSlot(t *testing.T) {
	cfg := llamatest.Config(t, llamatest.Nonsense(t))
	cfg.Slots, cfg.Context = 1, 8192
	_, st := llamatest.Start(t, cfg)
	tokens := prompt(t, st.Client, "tell me everything")
	ctx, cancel := context.WithCancel(t.Context())
	got, err := st.Client.Generate(ctx, llama.Request{Prompt: tokens, MaxTokens: 8000}, func(llama.Piece) error { cancel(); return nil })
	if contracts.CodeOf(err) != contracts.CodeCancelled || got.OutputTokens == 0 || got.OutputTokens > 7000 {
		t.Fatalf("got %d tokens, %v", got.OutputTokens, err)
	}
	if _, err := st.Client.Generate(t.Context(), llama.Request{Prompt: tokens, MaxTokens: 1}, quiet); err != nil {
		t.Fatal(err)
	}
	m, err := st.Client.Metrics(t.Context())
	if err != nil || m["requests_processing"] != 0 {
		t.Errorf("metrics %v, %v", m, err)
	}
}

func TestEmbeddings(t *testing.T) {
	cfg := llamatest.Config(t, llamatest.Nonsense(t))
	cfg.Embeddings = true
	_, st := llamatest.Start(t, cfg)
	e, err := st.Client.Embed(t.Context(), "some text")
	if err != nil || len(e.Vector) != 64 || e.Tokens < 5 {
		t.Errorf("got %d numbers for %d tokens, %v", len(e.Vector), e.Tokens, err)
	}
	if _, err := st.Client.Embed(t.Context(), strings.Repeat("x", 2000)); contracts.CodeOf(err) != contracts.CodeContextOverflow {
		t.Errorf("too long a text: %v", err)
	}
}

// TestTokensThatAreNotNamedAreCounted: the server names no token whose text it holds
// back, as it does with the first bytes of a character.
func TestTokensThatAreNotNamedAreCounted(t *testing.T) {
	_, st := llamatest.Start(t, llamatest.Config(t, llamatest.Nonsense(t)))
	missing := 0
	for seed := range int64(12) {
		named, said := 0, 0
		out, err := st.Client.Generate(t.Context(), llama.Request{
			Prompt: []int{1, 70, 80, int(90 + seed)}, MaxTokens: 60, Temperature: 1, Seed: seed,
		}, func(p llama.Piece) error {
			named, said = named+len(p.Tokens), said+p.Missing
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if out.Missing+len(out.Tokens) != out.OutputTokens || named != len(out.Tokens) || said > out.Missing {
			t.Errorf("seed %d: %d tokens named and %d missing of %d", seed, len(out.Tokens), out.Missing, out.OutputTokens)
		}
		missing += said
	}
	if missing == 0 {
		t.Error("every token was named: nothing is tested")
	}
}
