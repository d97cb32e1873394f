package gguf_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama/gguf"
)

func file(t testing.TB, m *gguf.Model) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := m.WriteTo(&b)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("wrote %d of %d bytes: %v", n, b.Len(), err)
	}
	return b.Bytes()
}

func scripted(t testing.TB, answer string) *gguf.Model {
	t.Helper()
	m, err := gguf.Scripted(answer)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestBuiltInModelIsTheSameEverywhere pins the bytes: transcripts and receipts
// of it are compared across machines.
func TestBuiltInModelIsTheSameEverywhere(t *testing.T) {
	const want = "3f2a6ec799be705d3cabaa413a3437a018083e478a7555293c52da1a7ed5b27b"
	if got := fmt.Sprintf("%x", sha256.Sum256(file(t, gguf.Nonsense().Model()))); got != want {
		t.Errorf("model is %s, was %s", got, want)
	}
}

func TestBuiltInModelsAreSmall(t *testing.T) {
	for name, m := range map[string]*gguf.Model{"nonsense": gguf.Nonsense().Model(), "scripted": scripted(t, strings.Repeat("answer ", 100))} {
		if n := len(file(t, m)); n > 5<<20 {
			t.Errorf("%s has %d bytes", name, n)
		}
	}
}

func TestInspectReadsWhatWasWritten(t *testing.T) {
	s := gguf.Nonsense()
	info, err := gguf.Inspect(bytes.NewReader(file(t, s.Model())))
	if err != nil {
		t.Fatal(err)
	}
	if info.Architecture != "llama" || info.Name != s.Name || info.Context != s.Context || info.Embed != s.Embed ||
		info.Layers != s.Layers || info.Heads != s.Heads || info.KVHeads != s.KVHeads || !info.Template || !info.BatchInvariant() {
		t.Errorf("read %+v of %+v", info, s)
	}
	if want := []string{"<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"}; !slices.Equal(info.Marks, want) {
		t.Errorf("marks are %q, want %q", info.Marks, want)
	}
	if info.Vocab < 360 || info.Params < 80_000 || info.Params > 300_000 {
		t.Errorf("read %d pieces and %d weights", info.Vocab, info.Params)
	}
}

// TestInspectRefusesWhatWouldAbortAServer includes the shape that makes
// llama-server abort: heads that do not divide among those of keys and values.
func TestInspectRefusesWhatWouldAbortAServer(t *testing.T) {
	uneven := gguf.Nonsense()
	uneven.KVHeads = 3
	whole := file(t, gguf.Nonsense().Model())
	huge := bytes.Clone(whole)
	binary.LittleEndian.PutUint64(huge[16:], 1<<60) // metadata values
	for name, data := range map[string][]byte{
		"uneven heads": file(t, uneven.Model()), "not a model": []byte("PK\x03\x04 something else"), "empty": nil,
		"cut short": whole[:4096], "a count beyond belief": huge,
	} {
		if _, err := gguf.Inspect(bytes.NewReader(data)); contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestScriptedRefusesWhatItCannotAnswer(t *testing.T) {
	for _, answer := range []string{"", "\n", strings.Repeat("x", 1025), "\xff"} {
		if _, err := gguf.Scripted(answer); contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%.10q: %v", answer, err)
		}
	}
}

func FuzzInspect(f *testing.F) {
	f.Add(file(f, gguf.Nonsense().Model())[:12<<10])
	small := gguf.Nonsense()
	small.Embed, small.Hidden, small.Layers = 32, 32, 1
	f.Add(file(f, small.Model()))
	f.Fuzz(func(t *testing.T, b []byte) {
		info, err := gguf.Inspect(bytes.NewReader(b))
		if err == nil && (info.Architecture == "" || info.Vocab == 0 || info.Layers <= 0) {
			t.Errorf("accepted %+v", info)
		}
	})
}
