package taskdir_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/internal/taskdir"
)

func newDir(t *testing.T, dir string) *taskdir.Dir {
	t.Helper()
	d, err := taskdir.New(dir, "v0.0.0")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func compile(t *testing.T, d *taskdir.Dir) *taskdir.Built {
	t.Helper()
	b, err := d.Compile(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A directory outside this repository has no network, no module cache and no
// sums: everything it needs is in it.
func TestNewDirectoryBuildsTestsAndRuns(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOMODCACHE", t.TempDir())
	here := newDir(t, filepath.Join(t.TempDir(), "wordcount"))
	cmd := exec.CommandContext(t.Context(), "go", "test", "./...")
	cmd.Dir = here.Path
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go test: %v\n%s", err, text)
	}
	built := compile(t, here)
	s, m := admit(t, built.Wasm)
	if m.ABI() != sandbox.ABIReactor {
		t.Errorf("module is a %s", m.ABI())
	}
	runs, err := here.RunExamples(t.Context(), s, m)
	if err != nil || len(runs) != 2 {
		t.Fatalf("%d runs, %v", len(runs), err)
	}
	for _, r := range runs {
		if !r.OK() || r.FuelUsed == 0 || r.MemoryPages == 0 {
			t.Errorf("%+v", r)
		}
	}
}

func TestBuildDoesNotDependOnThePlace(t *testing.T) {
	one := compile(t, newDir(t, filepath.Join(t.TempDir(), "wordcount")))
	t.Setenv("GOFLAGS", "-tags=netgo")
	two := compile(t, newDir(t, filepath.Join(t.TempDir(), "else", "where", "wordcount")))
	if one.CID != two.CID || !bytes.Equal(one.Wasm, two.Wasm) {
		t.Errorf("%s and %s", one.CID, two.CID)
	}
	if bytes.Contains(one.Wasm, []byte(os.TempDir())) {
		t.Error("the module has the path of its source in it")
	}
}

func TestNewRefusals(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	used := filepath.Join(full, "used")
	newDir(t, used)
	for _, tc := range []struct {
		name, dir string
		code      contracts.Code
	}{
		{"capitals", filepath.Join(full, "Words"), contracts.CodeValidation},
		{"digits first", filepath.Join(full, "1st"), contracts.CodeValidation},
		{"too long", filepath.Join(full, strings.Repeat("a", 64)), contracts.CodeValidation},
		{"in use", used, contracts.CodeConflict},
	} {
		if _, err := taskdir.New(tc.dir, "v0.0.0"); contracts.CodeOf(err) != tc.code {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// Inside this repository a directory is a package of its module.
func TestNewInsideTheRepository(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "go.mod"), []byte("module github.com/krako-labs/krako\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "wasmtasks", "mine")
	newDir(t, dir)
	for _, name := range []string{"go.mod", "vendor"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !os.IsNotExist(err) {
			t.Errorf("%s is there (%v)", name, err)
		}
	}
}

// admit interprets: that compiles nothing and is quicker for short units.
func admit(t *testing.T, wasm []byte) (*sandbox.Sandbox, *sandbox.Module) {
	t.Helper()
	s, err := sandbox.New(context.Background(), sandbox.Config{Engine: sandbox.EngineInterpreter})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	m, err := s.Admit(t.Context(), wasm)
	if err != nil {
		t.Fatal(err)
	}
	return s, m
}
