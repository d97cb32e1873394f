//go:build !race

package sandbox

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// largeGuest is a module that is large enough to have a husk.
func largeGuest(t *testing.T) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "reactor.wasm")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-buildmode=c-shared", "-o", out, "./testdata/src/reactor")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

func open(t *testing.T, cfg Config) *Sandbox {
	t.Helper()
	s, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

func sumOf(t *testing.T, m *Module) Outcome {
	t.Helper()
	o, err := m.sandbox.Run(t.Context(), Job{Module: m, Entry: "sum", Input: []byte(`{"values":[1,2]}`), Unit: m.id})
	if err != nil || o.Code != "" {
		t.Fatal(o, err)
	}
	return o
}

// codeFiles are the engine's files of native code below dir.
func codeFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "wazero-*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestHusksHaveTheirModulesCode admits a module, loads it by its husk, and takes
// its code away, which nothing may take for the module's.
func TestHusksHaveTheirModulesCode(t *testing.T) {
	wasm := largeGuest(t)
	whole, err := open(t, Config{}).Admit(t.Context(), wasm)
	if err != nil {
		t.Fatal(err)
	}
	want := sumOf(t, whole)
	same := func(what string, m *Module, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if d := cmp.Diff(want, sumOf(t, m)); d != "" || m.Snapshot() != whole.Snapshot() {
			t.Errorf("%s: another outcome than of the whole module, from snapshot %v and %v: %s", what, m.Snapshot(), whole.Snapshot(), d)
		}
	}
	dir := filepath.Join(t.TempDir(), "code")
	m, err := open(t, Config{CacheDir: dir}).Admit(t.Context(), wasm)
	same("admitted", m, err)
	files := codeFiles(t, dir)
	if len(files) != 1 {
		t.Fatalf("files of native code: %v", files)
	}
	code, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	m, err = open(t, Config{CacheDir: dir, ReadOnly: true}).Load(t.Context(), whole.id)
	same("loaded", m, err)
	for _, again := range []string{"admit", "load after a reader"} {
		if err := os.Remove(files[0]); err != nil {
			t.Fatal(err)
		}
		if again == "load after a reader" {
			_, err := open(t, Config{CacheDir: dir, ReadOnly: true}).Load(t.Context(), whole.id)
			if contracts.CodeOf(err) != contracts.CodeNotFound {
				t.Errorf("a reader without native code: %v", err)
			}
		}
		s := open(t, Config{CacheDir: dir})
		if again == "admit" {
			m, err = s.Admit(t.Context(), wasm)
		} else {
			m, err = s.Load(t.Context(), whole.id)
		}
		same(again, m, err)
		if now, err := os.ReadFile(files[0]); err != nil || !bytes.Equal(now, code) {
			t.Errorf("%s: the native code is another, %v", again, err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "compile-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	s := open(t, Config{CacheDir: dir, Engine: EngineInterpreter})
	m, err = s.Load(t.Context(), whole.id)
	same("interpreted", m, err)
}

// TestHusksByThemselves runs one: it gives no result, and is seen to be one.
func TestHusksByThemselves(t *testing.T) {
	p, err := prepare(largeGuest(t), false)
	if err == nil {
		err = p.makeHusk()
	}
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, Config{})
	for _, husked := range []bool{true, false} {
		wasm := p.wasm
		if husked {
			wasm = p.husk
		}
		c, err := compile(t.Context(), s.runtime, wasm)
		if err != nil {
			t.Fatal(err)
		}
		if s.hasCode(t.Context(), c, p) == husked {
			t.Errorf("husk %v: taken for the other", husked)
		}
		m, err := s.newModule(t.Context(), dagcbor.RawCID(wasm), p, c)
		if !husked {
			continue
		}
		if m != nil || contracts.CodeOf(err) != contracts.CodeInternal || !strings.Contains(err.Error(), errNoCode.Error()) {
			t.Errorf("the husk was initialised: %v", err)
		}
	}
}
