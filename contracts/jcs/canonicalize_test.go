package jcs_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/krako-labs/krako/contracts/jcs"
)

// vectors is testdata/vectors/jcs.json; its README explains the fields.
type vectors struct {
	Canonical []struct{ Name, Input, Canonical string }
	Numbers   []struct{ IEEE754, Canonical string }
	Refused   []struct {
		Name, Input, Pointer string
		InputHex             string `json:"input_hex"`
	}
}

func readVectors(t testing.TB) vectors {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", "vectors", "jcs.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVectorsCanonical(t *testing.T) {
	for _, v := range readVectors(t).Canonical {
		t.Run(v.Name, func(t *testing.T) {
			got, err := jcs.Canonicalize([]byte(v.Input))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != v.Canonical {
				t.Fatalf("got  %s\nwant %s", got, v.Canonical)
			}
			if again, err := jcs.Canonicalize(got); err != nil || !bytes.Equal(again, got) {
				t.Errorf("not idempotent: %s (%v)", again, err)
			}
		})
	}
}

func TestVectorsNumbers(t *testing.T) {
	for _, v := range readVectors(t).Numbers {
		raw, err := hex.DecodeString(v.IEEE754)
		if err != nil {
			t.Fatal(err)
		}
		f := math.Float64frombits(binary.BigEndian.Uint64(raw))
		got, err := jcs.Canonicalize(strconv.AppendFloat(nil, f, 'e', 20, 64))
		if err != nil || string(got) != v.Canonical {
			t.Errorf("%s: got %s (%v), want %s", v.IEEE754, got, err, v.Canonical)
		}
	}
}

func TestVectorsRefused(t *testing.T) {
	for _, v := range readVectors(t).Refused {
		t.Run(v.Name, func(t *testing.T) {
			input := []byte(v.Input)
			if v.InputHex != "" {
				var err error
				if input, err = hex.DecodeString(v.InputHex); err != nil {
					t.Fatal(err)
				}
			}
			got, err := jcs.Canonicalize(input)
			e, ok := errors.AsType[*jcs.Error](err)
			if !ok {
				t.Fatalf("got %s (%v), want a *jcs.Error", got, err)
			}
			if e.Pointer != v.Pointer {
				t.Errorf("got pointer %q (%v), want %q", e.Pointer, err, v.Pointer)
			}
			if _, err := jcs.Value(input); err == nil {
				t.Error("Value accepts it")
			}
			if err := jcs.DecodeStrict(input, new(any)); err == nil {
				t.Error("DecodeStrict accepts it")
			}
		})
	}
}

func TestDepth(t *testing.T) {
	for _, brackets := range []string{"[]", `{"":}`} {
		opening, closing := brackets[:len(brackets)-1], brackets[len(brackets)-1:]
		nest := func(n int) []byte {
			inner := strings.Repeat(opening, n-1) + opening[:1] + closing
			return []byte(inner + strings.Repeat(closing, n-1))
		}
		if _, err := jcs.Value(nest(jcs.MaxDepth)); err != nil {
			t.Errorf("%s at the limit: %v", brackets, err)
		}
		if _, err := jcs.Canonicalize(nest(jcs.MaxDepth + 1)); err == nil {
			t.Errorf("%s beyond the limit: no error", brackets)
		}
	}
}

// A document whose objects are all out of order, one in the other, is sorted in
// time linear in its size: it must not be copied once for each level.
func TestSortsDeepDocuments(t *testing.T) {
	const depth = jcs.MaxDepth - 1
	payload := `"` + strings.Repeat("x", 1<<20) + `"`
	doc := strings.Repeat(`{"b":`, depth) + payload + strings.Repeat(`,"a":1}`, depth)
	want := strings.Repeat(`{"a":1,"b":`, depth) + payload + strings.Repeat(`}`, depth)
	got, err := jcs.Canonicalize([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("not sorted")
	}
}

func TestErrorPathIsBounded(t *testing.T) {
	name := strings.Repeat("n", 3000)
	_, err := jcs.Canonicalize([]byte(strings.Repeat(`{"`+name+`":`, 900) + "!"))
	e, ok := errors.AsType[*jcs.Error](err)
	if !ok || e.Pointer != "/"+name {
		t.Errorf("got %v", err)
	}
}

// document draws any JSON value that Canonicalize accepts.
func document(depth int) *rapid.Generator[any] {
	scalar := rapid.OneOf(
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.String().AsAny(),
		rapid.Int64Range(-jcs.MaxInteger, jcs.MaxInteger).AsAny(),
		rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64).AsAny(),
	)
	if depth == 0 {
		return scalar
	}
	inner := rapid.Deferred(func() *rapid.Generator[any] { return document(depth - 1) })
	return rapid.OneOf(scalar,
		rapid.SliceOfN(inner, 0, 4).AsAny(),
		rapid.MapOfN(rapid.String(), inner, 0, 4).AsAny())
}

// The value, not its spelling, decides the canonical form, and the canonical
// form decides the value.
func TestCanonicalFormIsTheValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := document(4).Draw(t, "value")
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		indented, err := json.MarshalIndent(v, " ", "\t")
		if err != nil {
			t.Fatal(err)
		}
		one, err := jcs.Canonicalize(text)
		if err != nil {
			t.Fatal(err)
		}
		other, err := jcs.Canonicalize(indented)
		if err != nil || !bytes.Equal(one, other) {
			t.Fatalf("%s and %s (%v) for one value", one, other, err)
		}
		sameToStdlib(t, text, one)
	})
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// sameToStdlib checks that a canonical form still means what its source meant.
func sameToStdlib(t failer, source, canonical []byte) {
	t.Helper()
	var before, after any
	if err := json.Unmarshal(source, &before); err != nil {
		t.Fatalf("encoding/json refuses %s: %v", source, err)
	}
	if err := json.Unmarshal(canonical, &after); err != nil {
		t.Fatalf("encoding/json refuses %s: %v", canonical, err)
	}
	if !reflect.DeepEqual(before, after) {
		t.Fatalf("%s became %s", source, canonical)
	}
}

// FuzzCanonicalize checks that nothing is accepted that encoding/json refuses,
// that meaning is kept, and that the result is its own canonical form.
func FuzzCanonicalize(f *testing.F) {
	v := readVectors(f)
	for _, c := range v.Canonical {
		f.Add([]byte(c.Input))
	}
	for _, c := range v.Refused {
		f.Add([]byte(c.Input))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := jcs.Canonicalize(doc)
		if err != nil {
			if e, ok := errors.AsType[*jcs.Error](err); !ok || e.Offset < 0 || e.Offset > len(doc) {
				t.Fatalf("error without a place: %v", err)
			}
			return
		}
		sameToStdlib(t, doc, got)
		if again, err := jcs.Canonicalize(got); err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%s became %s (%v)", got, again, err)
		}
		if v, err := jcs.Value(doc); err != nil {
			t.Fatalf("Value refuses %s: %v", doc, err)
		} else if b, err := json.Marshal(v); err != nil {
			t.Fatal(err)
		} else if again, err := jcs.Canonicalize(b); err != nil || !bytes.Equal(again, got) {
			t.Fatalf("the value of %s is %s (%v)", got, again, err)
		}
	})
}
