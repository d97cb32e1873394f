package billing

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// long is set for the tests' long form.
var long = os.Getenv("KRAKO_LONG") != ""

// digestOf is set for a process that only says what a history comes to.
const digestOf = "BILLING_DIGEST_OF"

func TestMain(m *testing.M) {
	if n := 0; os.Getenv(digestOf) != "" {
		_, _ = fmt.Sscan(os.Getenv(digestOf), &n)
		fmt.Print(digest(n))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// digest is that of the ledger and the state that a history of n events comes to.
func digest(n int) string {
	b, h := New(), sha256.New()
	for _, line := range lines(b, history(3, n)) {
		h.Write(line)
	}
	state, err := b.Snapshot()
	if err != nil {
		return err.Error()
	}
	h.Write(state)
	return fmt.Sprintf("%x", h.Sum(nil))
}

// TestTwoProcessesAgree computes the same history in two other processes.
func TestTwoProcessesAgree(t *testing.T) {
	n := 50_000
	if testing.Short() {
		n = 5_000
	}
	if long {
		n = 1_000_000
	}
	want := digest(n)
	for range 2 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", digestOf, n))
		got, err := cmd.Output()
		if err != nil || string(got) != want {
			t.Errorf("another process computes %s (%v), this one %s", got, err, want)
		}
	}
}
