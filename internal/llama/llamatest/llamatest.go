// Package llamatest starts real llama-servers for tests, on models made on the
// spot. A machine without the server skips such tests and says so; where
// KRAKO_REQUIRE_LLAMA is set, as scripts/test does, it fails instead.
package llamatest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/krako-labs/krako/internal/llama"
	"github.com/krako-labs/krako/internal/llama/gguf"
	"github.com/krako-labs/krako/internal/llama/server"
)

// Program returns llama-server's path, or skips the test.
func Program(t testing.TB) string {
	t.Helper()
	path, err := llama.FindServer()
	switch {
	case err == nil:
		return path
	case os.Getenv("KRAKO_REQUIRE_LLAMA") != "":
		t.Fatalf("the real server is required: %v", err)
	}
	t.Skipf("no real server to test against: %v", err)
	return ""
}

// Nonsense writes the built-in model and returns its path.
func Nonsense(t testing.TB) string { return write(t, "nonsense.gguf", gguf.Nonsense().Model()) }

// Scripted writes a model that answers exactly answer.
func Scripted(t testing.TB, answer string) string {
	t.Helper()
	m, err := gguf.Scripted(answer)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "scripted.gguf", m)
}

func write(t testing.TB, name string, m *gguf.Model) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := m.WriteTo(f); err != nil {
		t.Fatal(err)
	}
	return path
}

// Config is a small, quick server of the given model: two slots of 1024 tokens
// on one thread.
func Config(t testing.TB, model string) server.Config {
	t.Helper()
	c := server.DefaultConfig()
	c.Program, c.Model, c.Alias = Program(t), model, "test"
	c.Slots, c.Context, c.Threads = 2, 1024, 1
	c.FirstPause = 10 * time.Millisecond
	return c
}

// Start runs a server until the test ends and returns it ready.
func Start(t testing.TB, c server.Config) (*server.Server, server.Status) {
	t.Helper()
	s, err := server.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, Await(t, s)
}

// Await waits until the server is ready.
func Await(t testing.TB, s *server.Server) server.Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	st, err := s.Await(ctx)
	if err != nil {
		t.Fatalf("server is %s (%s): %v", st.State, st.Reason, err)
	}
	return st
}
