package sandboxtest_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
)

// TestGuestsDoWhatTheySay runs every guest that ends.
func TestGuestsDoWhatTheySay(t *testing.T) {
	box, err := sandbox.New(t.Context(), sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close(context.Background())
	for name, c := range map[string]struct {
		wasm   []byte
		code   contracts.Code
		output string
	}{
		"echo":    {sandboxtest.Echo(), "", `"input"`},
		"zeros":   {sandboxtest.Zeros(100), "", strings.Repeat("\x00", 100)},
		"trap":    {sandboxtest.Trap(), contracts.CodeTrap, ""},
		"exit":    {sandboxtest.Exit(3), contracts.CodeExitNonzero, ""},
		"loop":    {sandboxtest.Loop(), contracts.CodeOutOfFuel, ""},
		"recurse": {sandboxtest.Recurse(), contracts.CodeStackOverflow, ""},
		"bomb":    {sandboxtest.Bomb(), contracts.CodeOutOfMemory, ""},
		"fill":    {sandboxtest.Fill(100), contracts.CodeOutOfFuel, ""},
		"flood":   {sandboxtest.Flood(), contracts.CodeBadOutput, ""},
		"open":    {sandboxtest.Open("blobs/secret"), "", "\x00\x00\x00\x00text"},
	} {
		t.Run(name, func(t *testing.T) {
			o := runGuest(t, box, c.wasm)
			if o.Code != c.code || string(o.Output) != c.output {
				t.Errorf("%s (%s), output %.100q", o.Code, o.Detail, o.Output)
			}
		})
	}
}

func runGuest(t *testing.T, box *sandbox.Sandbox, wasm []byte) sandbox.Outcome {
	t.Helper()
	m, err := box.Admit(t.Context(), wasm)
	if err != nil {
		t.Fatal(err)
	}
	o, err := box.Run(t.Context(), sandbox.Job{
		Module: m, Input: []byte(`"input"`), Blobs: map[string][]byte{"secret": []byte("text")}, Fuel: 1e9,
		MemoryPages: 128, Unit: dagcbor.RawCID(wasm),
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestNoPathLeadsOutside plants a file where a guest would find it if there were
// a way.
func TestNoPathLeadsOutside(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("secret", []byte("planted"), 0o600); err != nil {
		t.Fatal(err)
	}
	box, err := sandbox.New(t.Context(), sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close(context.Background())
	for _, path := range []string{
		"secret", "./secret", "../secret", "../../secret", "blobs/../../secret", filepath.Join(dir, "secret"),
		"/proc/self/cwd/secret", strings.TrimPrefix(dir, "/") + "/secret", "secret\x00",
	} {
		o := runGuest(t, box, sandboxtest.Open(path))
		if o.Code != "" || len(o.Output) != 4 || binary.LittleEndian.Uint32(o.Output) == 0 || bytes.Contains(o.Output, []byte("planted")) {
			t.Errorf("%q: %s, output %q", path, o.Code, o.Output)
		}
	}
}
