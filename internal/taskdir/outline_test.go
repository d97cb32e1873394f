package taskdir_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/internal/taskdir"
)

func noop(t testing.TB) []byte {
	t.Helper()
	wasm, err := os.ReadFile("../../wasmtasks/noop/noop.wasm")
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

func TestOutline(t *testing.T) {
	got := taskdir.ReadOutline(noop(t))
	want := taskdir.Outline{
		Sections: []taskdir.Section{{Name: "type", Bytes: 27}, {Name: "import", Bytes: 70}, {Name: "function", Bytes: 4}, {Name: "memory", Bytes: 3}, {Name: "export", Bytes: 25}, {Name: "code", Bytes: 118}},
		Imports:  []string{"wasi_snapshot_preview1.fd_write", "wasi_snapshot_preview1.proc_exit"},
		Exports:  []taskdir.Export{{Name: "memory", Kind: "memory"}, {Name: "run", Kind: "function"}, {Name: "_start", Kind: "function"}},
		Memories: []taskdir.Memory{{Min: 1}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestOutlineOfWhatCannotBeRead(t *testing.T) {
	whole := string(noop(t))
	header := whole[:8]
	for _, tc := range []struct{ name, wasm, broken string }{
		{"nothing", "", "not a WebAssembly core module"},
		{"component", "\x00asm\x0d\x00\x01\x00", "not a WebAssembly core module"},
		{"cut off", whole[:100], "after 1 sections"},
		{"section longer than the module", header + "\x01\xff\xff\xff\xff\x0f", "after 0 sections"},
		{"import of no kind", header + "\x02\x06\x01\x01a\x01b\x09", "import section"},
		{"more exports than bytes", header + "\x07\x05\xff\xff\xff\xff\x0f", "export section"},
		{"empty", header, ""},
	} {
		if got := taskdir.ReadOutline([]byte(tc.wasm)); got.Broken != tc.broken {
			t.Errorf("%s: broken %q, want %q", tc.name, got.Broken, tc.broken)
		}
	}
	max := uint64(2)
	got := taskdir.ReadOutline([]byte(header + "\x00\x05\x04name" + "\x05\x04\x01\x01\x01\x02" + "\x63\x00"))
	want := taskdir.Outline{
		Sections: []taskdir.Section{{Name: "custom name", Bytes: 5}, {Name: "memory", Bytes: 4}, {Name: "unknown (99)"}},
		Memories: []taskdir.Memory{{Min: 1, Max: &max}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// FuzzReadOutline checks that no bytes do harm or are told to be larger than
// they are.
func FuzzReadOutline(f *testing.F) {
	f.Add(noop(f))
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x02\x06\x01\x01a\x01b\x09"))
	f.Fuzz(func(t *testing.T, wasm []byte) {
		o := taskdir.ReadOutline(wasm)
		total := 0
		for _, s := range o.Sections {
			total += s.Bytes
		}
		if total > len(wasm) || len(o.Imports)+len(o.Exports)+len(o.Memories) > len(wasm) {
			t.Errorf("%d bytes have %d in sections, %d imports, %d exports", len(wasm), total, len(o.Imports), len(o.Exports))
		}
	})
}

func TestInspect(t *testing.T) {
	s, _ := admit(t, noop(t))
	i, err := taskdir.Inspect(t.Context(), s, noop(t))
	if err != nil {
		t.Fatal(err)
	}
	a := i.Admitted
	if i.Refusal != nil || a == nil || a.ABI != "command" || a.Profile != sandbox.Profile || a.RewrittenBytes == 0 || !a.Rewritten.Defined() || !a.Snapshot.Defined() {
		t.Errorf("%+v, admitted %+v", i, a)
	}
}

func TestInspectRefused(t *testing.T) {
	const (
		header  = "\x00asm\x01\x00\x00\x00"
		types   = "\x01\x04\x01\x60\x00\x00"
		imports = "\x02\x0d\x01\x03env\x05abort\x00\x00"
	)
	s, _ := admit(t, noop(t))
	i, err := taskdir.Inspect(t.Context(), s, []byte(header+types+imports))
	if err != nil {
		t.Fatal(err)
	}
	if i.Admitted != nil || i.Refusal == nil || i.Refusal.Code != contracts.CodeValidation || i.Refusal.Offender == "" {
		t.Errorf("admitted %+v, refusal %v", i.Admitted, i.Refusal)
	}
	if d := cmp.Diff([]string{"env.abort"}, i.Imports); d != "" {
		t.Error(d)
	}
}
