package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/internal/sandbox/worker"
)

// nobody is an address at which no coordinator answers.
const nobody = "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWE47H976iscGMNjD9xTBDTtHPDNsAqLCEL6dXotttjxPw"

// The test binary is its own worker, as the command is.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == worker.Argument {
		os.Exit(worker.Main())
	}
	os.Exit(m.Run())
}

func runWith(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(context.Background(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestHelpAndVersion(t *testing.T) {
	code, out, _ := runWith(t, "--help")
	if code != cli.ExitOK || !strings.Contains(out, "krako-node --rendezvous our-lab --mdns") {
		t.Errorf("exit %d, help %q", code, out)
	}
	code, out, _ = runWith(t, "--version")
	if code != cli.ExitOK || !strings.Contains(out, cli.Version()) {
		t.Errorf("exit %d, version %q", code, out)
	}
}

func TestEveryProblemIsNamedByItsFlag(t *testing.T) {
	code, out, errs := runWith(t, "--check", "--slots", "0", "--data-dir", "", "--coordinator", "localhost",
		"--status", "0.0.0.0:80", "--log-level", "loud", "--isolation", "some", "--drain-timeout", "0s", "--tag", "")
	if code != cli.ExitUsage || out != "" {
		t.Errorf("exit %d, output %q", code, out)
	}
	for _, flag := range []string{"--slots", "--data-dir", `"localhost"`, "--status", "--log-level", "--isolation", "--drain-timeout"} {
		if !strings.Contains(errs, flag) {
			t.Errorf("%q does not name %s", errs, flag)
		}
	}
	for _, args := range [][]string{{"--nonsense"}, {"--slots", "many"}, {"argument"}, {"--check"}} {
		if code, _, errs := runWith(t, args...); code != cli.ExitUsage {
			t.Errorf("%q: exit %d, %s", args, code, errs)
		}
	}
}

// TestCheckPrintsWhatConfigReads feeds the effective settings back.
func TestCheckPrintsWhatConfigReads(t *testing.T) {
	t.Setenv("KRAKO_REGION", "north")
	t.Setenv("KRAKO_SLOTS", "7")
	code, first, errs := runWith(t, "--check", "--coordinator", nobody, "--tag", "gpu,fast", "--slots", "3", "--max-run", "90s")
	if code != cli.ExitOK {
		t.Fatalf("exit %d: %s", code, errs)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(first), &got); err != nil {
		t.Fatal(err)
	}
	if got["region"] != "north" || got["slots"] != "3" || got["max_run"] != "1m30s" {
		t.Errorf("effective settings %v", got)
	}
	file := filepath.Join(t.TempDir(), "node.json")
	if err := os.WriteFile(file, []byte(first), 0o600); err != nil {
		t.Fatal(err)
	}
	os.Unsetenv("KRAKO_REGION")
	os.Unsetenv("KRAKO_SLOTS")
	code, second, errs := runWith(t, "--check", "--config", file)
	if code != cli.ExitOK || second != first {
		t.Errorf("exit %d, settings changed from %s to %s: %s", code, first, second, errs)
	}
	if err := os.WriteFile(file, []byte(`{"slot": 3}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := runWith(t, "--check", "--mdns", "--config", file); code != cli.ExitUsage || !strings.Contains(errs, "slot") {
		t.Errorf("an unknown setting: exit %d, %s", code, errs)
	}
}

func TestUnreachableCoordinatorIsUnavailable(t *testing.T) {
	code, _, errs := runWith(t, "--data-dir", t.TempDir(), "--coordinator", nobody, "--give-up-after", "50ms")
	if code != cli.ExitUnavailable || !strings.Contains(errs, "none was reached in 50ms") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestDrainEndsTheCommand(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	logs, stderr := io.Pipe()
	done := make(chan int)
	dir := t.TempDir()
	go func() {
		code := run(ctx, []string{"--data-dir", dir, "--coordinator", nobody, "--status", "127.0.0.1:0"}, io.Discard, stderr)
		stderr.Close()
		done <- code
	}()
	lines := bufio.NewScanner(logs)
	for lines.Scan() {
		var entry struct{ Msg, Addr string }
		if err := json.Unmarshal(lines.Bytes(), &entry); err != nil {
			t.Fatalf("log line %q: %v", lines.Text(), err)
		}
		if entry.Msg != "status is served" {
			continue
		}
		for path, want := range map[string]int{"/healthz": http.StatusOK, "/readyz": http.StatusServiceUnavailable} {
			res, err := http.Get("http://" + entry.Addr + path)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != want {
				t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
			}
		}
		cancel()
	}
	if code := <-done; code != cli.ExitOK {
		t.Errorf("exit %d", code)
	}
	if code, _, errs := runWith(t, "--data-dir", dir, "--coordinator", nobody, "--give-up-after", "1ms"); code != cli.ExitUnavailable {
		t.Errorf("the directory cannot be used again: exit %d, %s", code, errs)
	}
}
