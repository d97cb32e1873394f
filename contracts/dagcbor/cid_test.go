package dagcbor_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts/dagcbor"
)

func TestCIDsAreGoCIDs(t *testing.T) {
	for _, data := range [][]byte{nil, {0xa0}, []byte("block"), make([]byte, 1<<16)} {
		for codec, got := range map[uint64]cid.Cid{cid.DagCBOR: dagcbor.CID(data), cid.Raw: dagcbor.RawCID(data)} {
			want, err := cid.Prefix{Version: 1, Codec: codec, MhType: 0x12, MhLength: 32}.Sum(data)
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("%d bytes, codec %x: got %s, want %s", len(data), codec, got, want)
			}
			if err := dagcbor.Verify(got, data); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestVerifyRefusesAnotherBlock(t *testing.T) {
	for _, c := range []cid.Cid{dagcbor.CID([]byte("block")), dagcbor.RawCID([]byte("block"))} {
		err := dagcbor.Verify(c, []byte("other"))
		e, ok := errors.AsType[*dagcbor.MismatchError](err)
		if !ok || e.Want != c || e.Got.Type() != c.Type() || dagcbor.Verify(e.Got, []byte("other")) != nil {
			t.Errorf("%s: got %v", c, err)
		}
	}
}

func TestVerifyRefusesOtherKinds(t *testing.T) {
	data := []byte("block")
	for name, p := range map[string]cid.Prefix{
		"version 0":          {Version: 0, Codec: cid.DagProtobuf, MhType: 0x12, MhLength: 32},
		"dag-pb":             {Version: 1, Codec: cid.DagProtobuf, MhType: 0x12, MhLength: 32},
		"sha2-512":           {Version: 1, Codec: cid.Raw, MhType: 0x13, MhLength: 64},
		"sha2-256 truncated": {Version: 1, Codec: cid.Raw, MhType: 0x12, MhLength: 20},
		"identity":           {Version: 1, Codec: cid.Raw, MhType: 0x00, MhLength: -1},
		"another 32 bytes":   {Version: 1, Codec: cid.Raw, MhType: 0x16, MhLength: 32}, // sha3-256
		"another codec":      {Version: 1, Codec: cid.DagJSON, MhType: 0x12, MhLength: 32},
	} {
		c, err := p.Sum(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, ok := errors.AsType[*dagcbor.KindError](dagcbor.Verify(c, data)); !ok {
			t.Errorf("%s: no *KindError", name)
		}
	}
	if _, ok := errors.AsType[*dagcbor.KindError](dagcbor.Verify(cid.Undef, data)); !ok {
		t.Error("undefined: no *KindError")
	}
}

func TestVerifyAllocatesNothing(t *testing.T) {
	data := make([]byte, 400)
	c := dagcbor.CID(data)
	if n := testing.AllocsPerRun(100, func() { _ = dagcbor.Verify(c, data) }); n != 0 {
		t.Errorf("Verify: got %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { _ = dagcbor.CID(data) }); n > 1 {
		t.Errorf("CID: got %v allocations, want that of the CID itself", n)
	}
}

func TestLinkJSON(t *testing.T) {
	type doc struct {
		A dagcbor.Link            `json:"a"`
		B *dagcbor.Link           `json:"b"`
		C dagcbor.Link            `json:"c,omitzero"`
		D map[string]dagcbor.Link `json:"d"`
		N dagcbor.Link            `json:"n"`
	}
	x, y := link("x"), link("y")
	in := doc{A: x, B: &y, D: map[string]dagcbor.Link{"k": y}}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("X", x.String(), "Y", y.String()).
		Replace(`{"a":{"/":"X"},"b":{"/":"Y"},"d":{"k":{"/":"Y"}},"n":null}`)
	if string(b) != want {
		t.Errorf("got %s, want %s", b, want)
	}
	var out doc
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	if out.A != x || *out.B != y || out.D["k"] != y || out.N.Defined() {
		t.Errorf("got %+v", out)
	}
}

func TestLinkJSONRefuses(t *testing.T) {
	c := link("x").Cid
	base58, err := c.StringOfBase('z')
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"bare text":         `"` + c.String() + `"`,
		"another key":       `{"cid":"` + c.String() + `"}`,
		"two keys":          `{"/":"` + c.String() + `","x":"y"}`,
		"no key":            `{}`,
		"no text":           `{"/":null}`,
		"number":            `{"/":1}`,
		"another multibase": `{"/":"` + base58 + `"}`,
		"capitals":          `{"/":"` + strings.ToUpper(c.String()) + `"}`,
		"a path":            `{"/":"/ipfs/` + c.String() + `"}`,
		"cut short":         `{"/":"` + c.String()[:20] + `"}`,
		"very long":         `{"/":"z` + strings.Repeat("1", 1<<20) + `"}`,
	} {
		var l dagcbor.Link
		if err := json.Unmarshal([]byte(text), &l); err == nil {
			t.Errorf("%s: got %s", name, l)
		}
	}
}

func TestLinkText(t *testing.T) {
	for _, want := range []dagcbor.Link{{}, link("x")} {
		text, err := want.MarshalText()
		if err != nil || string(text) != want.String() {
			t.Errorf("got %q (%v), want %q", text, err, want)
		}
		got := link("another")
		if err := got.UnmarshalText(text); err != nil || got != want {
			t.Errorf("%q: got %q (%v), want %q", text, got, err, want)
		}
	}
	if s := (dagcbor.Link{}).String(); s != "" {
		t.Errorf("undefined: got %q", s)
	}
}

// FuzzParseLink checks that a text that is accepted is the one of its CID.
func FuzzParseLink(f *testing.F) {
	f.Add(link("x").String())
	f.Add("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N")
	f.Add("zb2rhe5P4gXftAwvA4eXQ5HJwsER2owDyS9sKaQRRVQPn93bA")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := dagcbor.ParseLink(text)
		if err != nil {
			return
		}
		if l.String() != text {
			t.Fatalf("%q parses as %s", text, l)
		}
		var back dagcbor.Link
		if block, err := dagcbor.Marshal(l); err != nil {
			t.Fatal(err)
		} else if err := dagcbor.Unmarshal(block, &back); err != nil || back != l {
			t.Fatalf("%s: got %s (%v)", l, back, err)
		}
	})
}

func BenchmarkCID(b *testing.B) {
	data := make([]byte, 400)
	b.ReportAllocs()
	for b.Loop() {
		dagcbor.CID(data)
	}
}

func BenchmarkVerify(b *testing.B) {
	data := make([]byte, 400)
	c := dagcbor.CID(data)
	b.ReportAllocs()
	for b.Loop() {
		if err := dagcbor.Verify(c, data); err != nil {
			b.Fatal(err)
		}
	}
}
