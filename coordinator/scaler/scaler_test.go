package scaler_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/scaler"
)

// A pod of these tests is this program again: it says its number, and when it ends.
func TestMain(m *testing.M) {
	if n := os.Getenv("SCALER_POD"); n != "" {
		os.Exit(pod())
	}
	os.Exit(m.Run())
}

// TestProcess starts pods, lets the last ones go and ends all of them: each says so
// itself.
func TestProcess(t *testing.T) {
	t.Setenv("SCALER_POD", "1")
	r, w := io.Pipe()
	p := scaler.Process{Command: []string{os.Args[0], "pod", "{n}"}, Drain: time.Minute, Output: w, Log: slog.New(slog.DiscardHandler)}
	said := bufio.NewScanner(r)
	wantSaid := func(want ...string) {
		t.Helper()
		left := map[string]bool{}
		for _, s := range want {
			left[s] = true
		}
		for len(left) > 0 && said.Scan() {
			if !left[said.Text()] {
				t.Fatalf("a pod said %q, want %v", said.Text(), left)
			}
			delete(left, said.Text())
		}
		if len(left) > 0 {
			t.Fatalf("no pod said %v", left)
		}
	}
	scale := func(n int) {
		t.Helper()
		if running, err := p.Scale(t.Context(), n); err != nil || running != n {
			t.Fatalf("%d pods run, want %d (%v)", running, n, err)
		}
	}
	scale(0)
	scale(3)
	wantSaid("up 0", "up 1", "up 2")
	scale(1)
	wantSaid("down 1", "down 2")
	scale(2)
	wantSaid("up 1")
	ended := make(chan error, 1)
	go func() { ended <- p.Close() }()
	wantSaid("down 0", "down 1")
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAProgramThatIsNotThere(t *testing.T) {
	for _, command := range [][]string{nil, {"/no/such/pod"}} {
		p := scaler.Process{Command: command, Log: slog.New(slog.DiscardHandler)}
		if _, err := p.Scale(t.Context(), 1); contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%v: %v", command, err)
		}
	}
}

func TestExec(t *testing.T) {
	for script, want := range map[string]int{
		`test "$KRAKO_DESIRED" = 3 && test {desired} = 3`: 3, // says nothing
		`echo 2`:           2,
		`echo "no number"`: 3,
		`echo the cloud is out of it >&2; exit 4`: -1,
		`sleep 600`: -1,
	} {
		timeout := time.Minute
		if strings.HasPrefix(script, "sleep") {
			timeout = 50 * time.Millisecond
		}
		e := scaler.Exec{Command: []string{"sh", "-c", script}, Timeout: timeout}
		running, err := e.Scale(context.Background(), 3)
		if want < 0 && err == nil || want >= 0 && (err != nil || running != want) {
			t.Errorf("%s: %d run (%v), want %d", script, running, err, want)
		}
		if strings.Contains(script, "cloud") && !strings.Contains(err.Error(), "out of it") {
			t.Errorf("the error does not tell what the command said: %v", err)
		}
	}
	if _, err := (&scaler.Exec{Timeout: time.Second}).Scale(t.Context(), 1); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("no command: %v", err)
	}
}
