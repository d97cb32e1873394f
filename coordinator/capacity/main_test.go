package capacity

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
)

// long is set for the tests' long form.
var long = os.Getenv("KRAKO_LONG") != ""

// digestOf is set for a process that only says what samples come to.
const digestOf = "CAPACITY_DIGEST_OF"

func TestMain(m *testing.M) {
	if n := 0; os.Getenv(digestOf) != "" {
		_, _ = fmt.Sscan(os.Getenv(digestOf), &n)
		fmt.Print(digest(n, n/3))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// digest is that of every decision and of the state that n samples come to, some of
// them late, over a snapshot every so many.
func digest(n, snapshot int) string {
	r, h := rand.New(rand.NewPCG(7, 8)), sha256.New()
	c, err := New(policy())
	if err != nil {
		return err.Error()
	}
	at := int64(1e6)
	for i := range n {
		at += r.Int64N(3e6)
		s := Sample{At: at - r.Int64N(2)*r.Int64N(4e6), Queued: max(0, r.IntN(60)-30), Running: r.IntN(4), WaitMS: r.Int64N(200_000), Pods: r.IntN(9), Slots: r.IntN(20)}
		list, err := c.Observe(s)
		if i%13 == 0 {
			list = append(list, c.Tick(at)...)
		}
		for _, d := range list {
			fmt.Fprintln(h, told(d))
		}
		if err == nil && i%snapshot == 1 {
			var b []byte
			if b, err = c.Snapshot(); err == nil {
				c, err = Restore(b)
			}
		}
		if err != nil {
			return err.Error()
		}
	}
	b, err := c.Snapshot()
	if err != nil {
		return err.Error()
	}
	h.Write(b)
	return fmt.Sprintf("%x", h.Sum(nil))
}

// TestTwoProcessesAgree has two other processes decide on the same samples, over
// snapshots that this one does not make.
func TestTwoProcessesAgree(t *testing.T) {
	n := 50_000
	if long {
		n = 1_000_000
	}
	want := digest(n, n+2)
	for range 2 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", digestOf, n))
		got, err := cmd.Output()
		if err != nil || string(got) != want {
			t.Errorf("another process decides %s (%v), this one %s", got, err, want)
		}
	}
}
