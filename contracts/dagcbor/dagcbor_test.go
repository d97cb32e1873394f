package dagcbor_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts/dagcbor"
)

type sample struct {
	Name   string            `cbor:"name"`
	Count  uint64            `cbor:"count,omitempty"`
	Ratio  float64           `cbor:"ratio,omitempty"`
	Output dagcbor.Link      `cbor:"output,omitempty"`
	Module *dagcbor.Link     `cbor:"module,omitempty"`
	Blobs  map[string][]byte `cbor:"blobs,omitempty"`
	At     time.Time         `cbor:"at"`
	Input  any               `cbor:"input"`
	List   []string          `cbor:"list"`
}

func link(s string) dagcbor.Link { return dagcbor.Link{Cid: dagcbor.RawCID([]byte(s))} }

func TestStructRoundTrip(t *testing.T) {
	module := link("module")
	for name, in := range map[string]sample{
		"zero": {},
		"full": {
			Name: "unit", Count: math.MaxUint64, Ratio: 0.5, Output: link("output"), Module: &module,
			Blobs: map[string][]byte{"a": {1, 2}},
			At:    time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC),
			Input: map[string]any{"n": int64(-3), "l": []any{link("x"), nil, true, 1.5, []byte{0}}},
			List:  []string{"x"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := dagcbor.Marshal(in)
			if err != nil {
				t.Fatal(err)
			}
			var out sample
			if err := dagcbor.Unmarshal(b, &out); err != nil {
				t.Fatal(err)
			}
			again, err := dagcbor.Marshal(&out)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(hex.EncodeToString(b), hex.EncodeToString(again)); diff != "" {
				t.Errorf("second encoding differs:\n%s", diff)
			}
			if name == "full" && !cmp.Equal(in, out, cmp.Comparer(func(a, b dagcbor.Link) bool { return a == b })) {
				t.Errorf("got %+v, want %+v", out, in)
			}
		})
	}
}

func TestMarshalRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		value any
		rule  dagcbor.Rule
	}{
		"NaN":            {math.NaN(), dagcbor.RuleType},
		"infinity":       {[]any{math.Inf(-1)}, dagcbor.RuleType},
		"float32":        {float32(1), dagcbor.RuleFloatWidth},
		"undefined link": {dagcbor.Link{}, dagcbor.RuleLink},
		"integer key":    {map[int]string{1: "a"}, dagcbor.RuleKeyType},
		"invalid text":   {"\xff", dagcbor.RuleUTF8},
		"raw spelling":   {dagcbor.Raw{0x18, 0x01}, dagcbor.RuleShortest},
		"channel":        {make(chan int), dagcbor.RuleType},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := dagcbor.Marshal(c.value)
			wantRule(t, err, c.rule)
		})
	}
}

func wantRule(t *testing.T, err error, want dagcbor.Rule) {
	t.Helper()
	e, ok := errors.AsType[*dagcbor.Error](err)
	if !ok {
		t.Fatalf("got %v, want a *dagcbor.Error of rule %q", err, want)
	}
	if e.Rule != want {
		t.Fatalf("got rule %q (%v), want %q", e.Rule, err, want)
	}
}

func TestLinkJSON(t *testing.T) {
	l := link("x")
	b, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"/":"` + l.String() + `"}`; string(b) != want {
		t.Errorf("got %s, want %s", b, want)
	}
	var back dagcbor.Link
	if err := json.Unmarshal(b, &back); err != nil || back != l {
		t.Errorf("got %v (%v), want %v", back, err, l)
	}
}

func TestVerify(t *testing.T) {
	data := []byte("block")
	for _, c := range []cid.Cid{dagcbor.CID(data), dagcbor.RawCID(data)} {
		if err := dagcbor.Verify(c, data); err != nil {
			t.Errorf("%s: %v", c, err)
		}
		err := dagcbor.Verify(c, []byte("other"))
		if _, ok := errors.AsType[*dagcbor.MismatchError](err); !ok {
			t.Errorf("%s: got %v, want a mismatch", c, err)
		}
	}
}
