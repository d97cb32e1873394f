package dag_test

import (
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

func TestResolveCheck(t *testing.T) {
	checker := dagcbor.RawCID([]byte("checker"))
	of := contracts.Invocation{
		V: 1, Profile: "det-1", Module: contracts.Link{Cid: module}, Entry: "main", Input: contracts.Payload{Inline: []byte(`{"n":1}`)},
		Blobs: map[string]contracts.Link{"b": {Cid: module}}, Fuel: 7, MemoryPages: 3, Salt: []byte("salt"),
	}
	for name, c := range map[string]struct{ mediaType, output, input string }{
		"JSON":           {contracts.DefaultMediaType, ` { "z":1.0, "a":"<" } `, `{"input":{"n":1},"media_type":"application/json","output":{"a":"<","z":1}}`},
		"text":           {"text/plain", `{}`, `{"input":{"n":1},"media_type":"text/plain"}`},
		"JSON that lies": {contracts.DefaultMediaType, `{`, `{"input":{"n":1},"media_type":"application/json"}`},
		"too exact":      {contracts.DefaultMediaType, `1e999`, `{"input":{"n":1},"media_type":"application/json"}`},
	} {
		t.Run(name, func(t *testing.T) {
			out := dag.Output{CID: dagcbor.RawCID([]byte(c.output)), MediaType: c.mediaType}
			res, err := dag.ResolveCheck(checker, "check", dag.Checkee{Invocation: &of, Input: of.Input.Inline, Output: out, Bytes: []byte(c.output), Fuel: 3})
			if err != nil {
				t.Fatal(err)
			}
			inv, id, err := contracts.DecodeInvocation(res.Block)
			if err != nil || !id.Equals(res.Unit) {
				t.Fatalf("it is %s (%v)", id, err)
			}
			if got := string(inv.Input.Inline); got != c.input {
				t.Errorf("the checker is given %s, want %s", got, c.input)
			}
			if !inv.Module.Equals(checker) || inv.Entry != "check" || inv.Fuel != 4 || inv.MemoryPages != 3 || string(inv.Salt) != "salt" || inv.Profile != "det-1" {
				t.Errorf("it is %+v", inv)
			}
			mounted, ok := inv.Blobs[contracts.CheckedBlob]
			if whole := strings.Contains(c.input, "output"); ok == whole || ok && !mounted.Equals(out.CID) || inv.Blobs["b"] != of.Blobs["b"] || len(of.Blobs) != 1 {
				t.Errorf("it mounts %v", inv.Blobs)
			}
		})
	}
}

// A checker has what its unit left, and where that is nothing there is none.
func TestResolveCheckWithoutFuel(t *testing.T) {
	of := contracts.Invocation{V: 1, Profile: "det-1", Module: contracts.Link{Cid: module}, Fuel: 7, MemoryPages: 1}
	for used, want := range map[uint64]contracts.Code{6: "", 7: contracts.CodeOutOfFuel, 8: contracts.CodeOutOfFuel} {
		_, err := dag.ResolveCheck(module, "", dag.Checkee{Invocation: &of, Input: []byte("{}"), Output: dag.Output{CID: module}, Fuel: used})
		if code := contracts.CodeOf(err); err != nil && code != want || err == nil && want != "" {
			t.Errorf("with %d of 7 fuel used: %v, want %q", used, err, want)
		}
	}
}

// An input that does not stand inline is spilled like any other.
func TestResolveCheckSpills(t *testing.T) {
	long := contracts.JSON(`"` + strings.Repeat("x", contracts.InlineBytes) + `"`)
	inv := contracts.Invocation{V: 1, Profile: "det-1", Module: contracts.Link{Cid: module}, Fuel: 1, MemoryPages: 1}
	res, err := dag.ResolveCheck(module, "", dag.Checkee{Invocation: &inv, Input: []byte("{}"), Output: dag.Output{CID: module, MediaType: contracts.DefaultMediaType}, Bytes: long})
	if err != nil || !res.Invocation.Input.Link.Equals(dagcbor.RawCID(res.Spill)) || !strings.Contains(string(res.Spill), string(long)) {
		t.Errorf("%d bytes are spilled (%v)", len(res.Spill), err)
	}
}

func TestVerdictOf(t *testing.T) {
	ok := &contracts.Result{Outcome: contracts.Succeeded}
	for output, want := range map[string]dag.CheckVerdict{
		`{"valid":true}`:                    {Valid: true},
		`{"valid":true,"more":[1]}`:         {Valid: true},
		`{"valid":false}`:                   {Code: contracts.CodeBadOutput, Detail: "verify_with: the checker found the output not valid"},
		`{"valid":false,"reason":"no sum"}`: {Code: contracts.CodeBadOutput, Detail: "verify_with: the checker found the output not valid: no sum"},
	} {
		if got := dag.VerdictOf(ok, []byte(output)); got != want {
			t.Errorf("%s: %+v", output, got)
		}
	}
	for _, output := range []string{``, `{}`, `true`, `{"valid":"true"}`, `{"valid":null}`, `{"valid":1}`, `{"valid":true} x`, `[{"valid":true}]`, `{"valid":true,"valid":false}`} {
		if got := dag.VerdictOf(ok, []byte(output)); got.Valid || got.Refused() || got.Code != contracts.CodeValidation {
			t.Errorf("%s: %+v", output, got)
		}
	}
	for _, code := range []contracts.Code{contracts.CodeTrap, contracts.CodeOutOfFuel, contracts.CodeBadOutput} {
		got := dag.VerdictOf(&contracts.Result{Outcome: contracts.Failed, ErrorCode: code}, nil)
		if got.Valid || got.Refused() || !strings.Contains(got.Detail, string(code)) {
			t.Errorf("%s: %+v", code, got)
		}
	}
	long := dag.VerdictOf(ok, []byte(`{"valid":false,"reason":"`+strings.Repeat("é", 300)+`"}`))
	if len(long.Detail) > 400 || !strings.HasSuffix(long.Detail, "é") {
		t.Errorf("the reason is told as %q", long.Detail)
	}
}
