package dagcbor_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts/dagcbor"
)

// vectors is testdata/vectors/dagcbor.json; its README explains the fields.
type vectors struct {
	Accepted []struct {
		Name, Hex, CID string
		Value          json.RawMessage
	}
	Refused []struct {
		Name, Hex string
		Rule      dagcbor.Rule
	}
}

func readVectors(t testing.TB) vectors {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", "vectors", "dagcbor.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fromDagJSON reads a value as DAG-JSON writes it.
func fromDagJSON(t *testing.T, text []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return generic(t, v)
}

func generic(t *testing.T, v any) any {
	t.Helper()
	switch v := v.(type) {
	case json.Number:
		return number(t, v.String())
	case []any:
		for i := range v {
			v[i] = generic(t, v[i])
		}
		return v
	case map[string]any:
		switch special := v["/"].(type) {
		case string:
			l, err := dagcbor.ParseLink(special)
			if err != nil {
				t.Fatal(err)
			}
			return l
		case map[string]any:
			b, err := base64.RawStdEncoding.DecodeString(special["bytes"].(string))
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		for k := range v {
			v[k] = generic(t, v[k])
		}
		return v
	default:
		return v
	}
}

func number(t *testing.T, text string) any {
	t.Helper()
	if strings.ContainsAny(text, ".e") {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestVectorsAccepted(t *testing.T) {
	for _, v := range readVectors(t).Accepted {
		t.Run(v.Name, func(t *testing.T) {
			block, want := unhex(t, v.Hex), fromDagJSON(t, v.Value)
			var got any
			if err := dagcbor.Unmarshal(block, &got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) || sign(got) != sign(want) {
				t.Errorf("decodes as %#v, want %#v", got, want)
			}
			again, err := dagcbor.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again, block) {
				t.Errorf("encodes as %x, want %x", again, block)
			}
			if c := dagcbor.CID(block); c.String() != v.CID {
				t.Errorf("got CID %s, want %s", c, v.CID)
			}
		})
	}
}

// sign tells -0.0 from 0.0, which are equal.
func sign(v any) bool {
	f, ok := v.(float64)
	return ok && math.Signbit(f)
}

func TestVectorsRefused(t *testing.T) {
	for _, v := range readVectors(t).Refused {
		t.Run(v.Name, func(t *testing.T) {
			block := unhex(t, v.Hex)
			wantRule(t, dagcbor.Check(block), v.Rule)
			wantRule(t, dagcbor.Unmarshal(block, new(any)), v.Rule)
			var raw dagcbor.Raw
			wantRule(t, dagcbor.Unmarshal(block, &raw), v.Rule)
			if _, err := dagcbor.Marshal(dagcbor.Raw(block)); len(block) > 0 && err == nil {
				t.Error("Marshal passes it through")
			}
		})
	}
}

// FuzzUnmarshal checks that what decodes encodes to the same bytes, and that
// the scan alone already decides for generic values.
func FuzzUnmarshal(f *testing.F) {
	v := readVectors(f)
	for _, a := range v.Accepted {
		f.Add(unhex(f, a.Hex))
	}
	for _, r := range v.Refused {
		f.Add(unhex(f, r.Hex))
	}
	f.Fuzz(func(t *testing.T, block []byte) {
		checked := dagcbor.Check(block)
		var value any
		if err := dagcbor.Unmarshal(block, &value); err == nil {
			sameBytes(t, block, value)
		} else if checked == nil && !hasGreatUint(block) {
			t.Fatalf("Check passes what Unmarshal refuses: %v", err)
		}
		var typed sample
		if err := dagcbor.Unmarshal(block, &typed); err == nil {
			if checked != nil {
				t.Fatalf("Unmarshal passes what Check refuses: %v", checked)
			}
			sameBytes(t, block, typed)
		}
	})
}

func sameBytes(t *testing.T, block []byte, v any) {
	t.Helper()
	again, err := dagcbor.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again, block) {
		t.Fatalf("%x decodes as %#v, which is %x", block, v, again)
	}
}

// hasGreatUint reports whether block may hold an integer of 2^63 and more, which
// no generic value can.
func hasGreatUint(block []byte) bool { return bytes.IndexByte(block, 0x1b) >= 0 }
