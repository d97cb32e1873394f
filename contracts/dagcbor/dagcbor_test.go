package dagcbor_test

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts/dagcbor"
)

type sample struct {
	Name   string            `cbor:"name"`
	Count  uint64            `cbor:"count,omitempty"`
	Ratio  float64           `cbor:"ratio,omitempty"`
	Output dagcbor.Link      `cbor:"output,omitempty"`
	Module *dagcbor.Link     `cbor:"module,omitempty"`
	Blobs  map[string][]byte `cbor:"blobs,omitempty"`
	At     time.Time         `cbor:"at,omitzero"`
	Input  any               `cbor:"input"`
	List   []string          `cbor:"list"`
}

func link(s string) dagcbor.Link { return dagcbor.Link{Cid: dagcbor.RawCID([]byte(s))} }

// full is a sample with every field in use, of the size of a real block.
func full() sample {
	module := link("module")
	return sample{
		Name: "unit", Count: math.MaxUint64, Ratio: 0.5, Output: link("output"), Module: &module,
		Blobs: map[string][]byte{"a": {1, 2}, "b": bytes.Repeat([]byte{7}, 100)},
		At:    time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC),
		Input: map[string]any{"n": int64(-3), "l": []any{link("x"), nil, true, 1.5, []byte{0}}},
		List:  []string{"x"},
	}
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := dagcbor.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
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

func TestStructRoundTrip(t *testing.T) {
	for name, in := range map[string]sample{"least": {List: []string{}}, "full": full()} {
		var out sample
		if err := dagcbor.Unmarshal(encode(t, in), &out); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(in, out) {
			t.Errorf("%s: got %+v, want %+v", name, out, in)
		}
	}
}

// One value has one spelling also where Go has two.
func TestEqualValuesHaveEqualBytes(t *testing.T) {
	elsewhere := time.FixedZone("elsewhere", 3600)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, pair := range map[string][2]any{
		"nil and empty slice":   {[]string(nil), []string{}},
		"nil and empty bytes":   {[]byte(nil), []byte{}},
		"nil and empty map":     {map[string]int(nil), map[string]int{}},
		"value and pointer":     {full(), new(full())},
		"kinds of integers":     {int8(5), uint64(5)},
		"an instant elsewhere":  {now, now.In(elsewhere)},
		"struct and map":        {struct{ A, B int }{1, 2}, map[string]any{"B": int64(2), "A": int64(1)}},
		"empty field and none":  {sample{}, sample{Blobs: map[string][]byte{}}},
		"array and slice":       {[2]int{1, 2}, []any{int64(1), int64(2)}},
		"byte array and string": {[2]byte{1, 2}, []byte{1, 2}},
	} {
		if one, other := encode(t, pair[0]), encode(t, pair[1]); !bytes.Equal(one, other) {
			t.Errorf("%s: %x and %x", name, one, other)
		}
	}
}

