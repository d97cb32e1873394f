package sandbox_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox"
)

func TestStopsOfCommands(t *testing.T) {
	s := newSandbox(t, sandbox.Config{MaxOutput: 1 << 20})
	m := admit(t, s, probe(t))
	for _, c := range []struct {
		entry, detail string
		code          contracts.Code
	}{
		{"exit", "exit code 3", contracts.CodeExitNonzero},
		{"panic", "exit code 2", contracts.CodeExitNonzero},
		{"unknown", "exit code 2", contracts.CodeExitNonzero},
		{"bomb", "memory limit reached, then: exit code 2", contracts.CodeOutOfMemory},
		{"flood", "output exceeds its limit", contracts.CodeBadOutput},
	} {
		t.Run(c.entry, func(t *testing.T) {
			o := run(t, s, job(m, c.entry, `null`))
			wantCode(t, o, c.code)
			if o.Detail != c.detail {
				t.Errorf("detail = %q, want %q", o.Detail, c.detail)
			}
		})
	}
}

func TestStopsOfReactors(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	m := admit(t, s, reactor(t))
	for _, c := range []struct {
		entry, detail string
		code          contracts.Code
	}{
		{"nonsense", "no such entry: nonsense", contracts.CodeExitNonzero},
		{"exit", "exited without returning an output", contracts.CodeBadOutput},
		{"panic", "unreachable", contracts.CodeTrap},
		{"wild", "result is outside the memory", contracts.CodeBadOutput},
	} {
		t.Run(c.entry, func(t *testing.T) {
			o := run(t, s, job(m, c.entry, `{}`))
			wantCode(t, o, c.code)
			if o.Detail != c.detail {
				t.Errorf("detail = %q, want %q", o.Detail, c.detail)
			}
		})
	}
}

func TestLogIsBounded(t *testing.T) {
	s := newSandbox(t, sandbox.Config{MaxStderr: 4096})
	o := run(t, s, job(admit(t, s, probe(t)), "log", `null`))
	wantCode(t, o, "")
	if len(o.Stderr) != 4096 || strings.Trim(string(o.Stderr), "y\n") != "" {
		t.Errorf("kept %d bytes of log", len(o.Stderr))
	}
}

func TestEndlessLoopEndsOnDeadline(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	m := admit(t, s, probe(t))
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := s.Run(ctx, job(m, "loop", `null`))
	wantError(t, err, contracts.CodeTimeout, "run")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v does not unwrap to the context's", err)
	}
	wantCode(t, run(t, s, job(m, "echo", `1`)), "")
}

// lateContext is what a context looks like when its deadline has passed and no
// timer has had a processor yet.
type lateContext struct{ context.Context }

func (lateContext) Deadline() (time.Time, bool) { return time.Unix(1, 0), true }
func (lateContext) Err() error                  { return nil }

func TestDeadlineNeedsNoTimer(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	_, err := s.Run(lateContext{context.Background()}, job(admit(t, s, endless()["loop"]), "", ""))
	wantError(t, err, contracts.CodeTimeout, "run")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v does not unwrap to the context's", err)
	}
}

func TestCancelledRun(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	m := admit(t, s, probe(t))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := s.Run(ctx, job(m, "echo", `1`))
	wantError(t, err, contracts.CodeCancelled, "run")
}

func TestNothingEscapes(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	j := job(admit(t, s, probe(t)), "escape", `null`)
	j.Blobs = map[string][]byte{"a": []byte("alpha")}
	o := run(t, s, j)
	wantCode(t, o, "")
	if strings.Contains(string(o.Output), "allowed") && strings.Count(string(o.Output), "allowed") != 1 {
		t.Errorf("a guest did what it may not: %s", o.Output)
	}
	t.Log(string(o.Output))
}

// TestExitOfCommands ends a command in each way there is.
func TestExitOfCommands(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	for _, c := range []struct {
		name string
		body []byte
		code contracts.Code
	}{
		{"returns", nil, ""},
		{"exits with 0", []byte{opI32Const, 0, opCall, 0, opUnreachable}, ""},
		{"exits with 1", []byte{opI32Const, 1, opCall, 0}, contracts.CodeExitNonzero},
		{"exits with -1", []byte{opI32Const, 0x7f, opCall, 0}, contracts.CodeExitNonzero},
	} {
		w := newWasm()
		w.importFunc("wasi_snapshot_preview1", "proc_exit", i32, "")
		w.fn("_start", "", "", 0, c.body...)
		if o := run(t, s, job(admit(t, s, w.bytes()), "", "")); o.Code != c.code {
			t.Errorf("a command that %s ended with %q %s", c.name, o.Code, o.Detail)
		}
	}
}

// talker is a reactor that writes its whole memory's first n bytes to stdout
// and returns a result.
func talker(n int, result int) *wasmModule {
	w := newWasm()
	write := w.importFunc("wasi_snapshot_preview1", "fd_write", i32+i32+i32+i32, i32)
	w.fn("krako_alloc", i32, i32, 0, cat([]byte{opI32Const}, sleb(1024))...)
	w.fn("krako_run", i32+i32, i64, 0, cat(
		[]byte{opI32Const, 0, opI32Const}, sleb(1024), []byte{opI32Store, 2, 0, opI32Const, 4, opI32Const}, sleb(n), []byte{opI32Store, 2, 0,
			opI32Const, 1, opI32Const, 0, opI32Const, 1, opI32Const, 8, opCall, write, opDrop, opI64Const}, sleb(result))...)
	return w
}

func TestOutputOfReactors(t *testing.T) {
	s := newSandbox(t, sandbox.Config{MaxOutput: 10})
	at := 1024 << 32 // where the envelope is
	for _, c := range []struct {
		name   string
		wasm   []byte
		output string
		code   contracts.Code
	}{
		{"stdout first", talker(3, at|4).bytes(), `{"e{"en`, ""},
		{"as much as there may be", talker(5, at|5).bytes(), `{"ent{"ent`, ""},
		{"more than that", talker(5, at|6).bytes(), "", contracts.CodeBadOutput},
		{"more before the result", talker(11, at).bytes(), "", contracts.CodeBadOutput},
		{"a range that is not there", talker(0, 65535<<32|2).bytes(), "", contracts.CodeBadOutput},
		{"an empty range at the end", talker(0, 65536<<32).bytes(), "", ""},
	} {
		o := run(t, s, job(admit(t, s, c.wasm), "", ""))
		if o.Code != c.code || string(o.Output) != c.output {
			t.Errorf("%s: %q %s, output %q", c.name, o.Code, o.Detail, o.Output)
		}
	}
	const failed = -1 << 63
	o := run(t, s, job(admit(t, s, talker(0, failed|2000).bytes()), "", ""))
	wantCode(t, o, contracts.CodeExitNonzero)
	if len(o.Detail) != 1024 {
		t.Errorf("kept %d bytes of a message of 2000", len(o.Detail))
	}
	o = run(t, s, job(admit(t, s, talker(0, failed|65535<<32|2).bytes()), "", ""))
	wantCode(t, o, contracts.CodeBadOutput)
}

// TestTooLittleMemoryToStart is about a module that is larger than its unit may be.
func TestTooLittleMemoryToStart(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	w := command()
	w.memory = []byte{0, 4}
	j := job(admit(t, s, w.bytes()), "", "")
	j.MemoryPages = 3
	o := run(t, s, j)
	wantCode(t, o, contracts.CodeOutOfMemory)
	if o.FuelUsed != 0 || o.MemoryPages != 0 {
		t.Errorf("used %d fuel and %d pages", o.FuelUsed, o.MemoryPages)
	}
}
