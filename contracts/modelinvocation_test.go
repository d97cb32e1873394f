package contracts_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

func modelInvocation(change func(*contracts.ModelInvocation)) *contracts.ModelInvocation {
	v := &contracts.ModelInvocation{
		V: 1, Profile: contracts.ProfileLLM1, Operation: contracts.Generate, Tier: contracts.TierSmall, MaxTokens: 10,
		Temperature: 0.5, TopP: 1, Prompt: "q", Evidence: []contracts.Evidence{{Label: "a", Text: "b"}}, Schema: []byte(`{}`),
	}
	if change != nil {
		change(v)
	}
	return v
}

func TestModelInvocationRoundTrip(t *testing.T) {
	v := modelInvocation(nil)
	block, err := v.Block()
	if err != nil {
		t.Fatal(err)
	}
	got, unit, err := contracts.DecodeModelInvocation(block)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(v, got); d != "" || unit != dagcbor.CID(block) {
		t.Errorf("came back as (-want +got):\n%s", d)
	}
}

// TestInvocationsOfOneKindAreNotOfTheOther is what lets an agent refuse what is
// not for it, whatever a coordinator says.
func TestInvocationsOfOneKindAreNotOfTheOther(t *testing.T) {
	model, err := modelInvocation(nil).Block()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := contracts.DecodeInvocation(model); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("a model invocation as a CPU unit's: %v", err)
	}
	input, _ := contracts.NewPayload([]byte("{}"))
	cpu, err := (&contracts.Invocation{
		V: 1, Profile: contracts.ProfileDet1, Module: contracts.Link{Cid: dagcbor.RawCID([]byte("m"))}, Input: input, Fuel: 1, MemoryPages: 1,
	}).Block()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := contracts.DecodeModelInvocation(cpu); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("a CPU unit's invocation as a model's: %v", err)
	}
}

func TestMalformedModelInvocationsAreRefused(t *testing.T) {
	for name, change := range map[string]func(*contracts.ModelInvocation){
		"no profile":      func(v *contracts.ModelInvocation) { v.Profile = "" },
		"operation":       func(v *contracts.ModelInvocation) { v.Operation = "dream" },
		"no prompt":       func(v *contracts.ModelInvocation) { v.Prompt = "" },
		"two prompts":     func(v *contracts.ModelInvocation) { v.Messages = []contracts.Message{{Role: "user"}} },
		"no bound":        func(v *contracts.ModelInvocation) { v.MaxTokens = 0 },
		"temperature":     func(v *contracts.ModelInvocation) { v.Temperature = 3 },
		"top_p":           func(v *contracts.ModelInvocation) { v.TopP = 0 },
		"salt":            func(v *contracts.ModelInvocation) { v.Salt = make([]byte, 65) },
		"too long a name": func(v *contracts.ModelInvocation) { v.Name = strings.Repeat("x", 257) },
		"another version": func(v *contracts.ModelInvocation) { v.V = 2 },
	} {
		block, err := modelInvocation(change).Block()
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := contracts.DecodeModelInvocation(block); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	huge := modelInvocation(func(v *contracts.ModelInvocation) { v.Prompt = strings.Repeat("x", contracts.MaxModelInvocation) })
	if _, err := huge.Block(); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("a call that fits into no frame: %v", err)
	}
}

func TestModelResults(t *testing.T) {
	link := contracts.Link{Cid: dagcbor.RawCID([]byte("out"))}
	sound := contracts.ModelResult{
		Unit: contracts.Link{Cid: dagcbor.CID([]byte("u"))}, Outcome: contracts.Succeeded, Output: &link, MediaType: contracts.DefaultMediaType, OutputBytes: 3,
		Model: contracts.ModelUse{Model: "m", Class: "c", TokensIn: 3, TokensOut: 4, Calls: 1, Resumed: 2},
	}
	block, err := sound.Block()
	if err != nil {
		t.Fatal(err)
	}
	r, use, _, err := contracts.DecodeAnyResult(block)
	if err != nil || *use != sound.Model || r.OutputBytes != 3 {
		t.Errorf("got %+v with %+v, %v", r, use, err)
	}
	if _, _, err := contracts.DecodeResult(block); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("a model's result as a CPU unit's: %v", err)
	}
	for name, change := range map[string]func(*contracts.ModelResult){
		"no model": func(r *contracts.ModelResult) { r.Model.Model = "" }, "no class": func(r *contracts.ModelResult) { r.Model.Class = "" },
		"negative": func(r *contracts.ModelResult) { r.Model.TokensIn = -1 }, "no call": func(r *contracts.ModelResult) { r.Model.Calls = 0 },
		"more resumed than said": func(r *contracts.ModelResult) { r.Model.Resumed = 5 },
		"a trap": func(r *contracts.ModelResult) {
			r.Outcome, r.ErrorCode, r.Output, r.MediaType, r.OutputBytes = contracts.Failed, contracts.CodeTrap, nil, "", 0
		},
	} {
		bad := sound
		change(&bad)
		block, err := bad.Block()
		if err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := contracts.DecodeAnyResult(block); contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecodeModelInvocation(f *testing.F) {
	for _, v := range []*contracts.ModelInvocation{modelInvocation(nil), modelInvocation(func(v *contracts.ModelInvocation) { v.Operation, v.MaxTokens = contracts.Embed, 0 })} {
		block, err := v.Block()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(block)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, _, err := contracts.DecodeModelInvocation(b)
		if err != nil {
			return
		}
		again, err := v.Block()
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x encodes as %x (%v)", b, again, err)
		}
	})
}
