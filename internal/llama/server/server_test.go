//go:build unix

package server_test

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama"
	"github.com/krako-labs/krako/internal/llama/llamatest"
	"github.com/krako-labs/krako/internal/llama/server"
)

func generate(t *testing.T, st server.Status) (llama.Completion, error) {
	t.Helper()
	tokens, err := st.Client.Tokenize(t.Context(), "once upon a time", true, false)
	if err != nil {
		return llama.Completion{}, err
	}
	return st.Client.Generate(t.Context(), llama.Request{Prompt: tokens, MaxTokens: 16}, func(llama.Piece) error { return nil })
}

// next waits for a ready server of a later generation.
func next(t *testing.T, s *server.Server, after uint64) server.Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for {
		st, changed := s.Status()
		if st.State == server.Ready && st.Generation > after {
			return st
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("server is %s in generation %d: %s", st.State, st.Generation, st.Reason)
		}
	}
}

// TestServerComesBackAndAnswersTheSame kills it, then stops it in its tracks: it
// is started again both times and, under the replay profile, says the same.
func TestServerComesBackAndAnswersTheSame(t *testing.T) {
	cfg := llamatest.Config(t, llamatest.Nonsense(t))
	cfg.HangTimeout = 3 * time.Second
	s, st := llamatest.Start(t, cfg)
	want, st := answer(t, s, st)
	for name, signal := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "frozen": syscall.SIGSTOP} {
		pid := s.PID()
		for pid == 0 { // a signal to 0 is one to this process and its parents
			st = next(t, s, st.Generation)
			pid = s.PID()
		}
		if err := syscall.Kill(pid, signal); err != nil {
			t.Fatal(err)
		}
		var got string
		if got, st = answer(t, s, next(t, s, st.Generation)); got != want {
			t.Errorf("%s: answers %q, was %q", name, got, want)
		}
	}
}

// answer is what the server says, and which one said it: where the machine stands still
// for as long as a server may, that is taken for one that hangs and started again.
func answer(t *testing.T, s *server.Server, st server.Status) (string, server.Status) {
	t.Helper()
	for {
		got, err := generate(t, st)
		if err == nil {
			return got.Text, st
		}
		t.Logf("generation %d: %v", st.Generation, err)
		st = next(t, s, st.Generation)
	}
}

func TestStoppedServerIsGone(t *testing.T) {
	s, err := server.New(llamatest.Config(t, llamatest.Nonsense(t)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	llamatest.Await(t, s)
	pid := s.PID()
	cancel()
	<-done
	if err := syscall.Kill(pid, 0); err == nil {
		t.Errorf("process %d is still there", pid)
	}
	if _, err := s.Await(t.Context()); contracts.CodeOf(err) != contracts.CodeModelUnavailable {
		t.Errorf("awaiting a stopped server: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.SlotFile("")); !os.IsNotExist(err) {
		t.Errorf("saved slots are still there: %v", err)
	}
}

// TestLoopbackWantsTheKey is how a server is reached where there are no sockets.
func TestLoopbackWantsTheKey(t *testing.T) {
	cfg := llamatest.Config(t, llamatest.Nonsense(t))
	cfg.Loopback = true
	_, st := llamatest.Start(t, cfg)
	if _, err := generate(t, st); err != nil {
		t.Fatal(err)
	}
}

// TestServerThatCannotStartSaysWhy gives it a file that its header check passes
// and that ends early.
func TestServerThatCannotStartSaysWhy(t *testing.T) {
	path := llamatest.Nonsense(t)
	if err := os.Truncate(path, 20_000); err != nil {
		t.Fatal(err)
	}
	s, err := server.New(llamatest.Config(t, path))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	defer func() { cancel(); <-done; s.Close() }()
	for {
		st, changed := s.Status()
		if st.State == server.Pausing {
			if st.Reason == "" {
				t.Error("no reason is given")
			}
			return
		}
		<-changed
	}
}

func TestConfigNamesEveryProblem(t *testing.T) {
	_, err := server.New(server.Config{Profile: "loose", Slots: 300, Threads: -1})
	all, ok := err.(interface{ Unwrap() []error })
	if !ok || len(all.Unwrap()) < 10 {
		t.Fatalf("got %v", err)
	}
	c := llamatest.Config(t, t.TempDir()+"/none.gguf")
	if _, err := server.New(c); contracts.CodeOf(err) != contracts.CodeNotFound {
		t.Errorf("no file: %v", err)
	}
}
