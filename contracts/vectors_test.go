package contracts_test

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/contracts/jcs"
)

// vectors decodes a file of testdata/vectors, whose values come from a second
// implementation (README.md there).
func vectors[T any](t testing.TB, name string) T {
	t.Helper()
	doc, err := os.ReadFile("testdata/vectors/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var v T
	if err := jcs.DecodeStrict(doc, &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

// hexBytes are bytes in hexadecimal.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	*h = b
	return err
}

// cidByHand spells the content address of a block from its parts: version 1,
// codec, sha2-256, length of the hash, hash, all in base32 without padding.
func cidByHand(codec byte, block []byte) string {
	digest := sha256.Sum256(block)
	raw := append([]byte{1, codec, 0x12, 0x20}, digest[:]...)
	return "b" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw))
}

const (
	codecRaw  = 0x55
	codecCBOR = 0x71
)

// dagJSON returns the DAG-JSON form of a block as a generic value.
func dagJSON(t testing.TB, block []byte) any {
	t.Helper()
	var v any
	if err := dagcbor.Unmarshal(block, &v); err != nil {
		t.Fatal(err)
	}
	doc, err := json.Marshal(spellBytes(v))
	if err != nil {
		t.Fatal(err)
	}
	g, err := jcs.Value(doc)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// spellBytes replaces bytes by their DAG-JSON form; links have theirs already.
func spellBytes(v any) any {
	switch v := v.(type) {
	case []byte:
		return map[string]any{"/": map[string]any{"bytes": base64.RawStdEncoding.EncodeToString(v)}}
	case []any:
		for i := range v {
			v[i] = spellBytes(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = spellBytes(v[k])
		}
	}
	return v
}

// wantCode checks that err is an *Error with the code.
func wantCode(t testing.TB, err error, code contracts.Code) {
	t.Helper()
	if err == nil || contracts.CodeOf(err) != code {
		t.Errorf("got %v, want an error with %s", err, code)
	}
}
