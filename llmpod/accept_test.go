package llmpod

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/llama/llamatest"
	"github.com/krako-labs/krako/internal/p2p"
)

func testPool(t *testing.T) *Pool {
	t.Helper()
	p, err := NewPool(DefaultConfig(), llamatest.Config(t, llamatest.Nonsense(t)), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// TestPodRefusesWhatIsNotForIt: a CPU unit above all, whoever assigned it.
func TestPodRefusesWhatIsNotForIt(t *testing.T) {
	a := &Agent{pools: []*Pool{testPool(t)}}
	weights, _, _ := strings.Cut(a.pools[0].Model().Class, "/")
	input, _ := contracts.NewPayload([]byte("{}"))
	cpu, err := (&contracts.Invocation{
		V: 1, Profile: contracts.ProfileDet1, Module: contracts.Link{Cid: dagcbor.RawCID([]byte("m"))}, Input: input, Fuel: 1, MemoryPages: 1,
	}).Block()
	if err != nil {
		t.Fatal(err)
	}
	model := func(change func(*contracts.ModelInvocation)) []byte {
		v := &contracts.ModelInvocation{
			V: 1, Profile: contracts.ProfileLLM1, Operation: contracts.Generate, Tier: contracts.TierSmall, MaxTokens: 1, TopP: 1, Prompt: "q",
		}
		change(v)
		b, err := v.Block()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	same := func(*contracts.ModelInvocation) {}
	for name, c := range map[string]struct {
		unit p2p.Unit
		want contracts.Code
	}{
		"a CPU unit":        {p2p.Unit{Invocation: cpu, Tenant: "t", Session: "s"}, contracts.CodeUnsupported},
		"garbage":           {p2p.Unit{Invocation: []byte{0xff}, Tenant: "t", Session: "s"}, contracts.CodeValidation},
		"nobody's":          {p2p.Unit{Invocation: model(same)}, contracts.CodeValidation},
		"another profile":   {p2p.Unit{Invocation: model(func(v *contracts.ModelInvocation) { v.Profile = "llm-9" }), Tenant: "t", Session: "s"}, contracts.CodeUnsupported},
		"another model":     {p2p.Unit{Invocation: model(func(v *contracts.ModelInvocation) { v.Name = "other" }), Tenant: "t", Session: "s"}, contracts.CodeUnsupported},
		"another tier":      {p2p.Unit{Invocation: model(func(v *contracts.ModelInvocation) { v.Tier = contracts.TierLarge }), Tenant: "t", Session: "s"}, contracts.CodeUnsupported},
		"another operation": {p2p.Unit{Invocation: model(func(v *contracts.ModelInvocation) { v.Operation = contracts.Embed }), Tenant: "t", Session: "s"}, contracts.CodeUnsupported},
		"other weights":     {p2p.Unit{Invocation: model(same), Tenant: "t", Session: "s", Score: &p2p.Said{Weights: "0123456789abcdef", Text: "a", Tokens: []int{1}}}, contracts.CodeUnsupported},
		"its own weights":   {p2p.Unit{Invocation: model(same), Tenant: "t", Session: "s", Score: &p2p.Said{Weights: weights, Text: "a", Tokens: []int{1}}}, ""},
		"its own":           {p2p.Unit{Invocation: model(same), Tenant: "t", Session: "s"}, ""},
	} {
		if _, _, err := a.accept(&c.unit); contracts.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestPiecesComeBeforeTheirResultAndShowGaps is the order in which a pod speaks.
func TestPiecesComeBeforeTheirResultAndShowGaps(t *testing.T) {
	h := newHand(1)
	u := &unit{lease: 7, stop: func(error) {}}
	if !h.take(u) || h.take(u) {
		t.Fatal("a lease is in hand once")
	}
	h.say(u, Piece{Text: "a", Tokens: []int{1}})
	h.say(u, Piece{Text: "b", Tokens: []int{2, 3}})
	pieces, _, _, _ := h.collect()
	if len(pieces) != 1 || pieces[0].Text != "ab" || pieces[0].At != 0 || len(pieces[0].Tokens) != 3 {
		t.Fatalf("first %+v", pieces)
	}
	h.say(u, Piece{Text: string(make([]byte, p2p.MaxText+1)), Tokens: []int{4}}) // cannot be sent
	h.say(u, Piece{Text: "d", Tokens: []int{5}})
	h.finish(u, &report{lease: 7}, nil)
	pieces, faults, done, _ := h.collect()
	if len(pieces) != 1 || pieces[0].At != 4 || len(faults) != 0 || len(done) != 1 {
		t.Fatalf("then %+v, %d faults, %d results", pieces, len(faults), len(done))
	}
	h.say(u, Piece{Restart: true})
	h.say(u, Piece{Text: "x", Tokens: []int{9}})
	if pieces, _, _, _ = h.collect(); len(pieces) != 1 || !pieces[0].Restart || pieces[0].At != 0 || pieces[0].Text != "x" {
		t.Fatalf("after a restart %+v", pieces)
	}
	h.keep(&sealed{seq: 3, lease: 7})
	if h.empty() || h.running() != 0 {
		t.Error("a result that is not recorded is forgotten, or counted as running")
	}
	h.settled(3, true)
	if !h.empty() {
		t.Error("a recorded result is still in hand")
	}
}
