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
