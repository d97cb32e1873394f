package sandbox_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox"
)

func guestFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func noop(t testing.TB) []byte  { return guestFile(t, "../../wasmtasks/noop/noop.wasm") }
func sumC(t testing.TB) []byte  { return guestFile(t, "testdata/src/sumc/sum.wasm") }
func wasiC(t testing.TB) []byte { return guestFile(t, "testdata/src/wasic/main.wasm") }

// TestVectors fixes outcomes of committed modules, so that a change of what
// det-1 charges or shows cannot go unnoticed on any architecture.
func TestVectors(t *testing.T) {
	compiler, interpreter := engines(t)
	for _, v := range []struct {
		name, entry, input string
		wasm               []byte
		fuel               uint64
		pages              uint32
		output             string // hex of its SHA-256
	}{
		{"noop", "", "", noop(t), 26932, 1, "6c45f24302056246"},
		{"sum", "sum", `{"values":[1,2,3,-4]}`, sumC(t), 1934, 1, "d4735e3a265e16ee"},
		{"wasi-libc", "go", `[1,2]`, wasiC(t), 52049, 2, "5f5449baacdb3420"},
	} {
		for engine, s := range map[string]*sandbox.Sandbox{"compiler": compiler, "interpreter": interpreter} {
			t.Run(v.name+"/"+engine, func(t *testing.T) {
				j := job(admit(t, s, v.wasm), v.entry, v.input)
				j.Blobs = map[string][]byte{"a": []byte("alpha"), "b": {}}
				o := run(t, s, j)
				wantCode(t, o, "")
				sum := sha256.Sum256(o.Output)
				if got := hex.EncodeToString(sum[:8]); o.FuelUsed != v.fuel || o.MemoryPages != v.pages || got != v.output {
					t.Errorf("fuel %d, pages %d, output %s:\n%s\nwant %d, %d, %s", o.FuelUsed, o.MemoryPages, got, o.Output, v.fuel, v.pages, v.output)
				}
			})
		}
	}
}

func TestWASILibc(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	j := job(admit(t, s, wasiC(t)), "go", `[1,2]`)
	j.Blobs = map[string][]byte{"a": []byte("alpha"), "b": {}}
	o := run(t, s, j)
	wantCode(t, o, "")
	if string(o.Stderr) != "done\n" {
		t.Errorf("log = %q", o.Stderr)
	}
	want := `krako go reads 5 bytes
entry .
entry ..
entry a
entry b
/blobs/a: 5 of 5 bytes, second 'l'
/blobs/none: No such file or directory
write: Read-only file system
create: Read-only file system
time 1767225600, HOME unset
`
	got, entropy, _ := strings.Cut(string(o.Output), "entropy ")
	if d := cmp.Diff(want, got); d != "" || len(entropy) != len("01234567\n") {
		t.Errorf("%s\nentropy %q", d, entropy)
	}
	if o := run(t, s, job(j.Module, "fail", "")); o.Code != contracts.CodeExitNonzero || o.Detail != "exit code 7" {
		t.Errorf("%s %s", o.Code, o.Detail)
	}
}