// What is sound DAG-CBOR is refused all the same when the Go type would spell
// it otherwise: a block has one reading, and its CID one value.
func TestUnmarshalRefusesOtherSpellings(t *testing.T) {
	type m = map[string]any
	with := func(name string, v any) m { return m{"name": "n", "input": nil, "list": []any{}, name: v} }
	for name, c := range map[string]struct {
		value m
		rule  dagcbor.Rule
	}{
		"field missing":        {m{"name": "n", "list": []any{}}, dagcbor.RuleSpelling},
		"unknown field":        {with("extra", int64(1)), dagcbor.RuleType},
		"field in capitals":    {with("Count", int64(1)), dagcbor.RuleType},
		"zero spelled out":     {with("count", int64(0)), dagcbor.RuleSpelling},
		"empty spelled out":    {with("blobs", m{}), dagcbor.RuleSpelling},
		"minus zero":           {with("ratio", math.Copysign(0, -1)), dagcbor.RuleSpelling},
		"integer for a float":  {with("ratio", int64(1)), dagcbor.RuleSpelling},
		"float for an integer": {with("count", 1.0), dagcbor.RuleType},
		"negative for uint64":  {with("count", int64(-1)), dagcbor.RuleType},
		"null for text":        {with("name", nil), dagcbor.RuleSpelling},
		"null for an array":    {with("list", nil), dagcbor.RuleSpelling},
		"null for a link":      {with("output", nil), dagcbor.RuleType},
		"null pointer":         {with("module", nil), dagcbor.RuleSpelling},
		"bytes for a link":     {with("output", link("x").Bytes()), dagcbor.RuleType},
		"bytes for text":       {with("name", []byte("n")), dagcbor.RuleType},
		"link for an array":    {with("list", link("x")), dagcbor.RuleType},
		"time with an offset":  {with("at", "2026-01-02T04:04:05+01:00"), dagcbor.RuleSpelling},
		"time with zeros":      {with("at", "2026-01-02T03:04:05.000Z"), dagcbor.RuleSpelling},
		"time as an integer":   {with("at", int64(1)), dagcbor.RuleSpelling},
	} {
		t.Run(name, func(t *testing.T) {
			wantRule(t, dagcbor.Unmarshal(encode(t, c.value), &sample{}), c.rule)
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
		"undefined link": {map[string]any{"a": dagcbor.Link{}}, dagcbor.RuleLink},
		"integer key":    {map[int]string{1: "a"}, dagcbor.RuleKeyType},
		"invalid text":   {"\xff", dagcbor.RuleUTF8},
		"raw spelling":   {dagcbor.Raw{0x18, 0x01}, dagcbor.RuleShortest},
		"channel":        {make(chan int), dagcbor.RuleType},
		"too deep":       {nested(dagcbor.MaxDepth + 1), dagcbor.RuleDepth},
		"too many":       {make([]bool, dagcbor.MaxItems+1), dagcbor.RuleItems},
		"too long":       {make([]byte, dagcbor.MaxSize), dagcbor.RuleSize},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := dagcbor.Marshal(c.value)
			wantRule(t, err, c.rule)
		})
	}
}

// nested returns n arrays, one in the other.
func nested(n int) any {
	v := []any{}
	for range n - 1 {
		v = []any{v}
	}
	return v
}

func TestBoundsAreWithinReach(t *testing.T) {
	for name, v := range map[string]any{
		"deep": nested(dagcbor.MaxDepth),
		"many": make([]any, dagcbor.MaxItems),
		"long": string(make([]byte, dagcbor.MaxSize-5)),
	} {
		block := encode(t, v)
		if err := dagcbor.Unmarshal(block, new(any)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := dagcbor.Unmarshal(block, new(dagcbor.Raw)); err != nil {
			t.Errorf("%s, kept raw: %v", name, err)
		}
	}
}

func TestUnsignedBeyondInt64NeedsAField(t *testing.T) {
	block := encode(t, uint64(math.MaxUint64))
	var typed uint64
	if err := dagcbor.Unmarshal(block, &typed); err != nil || typed != math.MaxUint64 {
		t.Errorf("got %d (%v)", typed, err)
	}
	wantRule(t, dagcbor.Unmarshal(block, new(any)), dagcbor.RuleType)
}

func TestResultDoesNotAliasTheBlock(t *testing.T) {
	block := encode(t, full())
	var out sample
	if err := dagcbor.Unmarshal(block, &out); err != nil {
		t.Fatal(err)
	}
	for i := range block {
		block[i] = 0xee
	}
	if !reflect.DeepEqual(out, full()) {
		t.Error("the value changed with the block")
	}
}

func TestCheckAllocatesNothing(t *testing.T) {
	block := encode(t, full())
	allocs := testing.AllocsPerRun(100, func() {
		if err := dagcbor.Check(block); err != nil {
			t.Error(err)
		}
	})
	if allocs != 0 {
		t.Errorf("got %v allocations", allocs)
	}
}

func BenchmarkMarshal(b *testing.B) {
	v := full()
	b.SetBytes(int64(len(encode(b, v))))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dagcbor.Marshal(&v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	block := encode(b, full())
	b.SetBytes(int64(len(block)))
	b.ReportAllocs()
	for b.Loop() {
		var v sample
		if err := dagcbor.Unmarshal(block, &v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	block := encode(b, full())
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		if err := dagcbor.Check(block); err != nil {
			b.Fatal(err)
		}
	}
}
