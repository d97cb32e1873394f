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
	"time"

	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/internal/sandbox/worker"
	"github.com/krako-labs/krako/node"
	"github.com/krako-labs/krako/node/volunteer"
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
		"--status", "0.0.0.0:80", "--log-level", "loud", "--isolation", "some", "--drain-timeout", "0s", "--tag", "",
		"--cpu-share", "0", "--priority", "high", "--hours", "always", "--idle-for", "-1s", "--max-load", "-1", "--min-free-mb", "-1", "--memory-cap-mb", "-1", "--pause-hold", "24h")
	if code != cli.ExitUsage || out != "" {
		t.Errorf("exit %d, output %q", code, out)
	}
	for _, flag := range []string{"--slots", "--data-dir", `"localhost"`, "--status", "--log-level", "--isolation", "--drain-timeout",
		"--cpu-share", "--priority", "--hours", "--idle-for", "--max-load", "--min-free-mb", "--memory-cap-mb", "--pause-hold"} {
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
	code, first, errs := runWith(t, "--check", "--coordinator", nobody, "--tag", "gpu,fast", "--slots", "3", "--max-run", "90s",
		"--hours", "mon-fri 22:00-07:00,sat 10:00-18:00", "--max-load", "0.25", "--on-battery")
	if code != cli.ExitOK {
		t.Fatalf("exit %d: %s", code, errs)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(first), &got); err != nil {
		t.Fatal(err)
	}
	if got["region"] != "north" || got["slots"] != "3" || got["max_run"] != "1m30s" || got["max_load"] != "0.25" || got["on_battery"] != true {
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

// TestOrdersReachTheNode pauses a node that runs, asks it, and lets it go on.
func TestOrdersReachTheNode(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	dir := t.TempDir()
	if code, _, errs := runWith(t, "status", "--data-dir", dir); code != cli.ExitUnavailable || !strings.Contains(errs, "no node runs") {
		t.Errorf("without a node: exit %d, %s", code, errs)
	}
	logs, stderr := io.Pipe()
	done := make(chan int)
	go func() {
		code := run(ctx, []string{"--data-dir", dir, "--coordinator", nobody}, io.Discard, stderr)
		stderr.Close()
		done <- code
	}()
	lines := bufio.NewScanner(logs)
	await := func(msg string) {
		for lines.Scan() {
			if strings.Contains(lines.Text(), `"`+msg+`"`) {
				return
			}
		}
		t.Fatalf("the node never logged %q", msg)
	}
	config := filepath.Join(dir, "node.json")
	if err := os.WriteFile(config, []byte(`{"data_dir": "`+filepath.ToSlash(dir)+`", "slots": 2, "coordinator": "`+nobody+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	await("node starts")
	order := func(want string, args ...string) {
		t.Helper()
		code, out, errs := runWith(t, append(args, "--config", config)...)
		if code != cli.ExitOK || !strings.Contains(out, want) {
			t.Errorf("%v: exit %d, %s%s", args, code, out, errs)
		}
	}
	order("Paused until ", "pause", "--for", "2h")
	await("node pauses")
	order("paused (manual)", "status")
	order(`"cause": "manual"`, "status", "--json")
	order("Resumed", "resume")
	await("node resumes")
	order("looks for a coordinator", "status")
	for _, args := range [][]string{{"pause", "--for", "1ms"}, {"pause", "--for", "-2h"}, {"pause", "now"}, {"status", "--verbose"}} {
		if code, _, errs := runWith(t, append(args, "--data-dir", dir)...); code != cli.ExitUsage {
			t.Errorf("%v: exit %d, %s", args, code, errs)
		}
	}
	cancel()
	await("node stops")
	go io.Copy(io.Discard, logs)
	if code := <-done; code != cli.ExitOK {
		t.Errorf("exit %d", code)
	}
}

func TestStatusReadsLikeAPersonWroteIt(t *testing.T) {
	since := time.Now().Add(-time.Minute)
	s := node.Status{
		Node: "12D3", Cluster: "lab", Coordinator: "12D4", Slots: 4, Busy: 1,
		Volunteer: node.VolunteerStatus{Paused: true, Reasons: []volunteer.Reason{{Cause: volunteer.Load, Text: "other programs were busy", Since: since}},
			Unknown: map[string]string{"idle_s": "nobody asked", "free_mb": "macOS does not tell"}},
		Lends: node.Lends{Slots: 4, CPUShare: 50, Priority: "idle", MemoryMB: 2048, MemoryCapMB: 4096, DiskMB: 8192, Hours: []string{"22:00-07:00"}, MaxLoad: 0.25, MinFreeMB: 512},
		Days:  []node.Day{{Date: "2026-11-22", Executed: 10, Busy: time.Hour}, {Date: "2026-11-23", Executed: 20, Failed: 1, Busy: 90 * time.Second}},
	}
	got := describe(&s)
	for _, want := range []string{
		"state     paused (load), holds 1 units\n", "          other programs were busy, since " + since.Format("15:04:05") + "\n",
		"11-22     10 units, busy 1h0m0s\n", "today     20 units, busy 1m30s (1 ended in an error of theirs)\n",
		"may use   4 slots for 50 % of the time at idle priority, 2048 MiB for units (4096 with all that is around them), 8192 MiB of disk\n",
		"works     at 22:00-07:00; not on battery; while others use at most 25 % of the processors; while 512 MiB of memory are free\n",
		"unknown   free_mb: macOS does not tell\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if strings.Contains(got, "idle_s") {
		t.Errorf("what no rule asks for is told:\n%s", got)
	}
	for want, s := range map[string]node.Status{
		"stops, 3 units left":         {Draining: true, Busy: 1, Waiting: 2},
		"looks for a coordinator":     {},
		"ready, nothing to do":        {Cluster: "lab"},
		"works on 5 units in 2 slots": {Cluster: "lab", Busy: 2, Waiting: 3, Slots: 2},
	} {
		if got := stateOf(&s); got != want {
			t.Errorf("%q, want %q", got, want)
		}
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
