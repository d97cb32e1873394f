package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
	"github.com/krako-labs/krako/internal/sandbox/worker"
)

// workDir holds what one run of the tests builds: guests and native code.
var workDir string

// The test binary is its own worker.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == worker.Argument {
		os.Exit(worker.Main())
	}
	dir, err := os.MkdirTemp("", "krako-sandbox")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	workDir = dir
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// goGuest builds a program of testdata/src for wasip1, once per run.
func goGuest(t testing.TB, name string, flags ...string) []byte {
	t.Helper()
	b, err := buildGuest(name, flags)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var built = struct {
	sync.Mutex
	wasm map[string][]byte
}{wasm: map[string][]byte{}}

func buildGuest(name string, flags []string) ([]byte, error) {
	built.Lock()
	defer built.Unlock()
	if b, ok := built.wasm[name]; ok {
		return b, nil
	}
	out := filepath.Join(workDir, name+".wasm")
	args := append([]string{"build", "-trimpath", "-ldflags=-s -w", "-o", out}, flags...)
	cmd := exec.Command("go", append(args, "./testdata/src/"+name)...)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=")
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build guest %s: %w\n%s", name, err, text)
	}
	b, err := os.ReadFile(out)
	built.wasm[name] = b
	return b, err
}

func probe(t testing.TB) []byte   { return goGuest(t, "probe") }
func reactor(t testing.TB) []byte { return goGuest(t, "reactor", "-buildmode=c-shared") }

// newSandbox opens a sandbox that shares the run's native code.
func newSandbox(t testing.TB, cfg sandbox.Config) *sandbox.Sandbox {
	t.Helper()
	if cfg.CacheDir == "" {
		cfg.CacheDir = sandboxtest.CodeCache(filepath.Join(workDir, "code"))
	}
	s, err := sandbox.New(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func admit(t testing.TB, s *sandbox.Sandbox, wasm []byte) *sandbox.Module {
	t.Helper()
	m, err := s.Admit(context.Background(), wasm)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// job is a job of m for a unit that is named after its entry and input.
func job(m *sandbox.Module, entry, input string) sandbox.Job {
	return sandbox.Job{
		Module: m, Entry: entry, Input: []byte(input),
		Unit: dagcbor.RawCID([]byte(entry + "\x00" + input)),
	}
}

func run(t testing.TB, s *sandbox.Sandbox, j sandbox.Job) sandbox.Outcome {
	t.Helper()
	o, err := s.Run(context.Background(), j)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// wantCode checks an outcome's code and that only success carries an output.
func wantCode(t testing.TB, o sandbox.Outcome, code contracts.Code) {
	t.Helper()
	if o.Code != code {
		t.Fatalf("code = %q (%s), want %q; log: %s", o.Code, o.Detail, code, o.Stderr)
	}
	if (code == "") != (o.MediaType != "") || code != "" && len(o.Output) > 0 {
		t.Fatalf("code %q with media type %q and %d bytes of output", code, o.MediaType, len(o.Output))
	}
}

func contractsError(err error) (*contracts.Error, bool) { return errors.AsType[*contracts.Error](err) }

func wantError(t testing.TB, err error, code contracts.Code, offender string) {
	t.Helper()
	e, ok := contractsError(err)
	if !ok {
		t.Fatalf("error = %v, want a contracts.Error", err)
	}
	if e.Code != code || e.Offender != offender {
		t.Fatalf("error = %v, want %s of %q", e, code, offender)
	}
}
